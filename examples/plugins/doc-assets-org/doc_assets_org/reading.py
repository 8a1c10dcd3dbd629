"""Lines of Org to sections and blocks, in one pass; what stands inside a line is the business of ``marks``."""

from __future__ import annotations

import posixpath
import re

from doc_assets.document import Block, BlockKind, Section
from doc_assets.errors import DocumentRejected
from doc_assets.formats import Neighbours, decode
from doc_assets_org.marks import plain

__all__ = ["Reader"]

_KEYWORD = re.compile(r"[ \t]*#\+(\w+):[ \t]*(.*)$")
_BEGIN = re.compile(r"[ \t]*#\+begin_(\w+)", re.IGNORECASE)
_HEADLINE = re.compile(r"(\*{1,12})[ \t]+(?:(?:TODO|DONE|WAITING|NEXT)[ \t]+)?(?:\[#[A-Z]\][ \t]*)?(.*?)$")
_TAGS = re.compile(r"[ \t]+:[\w@:]{1,200}:[ \t]*$")
_DRAWER = re.compile(r"[ \t]*:([\w-]+):[ \t]*$")
_PROPERTY = re.compile(r"[ \t]*:([\w-]+):[ \t]+(\S.*)$")
_ITEM = re.compile(r"[ \t]*(?:[-+]|\d{1,9}[.)])[ \t]+\S")
_RULE = re.compile(r"[ \t]*\|[-+|]+$")
_SUBTREE = re.compile(r"\*+[ \t]+COMMENT\b")

# Blocks whose lines are taken as they are; those of others hold Org again.
_VERBATIM: dict[str, BlockKind] = {"src": "code", "example": "output", "export": "output"}
# Keywords that say something about the document; the others steer Emacs.
_FACTS = frozenset(("author", "date", "description", "keywords", "language", "email", "filetags"))

# Authors include a few levels deep; below that, and past so many files, it is a loop or a bomb.
_MOST_DEPTH, _MOST_INCLUDES, _MOST_CHARACTERS = 8, 100, 5_000_000


