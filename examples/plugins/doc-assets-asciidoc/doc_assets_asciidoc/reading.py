"""Lines of AsciiDoc to sections and blocks, in one pass; what stands inside a line is the business of ``marks``."""

from __future__ import annotations

import posixpath
import re

from doc_assets.document import Block, BlockKind, Section
from doc_assets.errors import DocumentRejected
from doc_assets.formats import Neighbours, decode
from doc_assets_asciidoc.marks import plain

__all__ = ["Reader"]

_ENTRY = re.compile(r":(!?[A-Za-z0-9_][\w-]*)(!?):(?:[ \t]+(.*))?$")
_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?$")
_BLOCK_TITLE = re.compile(r"\.(?![. \t])(.+)$")
_ID = re.compile(r"\[\[([\w:.-]+)(?:,.*)?\]\]$|\[#([\w:-]+)[^\]]*\]$|\[.*\bid=\"?([\w:.-]+)\"?.*\]$")
_STYLE = re.compile(r"\[[^\[\]]*\]$")
_ITEM = re.compile(r"[ \t]*(?:[*.]{1,6}|-|\d{1,9}\.|<\.>|<\d+>)[ \t]+\S|\S.{0,300}?:{2,4}(?:[ \t]|$)")
_INCLUDE = re.compile(r"include::([^\s\[\]]+)\[[^\]]*\]$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+")
_CALLOUT = re.compile(r"[ \t]*(?://|#|--|;;)?[ \t]*<(?:\d+|\.)>(?=[ \t]*$|[ \t]*<)")

# Delimiters of blocks whose lines are taken as they are, and of those that hold AsciiDoc again.
_VERBATIM: dict[str, BlockKind] = {"----": "code", "....": "output", "++++": "output", "```": "code"}
_CONTAINERS = ("====", "****", "____", "--")
_TABLES = ("|===", "!===", ",===", ":===")

# Authors include a few levels deep; below that, and past so many files, it is a loop or a bomb.
_MOST_DEPTH, _MOST_INCLUDES, _MOST_CHARACTERS = 8, 100, 5_000_000
# Header attributes that steer the converter instead of saying something about the document.
_STEERING = re.compile(
    r"toc|sect|icons|source-highlighter|imagesdir|experimental|idprefix|idseparator|nofooter|hide-uri"
)


