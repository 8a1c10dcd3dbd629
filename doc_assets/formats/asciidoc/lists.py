"""Lists: bulleted, numbered, of terms, of callouts; items with further blocks, and lists inside of lists.

An item ends where a line begins another item of its own list or of one around it, or where a block is not attached to
it (``+``). What an item's line is, is decided by its marker alone, as Asciidoctor does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from doc_assets.document import Block
from doc_assets.formats.asciidoc.attributes import entry_of
from doc_assets.formats.asciidoc.block_attributes import LINE, BlockAttributes
from doc_assets.formats.asciidoc.delimiters import delimiter_of
from doc_assets.formats.asciidoc.lines import Lines
from doc_assets.formats.asciidoc.nested import NestedReader
from doc_assets.formats.numbering import Numerals, item_number
from doc_assets.formats.packing import definition_blocks, item_blocks, pack

_BULLET = re.compile(r"[ \t]*(-|\*{1,20}|•)[ \t]+(\S.*)$")
_NUMBER = re.compile(r"[ \t]*(\.{1,20}|\d{1,9}\.|[a-zA-Z]\.|[ivxlcdm]{1,12}\)|[IVXLCDM]{1,12}\))[ \t]+(\S.*)$")
_CALLOUT = re.compile(r"<(\d{1,9}|\.)>[ \t]+(\S.*)$")
_TERM = re.compile(r"(?!//[^/])[ \t]*(\S|\S.*?\S)(:{2,4}|;;)(?:$|[ \t]+(\S.*)$)")
_TASK = re.compile(r"\[([ xX*])\][ \t]+(?=\S)")
_STYLES: dict[str, Numerals] = {
    "arabic": "1", "decimal": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I",
}  # fmt: skip
_BY_DOTS: tuple[Numerals, ...] = ("1", "a", "i", "A", "I")
_MAX_LISTS = 12  # lists in lists


@dataclass(frozen=True, slots=True)
class Item:
    """The first line of a list's item.

    Attributes:
        kind: ``bullet``, ``number``, ``callout`` or ``term``.
        marker: What items of the same list have in common: ``**``, ``arabic``, ``::``.
        label: The number or term as written.
        text: What follows.
    """

    kind: str
    marker: str
    label: str
    text: str


def item_of(line: str) -> Item | None:
    """Return the item that a line begins; None for another line."""
    start = line.lstrip()
    first = start[:1]
    if first in "*-•" and (match := _BULLET.match(line)):
        return Item("bullet", match[1], "", match[2])
    if (first == "." or first.isalnum()) and (match := _NUMBER.match(line)):
        label = match[1]
        if label[0] == ".":
            return Item("number", label, "", match[2])
        style = "arabic" if label[0].isdecimal() else "roman" if label[-1] == ")" else "alpha"
        return Item("number", style + ("" if label[0].islower() else "upper"), label[:-1], match[2])
    if first == "<" and (match := _CALLOUT.match(line)):
        return Item("callout", "<>", match[1], match[2])
    if ("::" in start or ";;" in start) and (match := _TERM.match(line)):
        return Item("term", match[2], match[1], match[3] or "")
    return None


class ListReader:
    """Reads the lists of one document."""

    def __init__(self, blocks: NestedReader) -> None:
        """Store the reader of what the items hold."""
        self._blocks = blocks
        self._climb: int | None = None  # lists that a ``+`` below blank lines has yet to leave

    def read(self, lines: Lines, about: BlockAttributes, depth: int, around: tuple[str, ...] = ()) -> list[Block]:
        """Return the blocks of a list.

        Args:
            lines: Its first item comes next.
            about: What stands above it: style, number of the first item.
            depth: Blocks that it stands in.
            around: Markers of the lists that it stands in.
        """
        first = item_of(lines.peek() or "")
        assert first is not None  # noqa: S101 - asked by the caller
        stated = about.named.get("start", "")
        number = int(stated) if re.fullmatch(r"-?\d{1,9}", stated) else 1
        if not stated and first.label.isdecimal():
            number = int(first.label)
        count = 0
        pieces: list[Block] = []
        while (item := item_of(lines.peek() or "")) is not None and item.marker == first.marker:
            lines.next()
            if item.kind == "term":
                pieces += self._definition(item, lines, about, depth, around)
            else:
                marker = self._marker(item, about.style, number + count, count + 1)
                inner = self._content(item, item.text, lines, depth, around)
                pieces += item_blocks(marker, inner)
            count += 1
            if not self._goes_on(lines, first.marker):
                break
        return pack(pieces)

    def _goes_on(self, lines: Lines, marker: str) -> bool:
        """Return whether the next line, after blank lines and comments, is an item of this list."""
        if self._climb is not None:
            return False
        item = item_of(lines.peek() or "")
        return item is not None and item.marker == marker

    def _definition(
        self, item: Item, lines: Lines, about: BlockAttributes, depth: int, around: tuple[str, ...]
    ) -> list[Block]:
        terms = [self._blocks.inline.text(item.label)]
        text = item.text
        while not text:
            self._skip_blank(lines)
            following = item_of(lines.peek() or "")
            if following is None or following.kind != "term" or following.marker != item.marker:
                break
            lines.next()
            terms.append(self._blocks.inline.text(following.label))
            text = following.text
        inner = self._content(item, text, lines, depth, around)
        return definition_blocks(", ".join(term for term in terms if term), inner)

    def _marker(self, item: Item, style: str, number: int, position: int) -> str:
        if item.kind == "bullet":
            return "- "
        if item.kind == "callout":
            return f"({item.label if item.label != '.' else position}) "
        if item.label and not item.label.isdecimal():
            return f"{item.label}. "
        numerals = _STYLES.get(style) or _BY_DOTS[min(len(item.marker), 5) - 1 if item.marker[0] == "." else 0]
        return f"{item_number(number, numerals)}. "

    def _content(self, item: Item, text: str, lines: Lines, depth: int, around: tuple[str, ...]) -> list[Block]:
        """Return the blocks of an item: its text, and what is attached to it."""
        source = [text] if text else []
        if not source:
            self._skip_blank(lines)
        while (line := lines.peek()) is not None and line and not self._ends_text(line):
            lines.next()
            if not line.startswith("//"):
                source.append(line.strip())
        blocks = self._text(item, source)
        inside = (*around, item.marker)
        while self._attached(lines, inside, blocks, depth):
            pass
        blocks += self._blocks.notes()
        return blocks

    def _text(self, item: Item, source: list[str]) -> list[Block]:
        if not source:
            return []
        mark = ""
        if item.kind == "bullet" and (task := _TASK.match(source[0])):
            mark = "[ ] " if task[1] == " " else "[x] "
            source[0] = source[0][task.end() :]
        text = self._blocks.inline.text("\n".join(source))
        return [Block(mark + text)] if text else []

    def _attached(self, lines: Lines, inside: tuple[str, ...], blocks: list[Block], depth: int) -> bool:
        """Read one thing that belongs to the item to ``blocks``; return False if the item ends here."""
        blank = self._skip_blank(lines) if self._climb is None else self._climb
        line = lines.peek()
        if line is None:
            return False
        if line == "+":
            if blank and len(inside) > 1:
                self._climb = blank - 1  # attaches to a list around this one
                return False
            self._climb = None
            lines.next()
            about = self._blocks.above(lines)
            if lines.peek() is not None:
                blocks += self._blocks.block(lines, about, depth + 1, in_item=True)
            return True
        if line.startswith("//") and not line.startswith("///"):
            lines.next()
            return True
        if LINE.match(line) or line[0] == ".":
            return self._styled_list(lines, inside, blocks, depth)
        item = item_of(line)
        if item is not None:
            return self._nested(item, BlockAttributes(), lines, inside, blocks, depth)
        if blank and line[0] in " \t":
            blocks += self._blocks.block(lines, BlockAttributes(), depth + 1, in_item=True)
            return True
        if not blank and not blocks and delimiter_of(line) is not None:  # directly below a term
            blocks += self._blocks.block(lines, BlockAttributes(), depth + 1, in_item=True)
            return True
        return False

    def _styled_list(self, lines: Lines, inside: tuple[str, ...], blocks: list[Block], depth: int) -> bool:
        """Read a list inside the item that has a line of attributes above it, ``[loweralpha]``."""
        item = item_of(lines.peek() or "")
        if item is not None:
            return self._nested(item, BlockAttributes(), lines, inside, blocks, depth)
        following = item_of(lines.following())
        if following is None or following.marker in inside or len(inside) >= _MAX_LISTS:
            return False
        about = self._blocks.above(lines)
        item = item_of(lines.peek() or "")
        return item is not None and self._nested(item, about, lines, inside, blocks, depth)

    def _nested(
        self, item: Item, about: BlockAttributes, lines: Lines, inside: tuple[str, ...], blocks: list[Block], depth: int
    ) -> bool:
        if item.marker in inside or item.kind == "callout" or len(inside) >= _MAX_LISTS:
            return False
        nested = self._blocks.titled(self.read(lines, about, depth, inside), about)
        blocks += [Block(block.text, "list") if block.kind == "prose" else block for block in nested]
        return True

    @staticmethod
    def _ends_text(line: str) -> bool:
        return (
            line == "+"
            or item_of(line) is not None
            or (line[0] == "[" and LINE.match(line) is not None)
            or delimiter_of(line) is not None
            or (line[0] == ":" and entry_of(line) is not None)
        )

    @staticmethod
    def _skip_blank(lines: Lines) -> int:
        """Go past blank lines and return their number."""
        count = 0
        while lines.peek() == "":
            lines.next()
            count += 1
        return count