class Reader:
    """Reads one document; made anew for each.

    Attributes:
        title: Of the document, empty where it has none.
        facts: What its keywords say: author, date, description.
    """

    def __init__(self, folder: str, neighbours: Neighbours) -> None:
        """Takes the folder of the file in its source, where relative includes start, and the files beside it."""
        self.title = ""
        self.facts: dict[str, str] = {}
        self._folder = folder
        self._neighbours = neighbours
        self._sections: list[tuple[tuple[str, ...], str | None, list[Block]]] = [((), None, [])]
        self._levels: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._until: tuple[re.Pattern[str], BlockKind | None] | None = None
        self._in_drawer = False
        self._hidden = 0  # level of a headline whose whole tree is a comment
        self._includes = self._characters = 0

    def read(self, text: str) -> None:
        """Takes in a whole text."""
        self._feed(text, self._folder, 0)
        self._close()

    def sections(self) -> tuple[Section, ...]:
        """What was read, without sections that hold neither headline nor text."""
        return tuple(Section(path, anchor, tuple(blocks)) for path, anchor, blocks in self._sections if path or blocks)

    def _feed(self, text: str, folder: str, depth: int) -> None:
        self._characters += len(text)
        for line in text.split("\n"):
            line = line.rstrip()
            if self._until:
                self._verbatim(line)
            elif self._in_drawer:
                self._drawer(line)
            elif (headline := _HEADLINE.match(line)) is not None:
                self._headline(line, len(headline[1]), headline[2])
            elif not self._hidden:
                self._line(line, folder, depth)

    def _include(self, target: str, folder: str, depth: int) -> None:
        """The lines of another file of the source; those of one that is absent or outside are left out."""
        self._includes += 1
        name = target.partition('"')[2].partition('"')[0] or target.partition(" ")[0]
        full = posixpath.normpath(posixpath.join(folder, name))
        if depth >= _MOST_DEPTH or self._includes > _MOST_INCLUDES or self._characters > _MOST_CHARACTERS:
            return
        data = self._neighbours.read(full)
        if data is None:
            return
        try:
            text = decode(data)
        except DocumentRejected:
            return  # a picture, say
        self._close()
        self._feed(text, posixpath.dirname(full), depth + 1)
        self._close()

    def _verbatim(self, line: str) -> None:
        assert self._until is not None  # noqa: S101 - asked for by the caller
        end, kind = self._until
        if end.match(line):
            lines, self._lines, self._until = self._lines, [], None
            if kind is not None:
                self._add("\n".join(lines), kind)
        else:
            self._lines.append(line.removeprefix(",") if line.startswith((",*", ",#")) else line)

    def _drawer(self, line: str) -> None:
        if line.strip().upper() == ":END:":
            self._in_drawer = False
        elif (stated := _PROPERTY.match(line)) and stated[1].upper() == "CUSTOM_ID" and not self._sections[-1][2]:
            path, _, blocks = self._sections[-1]
            self._sections[-1] = (path, stated[2], blocks)

    def _headline(self, line: str, level: int, text: str) -> None:
        self._close()
        if self._hidden and level > self._hidden:
            return
        self._hidden = level if _SUBTREE.match(line) else 0
        title = plain(_TAGS.sub("", text)).strip()
        if self._hidden or not title:
            return
        while self._levels and self._levels[-1][0] >= level:
            self._levels.pop()
        self._levels.append((level, title))
        self._sections.append((tuple(name for _, name in self._levels), None, []))

    def _line(self, line: str, folder: str, depth: int) -> None:
        if begin := _BEGIN.match(line):
            self._close()
            name = begin[1].lower()
            if name in _VERBATIM or name == "comment":
                end = re.compile(rf"[ \t]*#\+end_{re.escape(name)}[ \t]*$", re.IGNORECASE)
                self._until = (end, _VERBATIM.get(name))
        elif keyword := _KEYWORD.match(line):
            self._keyword(keyword[1].lower(), keyword[2].strip(), folder, depth)
        elif line.lstrip().startswith(("# ", "#+")) or line.strip() == "#":
            return
        elif _DRAWER.match(line):
            self._close()
            self._in_drawer = True
        elif line.strip():
            if self._lines and (_ITEM.match(line) or line.lstrip()[0] == "|") and not _is_alike(self._lines[0], line):
                self._close()
            self._lines.append(line)
        else:
            self._close()

    def _keyword(self, name: str, value: str, folder: str, depth: int) -> None:
        if name == "title":
            self.title = " ".join((self.title, plain(value))).strip()
        elif name == "include":
            self._include(value, folder, depth)
        elif name == "caption":
            self._close()
            self._add(plain(value), "prose")
        elif name in _FACTS and value and len(self.facts) < 40:
            self.facts.setdefault(name, plain(value)[:300])

    def _close(self) -> None:
        """End the paragraph, list, table or block that is open; one without an end is what was read of it."""
        if self._until:
            kind = self._until[1]
            lines, self._lines, self._until = self._lines, [], None
            if kind is not None:
                self._add("\n".join(lines), kind)
            return
        lines, self._lines = self._lines, []
        if not lines:
            return
        if lines[0].lstrip()[0] == "|":
            rows = (row.strip().strip("|") for row in lines if not _RULE.match(row))
            self._add("\n".join(" | ".join(plain(cell.strip()) for cell in row.split("|")) for row in rows), "table")
        elif lines[0].lstrip().startswith(": "):
            self._add("\n".join(line.lstrip().removeprefix(":").removeprefix(" ") for line in lines), "output")
        elif _ITEM.match(lines[0]):
            self._add("\n".join(plain(line) for line in lines), "list")
        else:
            self._add(" ".join(plain(line.strip()) for line in lines), "prose")

    def _add(self, text: str, kind: BlockKind) -> None:
        text = re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
        if text:
            self._sections[-1][2].append(Block(text, kind))


def _is_alike(first: str, line: str) -> bool:
    """Whether a line goes on with the list or table that begins with ``first``."""
    return (_ITEM.match(first) is not None) if _ITEM.match(line) else first.lstrip()[0] == "|"
