"""The formats ``markdown`` and ``mdx``.

``markdown`` is CommonMark with tables, front matter and the dialects of common site generators. ``mdx`` adds the JSX of
Docusaurus, Mintlify and Nextra: ``jsx`` unwraps components and drops imports; nothing is evaluated.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.agent_notes import drop_agent_notes, may_hold_agent_notes
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.blocks import MarkdownReader
from doc_assets.formats.markdown.definitions import escape_approximations, holds_definitions, join_terms
from doc_assets.formats.markdown.descriptions import description_parts
from doc_assets.formats.markdown.dialects import unwrap
from doc_assets.formats.markdown.directive_includes import DirectiveFiles
from doc_assets.formats.markdown.exports import exported_facts
from doc_assets.formats.markdown.footnotes import write_notes
from doc_assets.formats.markdown.formulas import quote_formulas
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.markdown.heading_ids import mark_headings
from doc_assets.formats.markdown.html_fragments import read_fragment
from doc_assets.formats.markdown.html_islands import HtmlIslands, placeholder_number
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.markdown.inline_attributes import drop_attributes, read_keys, read_pandoc_marks
from doc_assets.formats.markdown.inline_marks import drop_data_uris, drop_jsx_tags, rewrite_marks
from doc_assets.formats.markdown.jsx import (
    Page,
    dedent,
    imports_components,
    lift_listings,
    strip_jsx,
)
from doc_assets.formats.markdown.mdbook_includes import expand_links
from doc_assets.formats.markdown.module_values import exported_literals
from doc_assets.formats.markdown.partials import expand_partials
from doc_assets.formats.markdown.raw_html import closed_names
from doc_assets.formats.markdown.template_tables import write_tables
from doc_assets.formats.markdown.template_tags import (
    TemplateReader,
    hide,
    holds_templates,
    is_rendered_by_hugo,
    reveal,
)
from doc_assets.formats.markdown.template_values import expand_values
from doc_assets.formats.navigation.finding import place_of, roots_of
from doc_assets.formats.navigation.summary import summary_only
from doc_assets.formats.operations.page import page_operations
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Anchor, Part
from doc_assets.formats.slugs import Slug

_WHOLE_PAGE = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL)

_PANDOC = frozenset((".qmd", ".rmd"))
_DESCRIPTIONS = ("description", "summary", "excerpt", "ogSummary")


class Dialect(Protocol):
    """What the pages of one tool have besides Markdown; one object reads one page."""

    @property
    def rule(self) -> Slug | None:
        """How its pages make ids of headings; None for the rule of their navigation."""
        ...

    def before_includes(self, text: str) -> str:
        """Rewrite the page before what it includes is put in."""
        ...

    def after_includes(self, text: str, includes: Includes) -> str:
        """Rewrite the page, with what it includes, into Markdown."""
        ...

    def opening(self) -> list[Part]:
        """Return what the page shows of its front matter above its text, besides the title."""
        ...

    def facts(self, stated: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the metadata, given the front matter; called last."""
        ...


class MarkdownFormat:
    """Reads Markdown files; those that import components are MDX, as on the sites that use them."""

    name = "markdown"
    version = 4
    suffixes = frozenset((".md", ".markdown"))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True: all text is Markdown."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the file as one document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        return [markdown_document(file, self.name, mdx=False)]


