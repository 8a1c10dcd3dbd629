"""The format ``html``: pages of mdBook, Sphinx, Doxygen and any other HTML but rustdoc's; ``blocks`` reads content."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.html.blocks import read_parts
from doc_assets.formats.html.mdbook_navigation import book_parents
from doc_assets.formats.html.tree import collapsed, parse_tree, remove
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part

# The first match with a word in it is the content; without one, the body.
_ROOTS = ("main", "div[role=main]", "article", "div.document div.body", "div.body", "div.contents", "#content")
_CHROME = ", ".join(
    (
        "nav",
        "footer",
        "aside:not(.footnote):not(.footnote-list):not(.topic):not(.admonition)",
        "form",
        "dialog",
        "[role=navigation]",
        "[role=search]",
        ".headerlink, .anchorjs-link, .header-anchor, .hash-link",
        ".sidebar, .sphinxsidebar, .sidebar-wrapper, #side-nav, #nav-path, #titlearea, #main-nav, #MSearchBox",
        # Sections may be called "toc" or "search": only other elements are removed by id.
        ".toc, #TOC, #tocDiv, ul#toc, div#toc:not(.section), .table-of-contents, .contents.local, div.contents.topic",
        ".search, #searchbox, .skip-link, .skip-main-content, .breadcrumb, .breadcrumbs",
        ".copybtn, .copy-button, .clipboard, .edit-page-link, .nav-wrapper, .mobile-nav-chapters",
        ".boring",  # hidden lines of listings (mdBook, rustdoc)
        ".sectnum, .section-number",  # Sphinx's numbers, which change when a section is added elsewhere
        ".toctree-wrapper .toctree-l2",  # the headings of other pages
        # Closed tabs and elements that a browser's search opens are text as well.
        "[hidden]:not([role=tabpanel]):not([hidden=until-found])",
        ".visually-hidden, .sr-only",
        ".MJX_Assistive_MathML, .katex-html",
    )
)
_TEMPLATE_MARK = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|\{#[^{}]*#\}")
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
        tree = parse_tree(text)
        refuse_redirect(tree)
        place = place_of(file, facts)
        parents = book_parents(file, tree, text) or place.parents
        stated = facts.get("title")
        title = stated if isinstance(stated, str) else None
        fallback = _page_title(tree, parents[0] if parents else "") or place.title or readable_name(file.path)
        root = _content_root(tree)
        _drop_chrome(root)
        parts = read_parts(root)
        _refuse_template(parts)
        title, sections = outline(parts, title=title, fallback=fallback)
        return [Document(title, self.name, sections, {**facts, **_facts(tree), **place.facts(facts)}, parents)]


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
    if len(text) > 2 * len(rest):
        raise DocumentSkipped("a template: its text is filled in elsewhere")


def _page_title(tree: LexborHTMLParser, site: str) -> str:
    """Return the page's ``<title>`` without the site's name behind a dash."""
    node = tree.css_first("head title")
    text = collapsed(node) if node is not None else ""
    text = text.removesuffix(f" - {site}") if site else text
    return _SITE_NAME.sub("", text) or text


def _content_root(tree: LexborHTMLParser) -> LexborNode:
    body = tree.body
    for selector in _ROOTS:
        found = tree.css(selector)
        # Several articles are a list: only together are they the page.
        if len(found) == 1 and re.search(r"\w", found[0].text()):
            return found[0]
    if body is None:
        raise DocumentSkipped("no text in the document")
    return body


def _drop_chrome(root: LexborNode) -> None:
    remove(root, _CHROME)
    for header in root.css("header"):
        if header.css_first("h1") is None:
            header.remove()


def _facts(tree: LexborHTMLParser) -> dict[str, JsonValue]:
    node = tree.css_first('head meta[name="generator"]')
    generator = " ".join(((node.attributes.get("content") if node is not None else "") or "").split())
    version = tree.css_first(".wy-side-nav-search .version")  # version of the project that a Sphinx page documents
    stated = {"generator": generator, "version": collapsed(version) if version is not None else ""}
    facts: dict[str, JsonValue] = {name: value[:100] for name, value in stated.items() if value}
    link = tree.css_first('head link[rel="canonical"]')
    address = ((link.attributes.get("href") if link is not None else "") or "").strip()
    return facts | ({"canonical": address} if 0 < len(address) <= _LONGEST_ADDRESS else {})