class Reader:
    """Reads one document; made anew for each.

    Attributes:
        title: Of the document, empty where it has none.
        facts: What its header says: author, revision, attributes.
    """

    def __init__(self, folder: str, neighbours: Neighbours) -> None:
        """Takes the folder of the file in its source, where relative includes start, and the files beside it."""
        self.title = ""
        self.facts: dict[str, str] = {}
        self._folder = folder
        self._neighbours = neighbours
        self._attributes: dict[str, str] = {}
        self._sections: list[tuple[tuple[str, ...], str | None, list[Block]]] = [((), None, [])]
        self._paragraph: list[str] = []
        self._anchor: str | None = None
        self._until: tuple[str, BlockKind] | None = None
        self._includes = self._characters = 0
        self._in_header = True

    def read(self, text: str) -> None:
        """Takes in a whole text."""
        self._feed(text, self._folder, 0)
        self._close_block() if self._until else self._close_paragraph()

    def sections(self) -> tuple[Section, ...]:
        """What was read, without sections that hold neither heading nor text."""
        return tuple(Section(path, anchor, tuple(blocks)) for path, anchor, blocks in self._sections if path or blocks)

    def _feed(self, text: str, folder: str, depth: int) -> None:
        self._characters += len(text)
        for line in text.split("\n"):
            line = line.rstrip()
            if (include := _INCLUDE.match(line)) is not None:
                self._include(plain(include[1], self._attributes), folder, depth)
            elif self._until:
                self._verbatim(line)
            else:
                self._line(line)

    def _include(self, path: str, folder: str, depth: int) -> None:
        """The lines of another file of the source; those of one that is absent or outside are left out."""
        self._includes += 1
        full = posixpath.normpath(posixpath.join(folder, path))
        if depth >= _MOST_DEPTH or self._includes > _MOST_INCLUDES or self._characters > _MOST_CHARACTERS:
            return
        data = self._neighbours.read(full)
        if data is None:
            return
        try:
            text = decode(data)
        except DocumentRejected:
            return  # a picture, say
        self._feed(text, posixpath.dirname(full), depth + 1)

    def _verbatim(self, line: str) -> None:
        assert self._until is not None  # noqa: S101 - asked for by the caller
        if line == self._until[0]:
            self._close_block()
        else:
            self._paragraph.append(_CALLOUT.sub("", line) if self._until[1] == "code" else line)

    def _line(self, line: str) -> None:
        if self._in_header and self._header(line):
            return
        if not line or line.startswith("//"):
            self._comment_or_blank(line)
        elif delimiter := self._delimiter(line):
            self._close_paragraph()
            self._until = delimiter
        elif line in _CONTAINERS or (line[:4] in _CONTAINERS and not line.strip(line[0])):
            self._close_paragraph()
        elif heading := _HEADING.match(line):
            self._heading(len(heading[1]), heading[2])
        elif not self._paragraph and (found := _ID.match(line)):
            self._anchor = found[1] or found[2] or found[3]
        elif self._paragraph and line != "+":
            self._paragraph.append(line)
        elif not (_STYLE.match(line) or _ENTRY.match(line) or line in ("+", "'''", "<<<")):
            titled = _BLOCK_TITLE.match(line)
            self._paragraph.append(titled[1] if titled else _ADMONITION.sub(r"\1: ", line))
            if titled:
                self._close_paragraph()
        elif entry := _ENTRY.match(line):
            self._attributes[entry[1].lower()] = (entry[3] or "").strip()

    def _header(self, line: str) -> bool:
        """Title, author, revision and attributes, up to the first blank line; False for what is none of these."""
        if line.startswith("= ") and not self.title:
            self.title = plain(line[2:].strip(), self._attributes)
        elif entry := _ENTRY.match(line):
            name, value = entry[1].lower(), plain((entry[3] or "").strip(), self._attributes)
            self._attributes[name] = value
            if value and len(self.facts) < 40 and not _STEERING.match(name):
                self.facts[name] = value[:300]
        elif self.title and line and not line.startswith("//"):
            return self._byline(line)
        else:
            self._in_header = (not line and not self.title) or line.startswith("//")
            return False
        return True

    def _byline(self, line: str) -> bool:
        """``Author <mail>`` and ``v1.2, 2024-05-01``, the two lines below a title."""
        if revision := re.match(r"v(\d[\w.-]*)(?:,[ \t]*([^:]{1,60}))?", line):
            self.facts["revision"] = revision[1]
            if revision[2]:
                self.facts["date"] = revision[2].strip()
        elif "author" not in self.facts and re.match(r"[^\W\d_][^=\[|*]{0,200}$", line):
            self.facts["author"] = re.sub(r"\s*<[^>]*>", "", line)
        else:
            self._in_header = False
            return False
        return True

    def _comment_or_blank(self, line: str) -> None:
        if line.startswith("////"):
            self._close_paragraph()
            self._until = (line, "prose")  # a comment block: closed without a trace
        elif not line:
            self._close_paragraph()

    def _delimiter(self, line: str) -> tuple[str, BlockKind] | None:
        """The line that ends a block which begins here, and its kind; None if none does."""
        if line in _TABLES:
            return line, "table"
        if line.startswith("```"):
            return "```", "code"
        kind = _VERBATIM.get(line[:4])
        return (line, kind) if kind and not line.strip(line[0]) else None

    def _heading(self, level: int, text: str) -> None:
        self._close_paragraph()
        title = plain(text, self._attributes).strip() or text
        if level == 1 and not self.title:
            self.title = title
            return
        above = self._sections[-1][0][: max(0, level - 2)]
        anchor = self._anchor or "_" + re.sub(r"[^\w]+", "_", title.lower()).strip("_")
        self._anchor = None
        self._sections.append(((*above, title), anchor, []))

    def _close_paragraph(self) -> None:
        lines, self._paragraph = self._paragraph, []
        if not lines:
            return
        is_list = _ITEM.match(lines[0]) is not None
        words = [plain(line if is_list else line.strip(), self._attributes) for line in lines]
        self._add("\n".join(words), "list" if is_list else "prose")

    def _close_block(self) -> None:
        assert self._until is not None  # noqa: S101 - asked for by the callers
        (_, kind), lines = self._until, self._paragraph
        self._until, self._paragraph = None, []
        if kind == "table":
            self._add("\n".join(plain(line, self._attributes) for line in lines if line), "table")
        elif kind != "prose":
            self._add("\n".join(lines), kind)

    def _add(self, text: str, kind: BlockKind) -> None:
        text = re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
        if text:
            self._sections[-1][2].append(Block(text, kind))
