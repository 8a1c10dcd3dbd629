"""Headings and blocks from a tree of HTML, in reading order, for every format with HTML inside.

The caller removes the chrome around the content first; ``outline`` makes the sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from doc_assets.document import Block, BlockKind, clean_text
from doc_assets.formats.html.tree import below, classes, collapsed, remove, verbatim, visit
from doc_assets.formats.parts import Heading, Part

_LIST_PIECE = 1_000  # characters, about 250 tokens, as a chunk holds no more: longer lists and tables are split
_LONGEST_HEADING = 200  # characters; a longer one is an unclosed heading that contains the page
_LONGEST_TABLE_HEAD = 200  # characters; shorter ones are repeated when a table is split

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# fmt: off
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins",
    "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup",
    "time", "u", "var", "wbr",
))
# fmt: on
_CODE = frozenset(("code", "kbd", "samp", "tt"))
# fmt: off
_DROPPED = frozenset((
    "script", "style", "noscript", "template", "svg", "img", "picture", "video", "audio", "canvas", "iframe",
    "object", "embed", "map", "button", "input", "select", "textarea", "progress", "meter", "head", "title", "link",
    "meta", "base",
))
# fmt: on
# The name of a note (Sphinx, MkDocs, mdBook) opens the note's first paragraph, as in the source.
_NOTE_NAME = frozenset(("admonition-title", "blockquote-tag-title"))
_LINE_NUMBERS = ".linenos, .lineno, .linenodiv, .hljs-ln-numbers, .line-numbers"


def read_parts(root: LexborNode, *, fold_headings: bool = False) -> list[Part]:
    """Return the parts below ``root`` in reading order. Changes the tree: line breaks in listings become text.

    Args:
        root: Element that holds the content.
        fold_headings: Turn headings into paragraphs, so that the parts stay one section.
    """
    remove(root, _LINE_NUMBERS)
    for line_break in root.css("pre br"):
        line_break.replace_with("\n")
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
class _List:
    """An open list: the marker of the next line, and the number of items before it."""

    tag: str
    number: int = 1
    marker: str = ""
    defining: bool = False


@dataclass
class _Table:
    """An open table of data."""

    rows: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    head: str = ""
    only_heads: bool = True
    written: bool = False


class _Reader:
    """Collects inline text until an element starts another block."""

    def __init__(self, *, fold_headings: bool) -> None:
        self.parts: list[Part] = []
        self._fold_headings = fold_headings
        self._inline: list[str] = []
        self._lead = ""  # start of the next paragraph
        self._lists: list[_List] = []
        self._lines: list[str] = []  # of the outermost open list
        self._line_size = 0
        self._table: _Table | None = None

    # Events of the walk

    def enter(self, node: LexborNode) -> bool:
        if node.is_text_node:
            self._inline.append(node.text_content or "")
            return False
        tag = node.tag or ""
        if tag in _INLINE:
            return True
        if tag in _CODE:
            self._inline.append("`")
            return True
        if tag in _DROPPED or not node.is_element_node:
            return False
        if tag in ("br", "math"):
            # A vertical tab survives collapsing of white space; MathML holds its source in an annotation.
            self._inline.append("\v" if tag == "br" else f" {collapsed(node.css_first('annotation') or node)} ")
            return False
        self._flush()
        if tag == "p" and not _NOTE_NAME.isdisjoint(classes(node)):
            self._lead = collapsed(node).rstrip(":")
            return False
        if tag == "pre":
            self._end_lead()
            self._add(verbatim(node), "code")
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
        if tag in _INLINE:
            return
        if tag in _CODE:
            if self._inline[-1:] == ["`"]:
                self._inline.pop()  # it is empty
            else:
                self._inline.append("`")
            return
        self._flush()
        self._end_lead()
        if self._table is not None:
            self._leave_table(self._table, tag)
        elif tag in ("ul", "ol", "dl") and self._lists:
            self._lists.pop()
            if not self._lists:
                self._cut_list()

    def finish(self) -> list[Part]:
        self._flush()
        self._cut_list()
        return self.parts

    # Elements

    def _enter_heading(self, node: LexborNode, level: int) -> bool:
        text = collapsed(node)
        runaway = len(text) > _LONGEST_HEADING
        if runaway:
            text = _leading_text(node)[:_LONGEST_HEADING].rstrip()
        if text and (self._fold_headings or self._table is not None):
            self._inline.append(text)
            self._flush()
        elif text:
            self._cut_list()
            self.parts.append(Heading(level, text, _anchor(node)))
        return runaway

    def _enter_table(self, node: LexborNode, tag: str) -> bool:
        if tag == "table":
            # A table around listings, headings or tables is layout: its cells are read as if there were no table.
            if self._table is None and not below(node, "pre, table, h1, h2, h3, h4, h5, h6"):
                self._cut_list()
                self._table = _Table()
        elif self._table is not None and tag == "td":
            self._table.only_heads = False
        return True

    def _leave_table(self, table: _Table, tag: str) -> None:
        if tag in ("td", "th"):
            table.cells.append(" ".join(table.cell))
            table.cell.clear()
        elif tag == "tr":
            row = " | ".join(table.cells).rstrip(" |").strip()
            table.cells.clear()
            if row and table.only_heads and not table.head and not table.rows and len(row) < _LONGEST_TABLE_HEAD:
                table.head = row
            elif row:
                table.rows.append(row)
            table.only_heads = True
            if sum(map(len, table.rows)) > _LIST_PIECE:
                self._cut_table(table)
        elif tag in ("table", "caption"):
            if table.rows or not table.written:
                self._cut_table(table)
            self._add_block(" ".join(table.cell), "prose")
            table.cell.clear()
            if tag == "table":
                self._table = None

    def _cut_table(self, table: _Table) -> None:
        """Write the rows so far below the table's head."""
        rows = [table.head, *table.rows] if table.head else table.rows
        self._add_block("\n".join(rows), "table")
        table.written = table.written or bool(rows)
        table.rows = []

    def _enter_list(self, node: LexborNode, tag: str) -> bool:
        if self._table is not None:
            return True
        if tag in ("ul", "ol", "dl"):
            if self._lists:
                self._lists[-1].defining = False
            self._lists.append(_List(tag, _number(node.attributes.get("start"))))
        elif tag == "li" and self._lists:
            self._start_item(self._lists[-1])
        elif tag == "dt" and self._lists:
            if "sig" in classes(node):
                self._add_signature(node)
                return False
            self._start_item(self._lists[-1])
        elif tag == "dd" and self._lists:
            self._lists[-1].defining = True
        return True

    def _start_item(self, inside: _List) -> None:
        if self._line_size > _LIST_PIECE:
            self._cut_list()
        inside.marker = f"{inside.number}. " if inside.tag == "ol" else "" if inside.tag == "dl" else "- "
        inside.number += 1
        inside.defining = False

    def _add_signature(self, node: LexborNode) -> None:
        """Add a function or type documented by Sphinx: a heading below all others, and its declaration."""
        names = below(node, ".sig-prename, .sig-name, .descclassname, .descname")
        name = re.sub(r"\s+", "", "".join(n.text() for n in names))
        self._cut_list()
        if self._lists:
            self._lists.pop()  # its definitions are paragraphs below the heading, not items
            self._lists.append(_List("signatures"))
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

    def _add_line(self, inside: _List, text: str) -> None:
        depth = sum(1 for one in self._lists if one.tag != "signatures") - 1
        indent = "  " * min(depth, 8)
        if inside.tag == "dl" and inside.defining and self._lines and not inside.marker:
            inside.defining = False
            self._lines[-1] += f": {text}"
        else:
            lead = inside.marker or ("" if inside.tag == "dl" or not self._lines else "  ")
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
    lines = (" ".join(clean_text(line).split()) for line in raw.split("\v"))
    return "\n".join(line for line in lines if line)


def _leading_text(node: LexborNode) -> str:
    """Return the words before the node's first element that is not inline."""
    words: list[str] = []
    child = node.child
    while child is not None and (child.is_text_node or child.tag in _INLINE):
        words.append(child.text_content or "" if child.is_text_node else collapsed(child))
        child = child.next
    return " ".join(clean_text(" ".join(words)).split())


def _anchor(node: LexborNode) -> str | None:
    """Return the fragment of a heading: its own id, one inside it, or that of the section it opens."""
    if node.id:
        return node.id
    inside = node.css_first("[id], a[name]")
    if inside is not None:
        return inside.id or inside.attributes.get("name")
    previous = node.prev
    while previous is not None and previous.is_text_node and not (previous.text_content or "").strip():
        previous = previous.prev
    if previous is not None:
        name = previous.id or previous.attributes.get("name") if previous.tag in ("a", "span") else None
        return name or None
    parent = node.parent
    return (parent.id or None) if parent is not None and parent.tag in ("section", "div", "article") else None


def _number(raw: str | None) -> int:
    return int(raw) if raw and re.fullmatch(r"\d{1,6}", raw) else 1
