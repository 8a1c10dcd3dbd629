"""The format ``rustdoc_html``: pages of ``rustdoc`` 1.63 to 1.95, one document per item or module.

What repeats on every page is left out: methods inherited from the standard library's traits, blanket and automatic
implementations, navigation. How the members of an item are read is in ``rustdoc_members``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats import RawFile, decode
from doc_assets.formats.html import refuse_redirect
from doc_assets.formats.html_blocks import in_pieces, read_parts
from doc_assets.formats.html_fragment import Heading, Part
from doc_assets.formats.html_tree import (
    below,
    children,
    classes,
    collapsed,
    parse_tree,
    remove,
    until_heading,
    verbatim,
)
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.rustdoc_members import read_members, stability, take_implementations

__all__ = ["RustdocHtmlFormat"]

_MARK = re.compile(rb"""<meta\s+name=["']generator["']\s+content=["']rustdoc["']|<body\s+class=["']rustdoc\b""")
_INDEX_PAGES = {
    "all": "rustdoc's list of all items",
    "settings": "rustdoc's settings page",
    "help": "rustdoc's help page",
    "search": "rustdoc's search page",
}
# What is the same on every page or repeats what stands elsewhere; the heading is read before.
_CHROME = ", ".join(
    (
        ".main-heading, h1, script, style, nav, button, rustdoc-toolbar, rustdoc-search, wbr",
        ".src, .srclink, a.anchor, .doc-anchor, .rightside, .out-of-band, .since, .emoji",
        ".tooltip, .notable-traits, .information, .test-arrow, .scraped-example-list, .more-scraped-examples",
        ".hideme, .item-decl summary, pre summary, .setting-line, #copy-path",
        "#synthetic-implementations, #synthetic-implementations-list",
        "#blanket-implementations, #blanket-implementations-list, #layout, #layout + .docblock",
    )
)


class RustdocHtmlFormat:
    """HTML that ``cargo doc`` writes."""

    name = "rustdoc_html"
    version = 1
    suffixes = frozenset((".html", ".htm"))
    priority = 10

    def accepts(self, file: RawFile) -> bool:
        """Whether the page says that rustdoc made it."""
        return _MARK.search(file.data[:10_000]) is not None

    def parse(self, file: RawFile) -> list[Document]:
        """One document.

        Raises:
            DocumentSkipped: A redirect, a list of all items, source code, settings, help or search.
            DocumentRejected: Not text, nested too deep, or not a page of rustdoc.
        """
        if file.stem in _INDEX_PAGES:
            raise DocumentSkipped(_INDEX_PAGES[file.stem])
        tree = parse_tree(decode(file.data, html=True))
        refuse_redirect(tree)
        body = tree.body
        kinds = classes(body) if body is not None else []
        main = tree.css_first("#main-content, section#main, #main")
        if "sys" in kinds:
            raise DocumentSkipped("rustdoc's index of pages")
        if {"source", "src"} & set(kinds) or (main is not None and main.css_first("pre .src-line-numbers")):
            raise DocumentSkipped("source code: rustdoc's src pages are not documentation")
        if main is None:
            raise DocumentRejected("no #main-content in the page: not rustdoc, or of a version before 1.63")
        page = _identify(tree, main, kinds)
        remove(main, _CHROME)
        # A layout that is not known (a later rustdoc, a page of its own kind) is read as any other page.
        parts = _read_page(main, page) or read_parts(main)
        title, sections = outline(parts, title=page.title, fallback=readable_name(file.path))
        facts = {k: v for k, v in page.facts.items() if v}
        return [Document(title, self.name, sections, facts)]


@dataclass(frozen=True)
class _Page:
    """What a page is about."""

    title: str
    name: str
    facts: dict[str, JsonValue]


def _identify(tree: LexborHTMLParser, main: LexborNode, kinds: list[str]) -> _Page:
    """Kind, full path, crate and version, wherever this version of rustdoc shows them."""
    heading = main.css_first("h1")
    since = main.css_first(".sub-heading .since, h1 .since, .main-heading .since")
    stable_since = collapsed(since) if since is not None else ""
    if heading is not None:
        remove(heading, "button, .out-of-band, .since, a.src, .srclink, wbr")
    label, _, name = (collapsed(heading) if heading is not None else "").rpartition(" ")
    crumbs = main.css_first(".rustdoc-breadcrumbs")
    place = re.sub(r"\s+", "", crumbs.text()).strip(":") if crumbs is not None else ""
    if not place and "::" not in name and (titled := _place_from_title(tree)):
        place = titled
    path = name if not place or label.startswith(("Crate", "Primitive", "Keyword")) else f"{place}::{name}"
    variables = tree.css_first('meta[name="rustdoc-vars"]')
    stated = (variables.attributes if variables is not None else {}).get
    version = tree.css_first(".sidebar-crate .version, .sidebar .version")
    facts: dict[str, JsonValue] = {
        "crate": stated("data-current-crate") or path.split("::")[0],
        "version": collapsed(version).removeprefix("Version ") if version is not None else "",
        "item_kind": kinds[1] if len(kinds) > 1 else label.lower(),
        "path": path,
        "stable_since": stable_since,
    }
    return _Page(f"{label} {path}".strip(), name.split("::")[-1], facts)


def _place_from_title(tree: LexborHTMLParser) -> str:
    """``a::b`` of the title "Name in a::b - Rust"."""
    node = tree.css_first("head title")
    match = re.search(r" in ([\w:]+) - ", collapsed(node) if node is not None else "")
    return match[1] if match else ""


def _read_page(main: LexborNode, page: _Page) -> list[Part]:
    """The parts of a page: declaration, documentation, members, traits; for a module its items."""
    traits = take_implementations(main, page.name)
    beside = [Block(traits.summary)] if traits.summary else []
    aliased = main.css_first("#aliased-type")
    for node in until_heading(aliased) if aliased is not None else ():
        text = verbatim(node) if "item-decl" in classes(node) else ""
        if text and "private fields" not in text:
            beside.append(Block(text, "signature"))
    parts: list[Part] = []
    known: set[str] = set()
    for node in children(main):
        kinds = classes(node)
        if node.tag == "h2":
            break
        if "item-decl" in kinds or node.css_first(".item-decl") is not None:
            declaration = verbatim(node)
            parts += [*([Block(declaration, "signature")] if declaration else []), *beside]
        elif "item-info" in kinds or "stab" in kinds:
            texts = stability(node)
            known.update(texts)
            parts.extend(Block(text) for text in texts)
        elif "docblock" in kinds:
            parts.extend(read_parts(node))
        elif node.tag == "details":
            for docs in node.css(".docblock"):
                parts.extend(read_parts(docs))
    return [*parts, *read_members(main, page.name, known), *traits.parts, *_module_items(main)]


def _module_items(main: LexborNode) -> list[Part]:
    """The tables of a module as one section: a line for each item, its name and what it is for."""
    blocks: list[Part] = []
    for table in main.css(".item-table"):
        header = table.prev
        while header is not None and not header.is_element_node:
            header = header.prev
        label = collapsed(header) if header is not None and header.tag == "h2" else "Items"
        described, bare = _rows(table)
        blocks += in_pieces([f"{label}:", *([", ".join(bare)] if bare else []), *described], "list")
    return [Heading(1, "Items"), *blocks] if blocks else []


def _rows(table: LexborNode) -> tuple[list[str], list[str]]:
    """Lines "name: what it is for", and the names without a word about them."""
    described: list[str] = []
    bare: list[str] = []
    name = ""

    def end(words: str) -> None:
        nonlocal name
        if name and words:
            described.append(f"- {name}: {words}")
        elif name:
            bare.append(name)
        name = ""

    for cell in below(table, "dt, dd, .item-name, .item-left, .desc, .item-right"):
        if cell.tag == "dt" or {"item-name", "item-left"} & set(classes(cell)):
            end("")
            name = collapsed(cell)
        else:
            end(" ".join(_inline_text(cell).split()))
    end("")
    return described, bare


def _inline_text(cell: LexborNode) -> str:
    return " ".join(part.text for part in read_parts(cell) if isinstance(part, Block))
