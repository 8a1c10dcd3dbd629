"""Headings and blocks from a tree of HTML, in reading order, for every format with HTML inside.

The caller removes the chrome around the content first; ``outline`` makes the sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from doc_assets.document import Block, BlockKind, clean_text
from doc_assets.formats.html.headings import heading_anchor, leading_text
from doc_assets.formats.html.listings import (
    LISTINGS,
    drop_beside_code,
    holds_lines_of_code,
    listing_text,
    named_language,
)
from doc_assets.formats.html.open_lists import OpenList, number_of, open_list
from doc_assets.formats.html.replaced import REPLACED_TAGS, write_replaced
from doc_assets.formats.html.tables import is_data, prepare_tables, span
from doc_assets.formats.html.tree import INLINE, below, classes, collapsed, visit
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.table_grid import Cell, TableGrid, row_text
from doc_assets.formats.table_pieces import table_blocks

_LIST_PIECE = 1_000  # characters, about 250 tokens, as a chunk holds no more: longer lists are split
_LONGEST_HEADING = 200  # characters; a longer one is an unclosed heading that contains the page
_LONGEST_TABLE_HEAD = 200  # characters of rows that name columns after the first; the others are rows like all

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_COMBINED = re.compile(r"\x0e\s*([+-])\s*\x0e")
_INNER_KEY = "\x0f"  # behind a key in a shortcut: shows nothing
_KEY = "\x0e"  # in the place of a backtick around a key, so that Ctrl+C can be written as one
# fmt: off
_DROPPED = frozenset((
    "script", "style", "noscript", "template", "svg", "img", "video", "audio", "canvas", "iframe",
    "object", "embed", "map", "button", "input", "select", "textarea", "progress", "meter", "head", "title", "link",
    "meta", "base",
))
# fmt: on
# The name of a note (Sphinx, MkDocs, Docusaurus, VitePress, Starlight, GitHub, mdBook) or of a tab opens its first
# paragraph, as in the source.
_LEAD = re.compile(
    r"(?:[\w-]*(?:admonition|alert|callout|custom-block|hint-container|aside|blockquote-tag|sidebar|topic|note|macro)"
    r"[\w-]*?[_-]{1,2}(?:title|heading|header)|admonitionHeading_\w+|tab-label)"
)
_SIGNATURES = frozenset(("member-signature", "type-signature"))  # Javadoc
_VERBATIM = ("pre", "xmp", "listing")
_LEAD_TAGS = frozenset(("p", "div", "h1", "h2", "h3", "h4", "h5", "h6"))
_PREPARED = ", ".join(
    (
        *_VERBATIM,
        "table",
        "div.summary-table",
        *(f"div.{name}" for name in sorted(LISTINGS)),
        *(tag for tag in REPLACED_TAGS if tag != "a"),
        'a[href*="#"]',
        "dt > .classifier",
    )
)
_LONGEST_LEAD = 150  # characters


def read_parts(root: LexborNode, *, fold_headings: bool = False, plain: bool = False) -> list[Part]:
    """Return the parts below ``root`` in reading order. Changes the tree.

    Args:
        root: Element that holds the content.
        fold_headings: Turn headings into paragraphs, so that the parts stay one section.
        plain: The page has no element that is replaced or dropped before reading, as its format knows.
    """
    # Most documentation of an item has none of them.
    tags = set() if plain else {node.tag for node in root.css(_PREPARED)}
    if tags:
        if not tags.isdisjoint((*_VERBATIM, "table", "div")):
            drop_beside_code(root, tables="table" in tags)
        write_replaced(root, tags)
        if not tags.isdisjoint(("table", "div")):
            prepare_tables(root)
    reader = _Reader(fold_headings=fold_headings)
    visit(root, reader.enter, reader.leave)
    return reader.finish()


def in_pieces(lines: Iterable[str], kind: BlockKind) -> list[Block]:
    """Return the lines that are not blank as blocks of about 1,000 characters."""
    blocks: list[Block] = []
    piece: list[str] = []
    size = 0
    for line in filter(str.strip, lines):
        piece.append(line)
        size += len(line)
        if size > _LIST_PIECE:
            blocks.append(Block("\n".join(piece), kind))
            piece, size = [], 0
    if piece:
        blocks.append(Block("\n".join(piece), kind))
    return blocks


@dataclass
class _Table:
    """An open table of data."""

    grid: TableGrid = field(default_factory=TableGrid)
    rows: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    only_heads: bool = True
    written: bool = False
    inner: int = 0  # tables open inside of a cell


class _Reader:
    """Collects inline text until an element starts another block."""

    def __init__(self, *, fold_headings: bool) -> None:
        self.parts: list[Part] = []
        self._fold_headings = fold_headings
        self._inline: list[str] = []
        self._lead = ""  # start of the next paragraph
        self._code_depth = 0
        self._lists: list[OpenList] = []
        self._lines: list[str] = []  # of the outermost open list
        self._line_size = 0
        self._table: _Table | None = None

    # Events of the walk

    def enter(self, node: LexborNode) -> bool:
        if node.is_text_node:
            self._inline.append(node.text_content or "")
            return False
        tag = node.tag or ""
        if tag in INLINE:
            return True
        if tag in _CODE:
            self._open_code(tag)
            return True
        if tag in _DROPPED or not node.is_element_node:
            return False
        if tag == "br":
            self._inline.append("\v")  # survives collapsing of white space
            return False
        if tag in _VERBATIM and self._names_language(node):
            self._inline.clear()
        self._flush()
        if tag in _LEAD_TAGS and self._enter_lead(node):
            return False
        if tag in _VERBATIM or (tag == "div" and not LISTINGS.isdisjoint(classes(node))):
            self._end_lead()
            self._add(listing_text(node), "code")
            return False
        if tag == "div" and not _SIGNATURES.isdisjoint(classes(node)):
            self._end_lead()
            self._add(collapsed(node), "signature")
            return False
        if tag in _HEADINGS:
            self._end_lead()
            return self._enter_heading(node, int(tag[1]))
        if tag in ("table", "td", "th"):
            self._end_lead()
            return self._enter_table(node, tag)
        return self._enter_list(node, tag)

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in INLINE:
            return
        if tag in _CODE:
            self._close_code(tag)
            return
        self._flush()
        self._end_lead()
        if self._table is not None:
            self._leave_table(self._table, node, tag)
        elif tag in ("ul", "ol", "dl") and self._lists:
            self._lists.pop()
            if not self._lists:
                self._cut_list()

    def finish(self) -> list[Part]:
        self._flush()
        self._cut_list()
        return self.parts

    # Elements

    def _open_code(self, tag: str) -> None:
        """Open a mark of code; keys inside of keys (``Ctrl`` and ``C`` of one shortcut) are one."""
        if not self._code_depth:
            self._inline.append(_KEY if tag == "kbd" else "`")
        elif tag == "kbd" and self._inline[-1:] == [_INNER_KEY]:
            self._inline[-1] = "+"  # keys beside each other in a shortcut, which styles set apart
        self._code_depth += 1

    def _close_code(self, tag: str) -> None:
        self._code_depth -= 1
        if self._code_depth:
            if tag == "kbd":
                self._inline.append(_INNER_KEY)
            return
        if self._inline[-1:] == [_INNER_KEY]:
            self._inline.pop()
        mark = _KEY if tag == "kbd" else "`"
        if self._inline[-1:] == [mark]:
            self._inline.pop()  # it is empty
        else:
            self._inline.append(mark)

    def _names_language(self, listing: LexborNode) -> bool:
        """Return whether the text directly before a listing only repeats its language, as VitePress's labels do."""
        if not self._inline or len(self._inline) > 8:
            return False
        words = _tidy("".join(self._inline)).lower()
        return 0 < len(words) <= 20 and words in named_language(listing)

    def _enter_lead(self, node: LexborNode) -> bool:
        names = classes(node)
        if not names or "admonition" in names:  # Sphinx calls one "admonition-a-title" for its title
            return False
        if not (any(_LEAD.fullmatch(name) for name in names) or ("title" in names and _is_in_note(node))):
            return False
        text = collapsed(node).rstrip(":")
        if len(text) > _LONGEST_LEAD:
            return False
        self._end_lead()
        self._lead = text
        return True

    def _enter_heading(self, node: LexborNode, level: int) -> bool:
        for line_break in node.css("br"):
            line_break.replace_with(" ")
        text = collapsed(node)
        runaway = len(text) > _LONGEST_HEADING
        if runaway:
            text = leading_text(node)[:_LONGEST_HEADING].rstrip()
        if text and (self._fold_headings or self._table is not None):
            self._inline.append(text)
            self._flush()
        elif text:
            self._cut_list()
            self.parts.append(Heading(level, text, heading_anchor(node)))
        return runaway

    def _enter_table(self, node: LexborNode, tag: str) -> bool:
        table = self._table
        if tag == "table":
            if holds_lines_of_code(node):
                self._add(listing_text(node), "code")
                return False
            if "memname" in classes(node):  # Doxygen's declaration of a function
                self._add(re.sub(r" ?\( ?| (?=\))", lambda m: m[0].strip(), collapsed(node)), "signature")
                return False
            if table is not None:
                table.inner += 1
            elif is_data(node):
                self._cut_list()
                self._table = _Table()
        elif table is not None and tag == "td" and not table.inner:
            table.only_heads = table.only_heads and _is_in_head(node)
        return True

    def _leave_table(self, table: _Table, node: LexborNode, tag: str) -> None:
        if table.inner:
            table.inner -= tag == "table"
        elif tag in ("thead", "tbody", "tfoot"):
            table.grid.end_group()
        elif tag in ("td", "th"):
            table.cells.append(Cell(" ".join(table.cell), span(node, "colspan"), span(node, "rowspan")))
            table.cell.clear()
        elif tag == "tr":
            row = row_text(table.grid.row(table.cells))
            table.cells.clear()
            headed = table.only_heads and not table.rows and not table.written
            if row and headed and (not table.head or sum(map(len, table.head)) + len(row) < _LONGEST_TABLE_HEAD):
                table.head.append(row)
            elif row:
                table.rows.append(row)
            table.only_heads = True
        elif tag in ("table", "caption"):
            if table.rows or (tag == "table" and not table.written):
                self._write_table(table)
            self._add_block(" ".join(table.cell), "prose")
            table.cell.clear()
            if tag == "table":
                self._table = None

    def _write_table(self, table: _Table) -> None:
        """Write the rows so far below the table's head."""
        self.parts.extend(table_blocks([*table.head, *table.rows], len(table.head)))
        table.written = table.written or bool(table.head or table.rows)
        table.rows = []

    def _enter_list(self, node: LexborNode, tag: str) -> bool:
        if self._table is not None:
            return True
        if tag in ("ul", "ol", "dl"):
            if self._lists:
                self._lists[-1].defining = False
            # A list around headings lays out a page (Javadoc): its items are sections.
            layout = tag == "ul" and node.css_first("h1, h2, h3, h4, h5, h6") is not None
            self._lists.append(OpenList("signatures") if layout else open_list(node, tag))
        elif tag == "li" and self._lists and self._lists[-1].tag != "signatures":
            if (value := number_of(node.attributes.get("value"))) is not None:
                self._lists[-1].number = value
            self._start_item(self._lists[-1])
        elif tag == "dt" and self._lists:
            if "sig" in classes(node):
                self._add_signature(node)
                return False
            self._start_item(self._lists[-1])
        elif tag == "dd" and self._lists:
            self._lists[-1].define()
        return True

    def _start_item(self, inside: OpenList) -> None:
        if self._line_size > _LIST_PIECE:
            self._cut_list()
        inside.next_marker()

    def _add_signature(self, node: LexborNode) -> None:
        """Add a function or type documented by Sphinx: a heading below all others, and its declaration."""
        names = below(node, ".sig-prename, .sig-name, .descclassname, .descname")
        between = " " if "std" in classes(node) else ""  # an option has its argument behind a blank
        name = between.join("".join(n.text() for n in names).split())
        self._cut_list()
        if self._lists:
            self._lists.pop()  # its definitions are paragraphs below the heading, not items
            self._lists.append(OpenList("signatures"))
        if name and not self._fold_headings:
            self.parts.append(Heading(7, name[:_LONGEST_HEADING], node.id or None))
        self._add(collapsed(node), "signature")

    # Writing

    def _flush(self) -> None:
        """End the open paragraph."""
        if not self._inline:
            return
        raw = "".join(self._inline)
        self._inline.clear()
        text = _tidy(raw)
        if not text:
            return
        if self._lead:
            text, self._lead = f"{self._lead}: {text}", ""
        if self._table is not None:
            self._table.cell.append(text.replace("\n", " "))
        elif self._lists and self._lists[-1].tag != "signatures":
            self._add_line(self._lists[-1], text)
        else:
            self._cut_list()
            self._add_block(text, "prose")

    def _end_lead(self) -> None:
        """Write the name of a note without a following paragraph as a paragraph of its own."""
        if self._lead:
            self._inline.append(self._lead)
            self._lead = ""
            self._flush()

    def _add_line(self, inside: OpenList, text: str) -> None:
        depth = sum(1 for one in self._lists if one.tag != "signatures") - 1
        indent = "  " * min(depth, 8)
        if inside.tag == "dl" and inside.defining and self._lines and not inside.marker:
            inside.defining = False
            self._lines[-1] = f"{self._lines[-1].rstrip(': ')}: {text}"
        else:
            is_term = inside.tag == "dl" and inside.definitions < 2
            lead = inside.marker or ("" if is_term or not self._lines else "  ")
            self._lines.append(indent + lead + text.replace("\n", "\n" + indent + "  "))
            inside.marker = ""
        self._line_size += len(text)

    def _add(self, text: str, kind: BlockKind) -> None:
        """Add a separate block, also inside a list or a table."""
        if self._table is not None:
            if text.strip():
                self._table.cell.append(" ".join(text.split()))
            return
        self._cut_list()
        self._add_block(text, kind)

    def _add_block(self, text: str, kind: BlockKind) -> None:
        if text.strip():
            self.parts.append(Block(text, kind))

    def _cut_list(self) -> None:
        self._add_block("\n".join(self._lines), "list")
        self._lines.clear()
        self._line_size = 0


def _tidy(raw: str) -> str:
    """Collapse white space: return one line, or one for each line break."""
    if _KEY in raw:
        raw = _COMBINED.sub(r"\1", raw).replace(f"{_KEY}{_KEY}", "` `").replace(_KEY, "`").replace(_INNER_KEY, "")
    lines = (" ".join(clean_text(line).split()) for line in raw.split("\v"))
    return "\n".join(line for line in lines if line)


def _is_in_note(title: LexborNode) -> bool:
    """Return whether an element of the class "title" is the first of a note (Confluence)."""
    parent = title.parent
    return parent is not None and any(re.search(r"macro|admonition|callout", name) for name in classes(parent))


def _is_in_head(cell: LexborNode) -> bool:
    row = cell.parent
    return row is not None and row.parent is not None and row.parent.tag == "thead"