class MdxFormat:
    """Reads MDX files, also those that no MDX compiler accepts: malformed JSX is text."""

    name = "mdx"
    version = 4
    suffixes = frozenset((".mdx",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True: malformed JSX is text."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the file as one document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        return [markdown_document(file, self.name, mdx=True)]


def markdown_document(file: RawFile, format_name: str, *, mdx: bool, dialect: Dialect | None = None) -> Document:
    """Return the document in a Markdown or MDX file, with its includes and its place in its book.

    The description in its front matter becomes text if the page shows it (MDX) or has no other text.

    Args:
        file: The file.
        format_name: Name of the format that reads it.
        mdx: Read MDX.
        dialect: Rewrites what the pages of one tool have besides Markdown.

    Raises:
        DocumentRejected: The bytes are not text.
        DocumentSkipped: The file is a book's table of contents.
    """
    if summary_only(file):
        raise DocumentSkipped("the table of contents of a book: its titles stand above the book's pages")
    facts, body = split_front_matter(decode(file.data))
    place = place_of(file, facts)
    includes = Includes(file)
    body = write_tables(hide(body, listings=bool(facts)))
    body, stated = expand_links(body, includes, posixpath.dirname(file.path), place.root)
    body = dialect.before_includes(body) if dialect else body
    body = expand_partials(body, includes, file.path)
    body = expand_values(body, facts, includes, file.path)
    body = dialect.after_includes(body, includes) if dialect else body
    if _WHOLE_PAGE.match(body):
        parts = read_fragment(body)
    else:
        has_jsx = mdx or imports_components(body)
        if has_jsx:
            facts = {**exported_facts(body), **facts}
        hugo, files = is_rendered_by_hugo(facts), DirectiveFiles(includes, file.path)
        pandoc = file.suffix in _PANDOC
        parts = markdown_parts(body, mdx=has_jsx, hidden=place.hidden, hugo=hugo, pandoc=pandoc, files=files)
    if may_hold_agent_notes(body):
        parts = drop_agent_notes(parts)
    description = next((words for key in _DESCRIPTIONS if (words := _words(facts.get(key)))), "")
    opening = dialect.opening() if dialect else []
    if (
        description
        and not opening
        and (mdx or not any(isinstance(part, Block) for part in parts))
        and description not in body
    ):
        parts = [Block(description), *parts]
    parts = [*opening, *parts]
    shown = None
    if "openapi" in facts or "<APIPage" in body:
        shown = page_operations(file, facts, body, roots_of(file), description_parts)
        parts = [*parts, *shown.parts]
        facts = {**(shown.facts or {}), **facts}
        if shown.missing:
            includes.miss(shown.missing)
    fallback = stated or place.title or (shown.title if shown else "") or readable_name(file.path)
    rule = (dialect.rule if dialect else None) or place.rule
    title, sections = outline(parts, title=_words(facts.get("title")), fallback=fallback, rule=rule)
    facts |= place.facts(facts)
    facts.update(includes.facts())
    if dialect:
        facts = dialect.facts(facts)
    return Document(title, format_name, sections, facts, place.parents)


def markdown_parts(
    text: str,
    *,
    mdx: bool = False,
    jupyter: bool = False,
    hidden: Mapping[str, str] = MappingProxyType({}),
    hugo: bool = False,
    pandoc: bool = False,
    files: DirectiveFiles | None = None,
) -> list[Part]:
    """Return the headings, anchors and blocks of a Markdown text without front matter, in reading order.

    A text that is nested too deep to be read whole becomes plain paragraphs.

    Args:
        text: The Markdown.
        mdx: Read MDX.
        jupyter: Read formulas as notebooks do.
        hidden: Prefix of hidden lines in listings, by language.
        hugo: Hugo renders the page.
        pandoc: Read the marks of Pandoc's dialect.
        files: Reads what directives name.
    """
    text = drop_data_uris(lift_listings(text) if mdx else text)
    islands = HtmlIslands(mdx=mdx)
    lifted = islands.parts
    stretches = unwrap(text, hidden, lifted, files)
    closed = frozenset().union(*(closed_names(stretch.text) for stretch in stretches))
    page = Page(closed, lifted, exported_literals(text) if mdx else {})
    holds = any(holds_templates(stretch.text) for stretch in stretches)
    templates = TemplateReader(stretches, hugo=hugo) if holds else None
    rewritten: list[tuple[str, bool]] = []
    definitions = any(not stretch.code and holds_definitions(stretch.text) for stretch in stretches)
    for stretch in stretches:
        prose = templates.rewrite(stretch) if templates else stretch.text
        if not stretch.code:
            prose = prose if mdx else quote_formulas(prose, spaced=jupyter)
            prose = prose if mdx else read_keys(drop_attributes(read_pandoc_marks(prose) if pandoc else prose))
            prose = islands.lift(rewrite_marks(mark_headings(write_notes(prose), mdx=mdx)))
            prose = join_terms(escape_approximations(prose)) if definitions else prose
            prose = strip_jsx(prose, page) if mdx else drop_jsx_tags(prose) if "{" in prose or " @" in prose else prose
        rewritten.append((prose, stretch.code))
    joined = dedent(rewritten) if mdx else "\n".join(prose for prose, _ in rewritten)
    parts = MarkdownReader(mdx=mdx, closed=closed, lifted=lifted, definitions=definitions).read(joined)
    if parts is not None:
        return parts if reveal(text) is text else [_revealed(part) for part in parts]
    plain: list[Part] = []
    for stretch in stretches:
        lines = reveal(stretch.text).strip("\n")
        if stretch.code:
            plain.append(Block(lines.rstrip(), "code"))
        else:
            for paragraph in re.split(r"\n\s*\n", lines):
                number = placeholder_number(paragraph)
                if number is not None:
                    plain.extend(lifted[number])
                elif paragraph.strip():
                    plain.append(Block(paragraph.strip()))
    return plain


def _revealed(part: Part) -> Part:
    return part if isinstance(part, Anchor) else replace(part, text=reveal(part.text))


def _words(value: JsonValue) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
