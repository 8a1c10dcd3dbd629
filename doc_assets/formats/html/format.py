"""The format ``html``: pages of mdBook, Sphinx, Doxygen and any other HTML but rustdoc's; ``blocks`` reads content."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.agent_notes import drop_agent_notes, may_hold_agent_notes
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.html.blocks import read_parts
from doc_assets.formats.html.breadcrumbs import breadcrumbs
from doc_assets.formats.html.chrome import beside_content, content_root, drop_boilerplate, drop_chrome, page_heading
from doc_assets.formats.html.manual_pages import title_manual
from doc_assets.formats.html.mdbook_navigation import book_parents
from doc_assets.formats.html.tabs import label_tabs
from doc_assets.formats.html.tree import collapsed, parse_tree, remove
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.markdown.stretches import Stretch
from doc_assets.formats.markdown.template_tags import TemplateReader, hide, holds_templates
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part

_TEMPLATE_MARK = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|\{#[^{}]*#\}")
_TAG = re.compile(r"<[^<>]*>")
_OUTPUT_TAG = re.compile(r"\{\{(?![<%])[^{}]*\}\}")  # a value that only the site has
_REDIRECT = re.compile(r"""^\s*[\d.]*\s*[;,]\s*url\s*=\s*["']?\s*([^"']+)""", re.IGNORECASE)
_SITE_NAME = re.compile(r"\s+[—|]\s+[^—|]*$")
_LONGEST_ADDRESS = 1_000  # characters
_GENERATED = {
    "print": (b"mdbook", "mdBook's print page repeats the whole book"),
    "toc": (b"mdbook", "mdBook's table of contents"),
    "genindex": (b"sphinx", "Sphinx's index of names"),
    "search": (b"sphinx", "Sphinx's search page"),
    "py-modindex": (b"sphinx", "Sphinx's index of modules"),
}


class HtmlFormat:
    """Reads any page of HTML."""

    name = "html"
    version = 3
    suffixes = frozenset((".html", ".htm", ".xhtml"))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True: an HTML parser reads any file with the suffix."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the page as one document.

        Raises:
            DocumentSkipped: A redirect, a generated index, or a template around content that is elsewhere.
            DocumentRejected: Not text, or nested too deep.
        """
        mark, reason = _GENERATED.get(file.stem.lower(), (None, ""))
        if mark and mark in file.data[:50_000].lower():
            raise DocumentSkipped(reason)
        facts, text = split_front_matter(decode(file.data, html=True))
        if facts:
            text = _without_template_tags(text)
        tree = parse_tree(text)
        refuse_redirect(tree)
        place = place_of(file, facts)
        parents = book_parents(file, tree, text) or place.parents or breadcrumbs(tree, text)
        stated = facts.get("title")
        title = stated if isinstance(stated, str) else None
        full_title = _full_title(tree)
        fallback = _page_title(full_title, parents[0] if parents else "") or place.title or readable_name(file.path)
        root = content_root(tree)
        heading = page_heading(tree, root, full_title)
        before, after = beside_content(tree, root)
        remove(root, "form")
        label_tabs(root)
        drop_chrome(root)
        parts: list[Part] = [Heading(1, heading)] if heading else []
        for node in (*before, root, *after):
            parts += [Heading(2, collapsed(node), node.id)] if node.tag == "h2" else read_parts(node)
        _refuse_template(parts)
        parts = drop_boilerplate(parts)
        if may_hold_agent_notes(text):
            parts = drop_agent_notes(parts)
        title = title or title_manual(parts)
        title, sections = outline(parts, title=title, fallback=fallback)
        return [Document(title, self.name, sections, {**facts, **_facts(tree), **place.facts(facts)}, parents)]


def _without_template_tags(text: str) -> str:
    """Return a page that Hugo or Jekyll has yet to render without their tags, but with the words in these."""
    if not holds_templates(text):
        return text
    _refuse_mostly_marks(_TAG.sub("", text))
    page = Stretch(_OUTPUT_TAG.sub("", hide(text)), code=False)
    return TemplateReader([page]).rewrite(page)


def refuse_redirect(tree: LexborHTMLParser) -> None:
    """Raise DocumentSkipped if the page only redirects to another."""
    for meta in tree.css("meta[http-equiv]"):
        if (meta.attributes.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        target = _REDIRECT.match(meta.attributes.get("content") or "")
        if target:
            raise DocumentSkipped(f"redirect to {target[1].strip()[:200]}")


def _refuse_template(parts: list[Part]) -> None:
    """Raise DocumentSkipped if a site generator's marks are all of the page or more than its text."""
    text = "\n".join(part.text for part in parts if isinstance(part, Block | Heading))
    rest = _TEMPLATE_MARK.sub("", text)
    if not re.search(r"\w", rest):
        raise DocumentSkipped("no text in the document: a template, a redirect by script, or an empty page")
    _refuse_mostly_marks(text)


def _refuse_mostly_marks(text: str) -> None:
    if len(text) > 2 * len(_TEMPLATE_MARK.sub("", text)):
        raise DocumentSkipped("a template: its text is filled in elsewhere")


def _full_title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("head title")
    return collapsed(node) if node is not None else ""


def _page_title(text: str, site: str) -> str:
    """Return the page's ``<title>`` without the site's name behind a dash."""
    text = text.removesuffix(f" - {site}") if site else text
    return _SITE_NAME.sub("", text) or text


def _facts(tree: LexborHTMLParser) -> dict[str, JsonValue]:
    node = tree.css_first('head meta[name="generator"]')
    generator = " ".join(((node.attributes.get("content") if node is not None else "") or "").split())
    version = tree.css_first(".wy-side-nav-search .version")  # version of the project that a Sphinx page documents
    stated = {"generator": generator, "version": collapsed(version) if version is not None else ""}
    facts: dict[str, JsonValue] = {name: value[:100] for name, value in stated.items() if value}
    link = tree.css_first('head link[rel="canonical"]')
    address = ((link.attributes.get("href") if link is not None else "") or "").strip()
    return facts | ({"canonical": address} if 0 < len(address) <= _LONGEST_ADDRESS else {})
