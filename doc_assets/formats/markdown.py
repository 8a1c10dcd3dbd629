"""The format ``markdown``: CommonMark with tables, front matter, and the dialects of the common site generators."""

from __future__ import annotations

import re

from doc_assets.document import Block, Document, JsonValue
from doc_assets.formats import RawFile, decode
from doc_assets.formats.front_matter import split_front_matter
from doc_assets.formats.html_fragment import Part, closed_names, read_fragment
from doc_assets.formats.jsx import dedent, imports_components, strip_jsx
from doc_assets.formats.markdown_blocks import MarkdownReader
from doc_assets.formats.markdown_dialects import unwrap
from doc_assets.formats.markdown_marks import drop_data_uris, lift_html, rewrite_marks
from doc_assets.formats.outline import outline, readable_name

__all__ = ["MarkdownFormat", "markdown_document", "markdown_parts"]

_WHOLE_PAGE = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL)

_DESCRIPTIONS = ("description", "summary", "excerpt", "ogSummary")


class MarkdownFormat:
    """Markdown files; those that import components are read as MDX, as the sites they belong to do."""

    name = "markdown"
    version = 1
    suffixes = frozenset((".md", ".markdown", ".qmd"))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Any file with the suffix: all text is Markdown."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """One document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        return [markdown_document(file, self.name, mdx=False)]


def markdown_document(file: RawFile, format_name: str, *, mdx: bool) -> Document:
    """The document in a Markdown or MDX file.

    The description in its front matter is text where the page shows it (MDX) or has no other text.

    Raises:
        DocumentRejected: The bytes are not text.
    """
    facts, body = split_front_matter(decode(file.data))
    if _WHOLE_PAGE.match(body):
        parts = read_fragment(body)
    else:
        parts = markdown_parts(body, mdx=mdx or imports_components(body))
    description = next((words for key in _DESCRIPTIONS if (words := _words(facts.get(key)))), "")
    if description and (mdx or not any(isinstance(part, Block) for part in parts)) and description not in body:
        parts = [Block(description), *parts]
    title, sections = outline(parts, title=_words(facts.get("title")), fallback=readable_name(file.path))
    return Document(title, format_name, sections, facts)


def markdown_parts(text: str, *, mdx: bool = False) -> list[Part]:
    """Headings, anchors and blocks of a Markdown text without front matter, in reading order.

    ``outline`` makes sections of them. A text that is nested too deep to be read whole is taken as plain paragraphs.
    """
    text = drop_data_uris(text)
    closed = closed_names(text)
    lifted: list[list[Part]] = []
    stretches = unwrap(text)
    rewritten: list[tuple[str, bool]] = []
    for stretch in stretches:
        prose = stretch.text
        if not stretch.code:
            prose = lift_html(rewrite_marks(prose), lifted)
            prose = strip_jsx(prose, closed) if mdx else prose
        rewritten.append((prose, stretch.code))
    joined = dedent(rewritten) if mdx else "\n".join(prose for prose, _ in rewritten)
    parts = MarkdownReader(mdx=mdx, closed=closed, lifted=lifted).read(joined)
    if parts is not None:
        return parts
    plain: list[Part] = []
    for stretch in stretches:
        lines = stretch.text.strip("\n")
        if stretch.code:
            plain.append(Block(lines.rstrip(), "code"))
        else:
            plain.extend(Block(p.strip()) for p in re.split(r"\n\s*\n", lines) if p.strip())
    return plain


def _words(value: JsonValue) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
