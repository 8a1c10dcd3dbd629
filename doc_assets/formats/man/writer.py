"""Collects what a page's macros say, as headings and blocks: paragraphs, items of lists, listings, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from doc_assets.document import Block, BlockKind
from doc_assets.formats.man.escapes import JOINED
from doc_assets.formats.parts import Heading, Part

_BLANKS = re.compile(r"[ \t]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_BULLET = re.compile(r"[•·○▪◦‣●▸o*+\u2010-\u2014-]")
_NUMBER = re.compile(r"\(?\w{1,3}[.)]|\[\w{1,4}\]")
_BULLETED = re.compile(r"[•·○▪◦‣●▸] +(?=\S)")
_NUMBERED = re.compile(r"\d{1,3}[.)] +\S")
_COMMAND = re.compile(r"[#$] \S")
_LONGEST_TERM = 200  # characters; a longer paragraph above an indented one is no term
_SENTENCE_END = re.compile(r"(?<!\.\.)[.:;!?]$")
_DEEPEST = 8  # levels of lists that are shown by indentation
_TAB = 8


def joined(pieces: Iterable[str]) -> str:
    """Return the words of a paragraph as roff fills them: one line, except for the breaks (a line end as a piece)."""
    text = " ".join(pieces)
    if JOINED in text:
        # Of a line's end first: the blank before it is the line's own ("from \\c"), and so is that behind a beginning.
        text = text.replace(f"{JOINED} ", "").replace(f" {JOINED}", "").replace(JOINED, "")
    return _AROUND_BREAK.sub("\n", _BLANKS.sub(" ", text)).strip()


class Writer:
    """The parts of a page, in reading order.

    Attributes:
        kind: Kind of the paragraphs: ``signature`` in a synopsis.
        level: Indentation that the page is at, in levels.
        verbatim: Lines are kept as they are.
        written: Number of texts so far.
    """

    def __init__(self) -> None:
        """Start without parts."""
        self.kind: BlockKind = "prose"
        self.level = 0
        self.verbatim = False
        self.written = 0
        self._parts: list[Part] = []
        self._pieces: list[str] = []
        self._lines: list[str] = []  # of a listing
        self._items: list[tuple[int, str]] = []  # level and text of the open list's items and their paragraphs
        self._tag: str | None = None
        self._is_literal = False  # the tag is no bullet, whatever it looks like
        self._item_level = 0  # of the last item
        self._is_derived = False  # the tag is a paragraph above an indented one
        self._inside = False  # the paragraph belongs to the item before it

    def parts(self) -> list[Part]:
        """Return what was collected, all closed."""
        self.end()
        self._end_list()
        return self._parts

    def text(self, text: str) -> None:
        """Add a line of words, or of a listing."""
        self.written += 1
        if self.verbatim:
            if self._lines and self._lines[-1].endswith(JOINED):
                self._lines[-1] += text
            else:
                self._lines.append(text)
        elif text:
            if text[0] in " \t" and self._pieces:
                self._pieces.append("\n")
            self._pieces.append(text)

    def line_break(self) -> None:
        """Begin a new line in the same paragraph."""
        if self._pieces and not self.verbatim:
            self._pieces.append("\n")

    def end(self) -> None:
        """End the paragraph, item or listing."""
        if self.verbatim or self._lines:
            self._end_listing()
        text = joined(self._pieces)
        self._pieces.clear()
        if self._tag is not None:
            self._item(joined([self._tag]), text)
        elif text:
            self._paragraph(text)
        self._tag = None
        self._inside = False

    def paragraph(self, *, inside: bool = False) -> None:
        """End the paragraph before; ``inside`` says that the next one belongs to the item before it."""
        self.end()
        self._inside = inside or bool(self._items and self.level > self._item_level)

    def tag(self, tag: str, *, literal: bool = False) -> None:
        """Begin an item; a ``literal`` tag is no bullet or number, whatever it looks like."""
        self.end()
        self._tag, self._is_derived, self._is_literal = tag, False, literal

    def another_tag(self) -> None:
        """Begin one more tag of an item that has no words yet, or else another item."""
        if self._tag is None or self._pieces:
            self.tag("")
        else:
            self._tag += ","

    def add_tag_words(self, text: str) -> None:
        """Add words to the tag of the item that was just begun."""
        self.written += 1
        self._tag = f"{self._tag} {text}" if self._tag else text

    @property
    def in_item(self) -> bool:
        """Whether the words here belong to an item: a blank line then begins another paragraph of it."""
        return self._tag is not None or self._inside

    def join(self) -> None:
        """Put no space between what was written and the next word."""
        open_ = self._lines if self.verbatim else self._pieces
        if open_:
            open_[-1] += JOINED

    def indent(self, *, nested: bool = False) -> None:
        """Go in by one level.

        A short paragraph that none follows is the term of what stands further in, unless a list is ``nested`` there.
        """
        text = joined(self._pieces)
        if nested or self.verbatim or self._tag is not None or self.kind != "prose" or not _is_term(text):
            self.end()
        else:
            self._pieces.clear()
            self._tag, self._is_derived, self._is_literal = text, True, False
        self.level += 1
        self._inside = bool(self._items and self.level > self._item_level) and self._tag is None

    def outdent(self) -> None:
        """Go out by one level."""
        self.end()
        self.level = max(0, self.level - 1)

    def set_verbatim(self, verbatim: bool) -> None:
        """Begin or end lines that are kept as they are."""
        if verbatim and not self.verbatim and not self._pieces and self._tag is not None and self._is_derived:
            self._pieces, self._tag = [self._tag], None
            self.level -= 1
            self.paragraph()
            self.level += 1
        if verbatim != self.verbatim:
            inside = self.in_item
            self.end()
            self._inside = inside
        self.verbatim = verbatim

    def heading(self, level: int, text: str, anchor: str) -> None:
        """Begin a section."""
        self.end()
        self._end_list()
        self.level = 0
        self.verbatim = False
        self._parts.append(Heading(level, text, anchor or None))

    def blocks(self, blocks: Iterable[Block]) -> None:
        """Add blocks as they are."""
        self.end()
        self._end_list()
        self._parts.extend(blocks)

    def _paragraph(self, text: str) -> None:
        if self.kind == "prose" and (match := _BULLETED.match(text)):
            self._add_item(self.level - 1, f"- {text[match.end() :]}")
        elif self.kind == "prose" and self.level and _NUMBERED.match(text):
            self._add_item(self.level - 1, text)
        elif self._inside and self._items:
            self._items.append((self._item_level + 1, text))
        else:
            self._end_list()
            self._parts.append(Block(text, self.kind))

    def _item(self, tag: str, text: str) -> None:
        level = self.level - 1 if self._is_derived else self.level
        if not tag:
            self._inside = True
            if text:
                self._paragraph(text)
            return
        if _COMMAND.match(text) and not _BULLET.fullmatch(tag):  # "Show it every second:" above what is typed
            self._end_list()
            self._parts += [Block(f"{tag.rstrip(':')}:"), Block(text, "code")]
            return
        if self._is_literal or not (_BULLET.fullmatch(tag) or _NUMBER.fullmatch(tag)):
            line = f"{tag.rstrip(':') or tag}: {text}" if text else tag
        elif _BULLET.fullmatch(tag):
            line = f"- {text}" if text else ""
        else:
            line = f"{tag} {text}".strip()
        if line:
            self._add_item(level, line)

    def _add_item(self, level: int, line: str) -> None:
        self._item_level = max(0, level)
        self._items.append((self._item_level, line))

    def _end_list(self) -> None:
        if not self._items:
            return
        top = min(level for level, _ in self._items)
        lines = []
        for level, text in self._items:
            margin = "  " * min(level - top, _DEEPEST)
            lines.append(margin + text.replace("\n", f"\n{margin}  "))
        self._items.clear()
        self._parts.append(Block("\n".join(lines), "list"))

    def _end_listing(self) -> None:
        if self._tag is not None:
            tag, self._tag = self._tag, None
            self._item(joined([tag]), "")
        lines = [line.replace(JOINED, "").expandtabs(_TAB).rstrip() for line in self._lines]
        self._lines.clear()
        text = "\n".join(lines).strip("\n")
        if not text:
            return
        lines = text.split("\n")
        margin = min(len(line) - len(line.lstrip()) for line in lines if line)
        self._end_list()
        kind: BlockKind = "signature" if self.kind == "signature" else "code"
        self._parts.append(Block("\n".join(line[margin:] for line in lines), kind))


def _is_term(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TERM and not _SENTENCE_END.search(text) and not _BULLETED.match(text)
