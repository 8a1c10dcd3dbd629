"""The format ``rustdoc_html``: pages of ``rustdoc`` 1.63 to 1.97, one document per item or module.

Methods of traits and of ``Deref`` targets, blanket and automatic implementations and navigation repeat on every page;
``trimming`` removes and counts them. ``members`` reads the members of an item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.html.blocks import in_pieces, read_parts
from doc_assets.formats.html.format import refuse_redirect
from doc_assets.formats.html.tree import children, classes, collapsed, parse_tree, remove, until_heading
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rustdoc.kinds import LABELS, html_kind, item_facts, kind_from_label
from doc_assets.formats.rustdoc.members import (
    Implementations,
    read_members,
    stability,
    take_implementations,
    written_out,
)
from doc_assets.formats.rustdoc.trimming import Trimmed, trim

_MARK = re.compile(rb"""<meta\s+name=["']generator["']\s+content=["']rustdoc["']|<body\s+class=["']rustdoc\b""")
_INDEX_PAGES = {
    "all": "rustdoc's list of all items",
    "settings": "rustdoc's settings page",
    "help": "rustdoc's help page",
    "search": "rustdoc's search page",
    "scrape-examples-help": "rustdoc's help page",
}
# Elements that are the same on every page or repeat other pages; the heading is read before they go.
_CHROME = ", ".join(
    (
        ".main-heading, h1, script, style, nav, button, rustdoc-toolbar, rustdoc-search, wbr",
        ".src, .srclink, a.anchor, .doc-anchor, .rightside, .out-of-band, .since, .emoji",
        ".tooltip, .notable-traits, .information, .test-arrow, .scraped-example-list, .more-scraped-examples",
        ".hideme, .item-decl summary, pre summary, .setting-line, #copy-path, #layout, #layout + .docblock",
        ".item-table sup[title], .item-table .stab.portability",
    )
)
_SOURCE_MARKS = ("src-line-numbers", "data-nosnippet", " - source</title>")
_UNPLACED = frozenset(("Crate", "Primitive Type", "Keyword", "Attribute"))  # of no module
# Elements in documentation that read as other text; without them a page is read a tenth faster.
_REPLACED = ("<sup", "<sub", "<math", "<img", "<table", "<script type=")
_STANDARD = ("std", "core", "alloc", "proc_macro", "test")  # their versions are rustdoc's own


class RustdocHtmlFormat:
    """Reads HTML written by ``cargo doc``, also as docs.rs shows it."""

    name = "rustdoc_html"
    version = 3
    suffixes = frozenset((".html", ".htm"))
    priority = 10

    def accepts(self, file: RawFile) -> bool:
        """Return whether the page names rustdoc as its generator and was not made from a Markdown file."""
        head = file.data[:10_000]
        return _MARK.search(head) is not None and b'<body class="rustdoc">' not in head

    def parse(self, file: RawFile) -> list[Document]:
        """Return the page as one document.

        Raises:
            DocumentSkipped: A redirect, a list of all items, source code, settings, help or search.
            DocumentRejected: Not text, nested too deep, or not a page of rustdoc.
        """
        if file.stem in _INDEX_PAGES:
            raise DocumentSkipped(_INDEX_PAGES[file.stem])
        trimmed = trim(decode(file.data, html=True))
        tree = parse_tree(trimmed.text)
        refuse_redirect(tree)
        body = tree.body
        # docs.rs puts the page into a frame of its own: what was the body is an element in it.
        frame = tree.css_first("#rustdoc_body_wrapper, .container-rustdoc") or body
        kinds = classes(frame) if frame is not None else []
        main = tree.css_first("#main-content, section#main, #main")
        if "sys" in kinds:
            raise DocumentSkipped("rustdoc's index of pages")
        if {"source", "src"} & set(kinds) or _is_source(tree, trimmed.text):
            raise DocumentSkipped("source code: rustdoc's src pages are not documentation")
        if main is None:
            raise DocumentRejected(
                "no #main-content in the page: not rustdoc, or of a version before 1.63; mend `format` of the source,"
                " or exclude it in the catalogue"
            )
        page = _identify(tree, main, html_kind(kinds))
        remove(main, _CHROME)
        plain = not any(mark in trimmed.text for mark in _REPLACED)
        read_member = partial(read_parts, fold_headings=True, plain=plain)
        implementations = take_implementations(main, page.path, trimmed.lenders, read_member)
        # An unknown layout (of a later rustdoc) is read as any other HTML page.
        parts = _read_page(main, page, implementations, plain=plain) or read_parts(main)
        title, sections = outline(parts, title=page.title, fallback=readable_name(file.path))
        return [Document(title, self.name, sections, _facts(file, page, trimmed, implementations))]


def _is_source(tree: LexborHTMLParser, text: str) -> bool:
    """Return whether a page shows a source file, of which each line has its number as a link."""
    if not any(mark in text for mark in _SOURCE_MARKS):
        return False
    title = tree.css_first("head title")
    if title is not None and collapsed(title).endswith(" - source"):
        return True
    numbers = tree.css_first("#main-content pre .src-line-numbers, #main-content pre > code > a[data-nosnippet]")
    return numbers is not None


@dataclass(frozen=True)
class _Page:
    """The item that a page documents."""

    title: str
    path: str
    kind: str
    stable_since: str


def _identify(tree: LexborHTMLParser, main: LexborNode, kind: str) -> _Page:
    """Return the item's kind and full path, which rustdoc's versions show in different places."""
    heading = main.css_first("h1")
    since = main.css_first(".sub-heading .since, h1 .since, .main-heading .since")
    if heading is not None:
        remove(heading, "button, .out-of-band, .since, a.src, .srclink, wbr")
    label, _, name = (collapsed(heading) if heading is not None else "").rpartition(" ")
    crumbs = main.css_first(".rustdoc-breadcrumbs")
    place = re.sub(r"\s+", "", crumbs.text()).strip(":") if crumbs is not None else ""
    if not place and "::" not in name and (titled := _place_from_title(tree)):
        place = titled
    path = name if not place or label in _UNPLACED else f"{place}::{name}"
    # rustdoc 1.84 gives the body of the root no class, a frame may give none at all.
    kind = "crate" if label == "Crate" else kind or kind_from_label(label)
    shown = f"{LABELS.get(kind, label)} {path}".strip()
    # Of "1.0.0 (const: 1.79.0)", only the first version says since when the item is stable.
    stable_since = collapsed(since).partition(" ")[0] if since is not None else ""
    return _Page(shown, path, kind or label.lower(), stable_since)


def _place_from_title(tree: LexborHTMLParser) -> str:
    """Return ``a::b`` of the title "Name in a::b - Rust"."""
    node = tree.css_first("head title")
    match = re.search(r" in ([\w:]+) - ", collapsed(node) if node is not None else "")
    return match[1] if match else ""


def _facts(file: RawFile, page: _Page, trimmed: Trimmed, implementations: Implementations) -> dict[str, JsonValue]:
    """Return the document's metadata; the catalogue supplies facts that the page does not state."""
    crate = trimmed.stated.get("current-crate") or file.attributes.get("crate") or page.path.split("::")[0]
    version = trimmed.version or file.attributes.get("version", "")
    if not version and crate in _STANDARD:
        version = trimmed.stated.get("rustdoc-version", "")
    return item_facts(
        crate=crate,
        version=version,
        kind=page.kind,
        path=page.path,
        stable_since=page.stable_since,
        dropped_implementations=trimmed.implementations,
        dropped_methods=trimmed.lent_methods + max(0, trimmed.trait_methods - implementations.shown_methods),
    )


def _read_page(main: LexborNode, page: _Page, traits: Implementations, *, plain: bool) -> list[Part]:
    """Return the parts of a page: declaration, documentation, members and traits; for a module, its items."""
    beside = [Block(traits.summary)] if traits.summary else []
    aliased = main.css_first("#aliased-type")
    for node in until_heading(aliased) if aliased is not None else ():
        text = written_out(node) if "item-decl" in classes(node) else ""
        if text and "private fields" not in text:
            beside.append(Block(text, "signature"))
    parts: list[Part] = []
    known: set[str] = set()
    for node in children(main):
        kinds = classes(node)
        if node.tag == "h2":
            break
        if "item-decl" in kinds or node.css_first(".item-decl") is not None:
            declaration = written_out(node)
            parts += [*([Block(declaration, "signature")] if declaration else []), *beside]
        elif "item-info" in kinds or "stab" in kinds:
            texts = stability(node)
            known.update(texts)
            parts.extend(Block(text) for text in texts)
        elif "docblock" in kinds:
            parts.extend(read_parts(node, plain=plain))
        elif node.tag == "details":
            for docs in node.css(".docblock"):
                parts.extend(read_parts(docs, plain=plain))
    # Since 1.73 the page of an alias repeats the members of the aliased type.
    read_member = partial(read_parts, fold_headings=True, plain=plain)
    members = read_members(main, page.path, page.kind, known, read_member) if aliased is None else []
    return [*parts, *members, *traits.parts, *_module_items(main, plain=plain)]


def _module_items(main: LexborNode, *, plain: bool) -> list[Part]:
    """Return the tables of a module as one section: a line with name and summary for each item."""
    lists: dict[str, list[str]] = {}
    for table in _outermost(main, ".item-table"):
        header = table.prev
        while header is not None and not header.is_element_node:
            header = header.prev
        label = collapsed(header) if header is not None and header.tag == "h2" else "Items"
        label = "Type Aliases" if label == "Type Definitions" else label
        described, bare = _rows(table, plain=plain)
        if label == "Re-exports":  # lines of Rust; those of ``extern crate`` are a table of their own
            lists.setdefault(label, []).extend(bare + described)
        else:
            lists.setdefault(label, []).extend([*([", ".join(bare)] if bare else []), *described])
    blocks = [block for label, lines in lists.items() for block in in_pieces([f"{label}:", *lines], "list")]
    return [Heading(1, "Items"), *blocks] if blocks else []


def _rows(table: LexborNode, *, plain: bool) -> tuple[list[str], list[str]]:
    """Return lines "name: summary", and the names without a summary."""
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

    for cell in _outermost(table, "dt, dd, .item-name, .item-left, .desc, .item-right"):
        if cell.tag == "dt" or {"item-name", "item-left"} & set(classes(cell)):
            end("")
            for mark in cell.css(".stab"):
                mark.replace_with(f" ({collapsed(mark)})")
            name = collapsed(cell)
        else:
            texts = (part.text for part in read_parts(cell, plain=plain) if isinstance(part, Block))
            end(" ".join(" ".join(texts).split()))
    end("")
    return described, bare


def _outermost(root: LexborNode, selector: str) -> list[LexborNode]:
    """Return matching elements that are in no other match: with nested ones, a broken page of 15 kB gave 14 MB."""
    found: list[LexborNode] = []
    inside: set[int] = set()
    for node in root.css(selector):
        if node.mem_id not in inside:
            found.append(node)
            inside.update(one.mem_id for one in node.traverse())
    return found
