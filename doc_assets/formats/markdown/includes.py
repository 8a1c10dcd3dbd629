"""Text that a document includes from its neighbours: the search for files, the limits, and the selection of lines.

mdBook's notation is in ``mdbook_includes``, those of other site generators are in ``partials``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import Neighbours, RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.missing_includes import MissingIncludes

MAX_DEPTH = 10  # files that include files; mdBook's own limit
_MAX_TEXT = 1_000_000  # characters that the includes of one document may add to it
_MAX_LOOKED_THROUGH = 5_000_000  # characters searched for lines and anchors, included or not
_MAX_INCLUDES = 2_000

_ANCHOR = re.compile(r"ANCHOR:\s*([\w-]+)")
_ANCHOR_END = re.compile(r"ANCHOR_END:\s*([\w-]+)")
_SECTION = re.compile(r"-+8<-+[ \t]*\[[ \t]*(start|end)[ \t]*:[ \t]*([\w-]+)[ \t]*\]")


class Includes(MissingIncludes):
    """Reads the files that one document includes, within its limits.

    Attributes:
        open: Paths of the page and of the files being included, outermost first. None is included again: two lines by
            which a page includes itself would double it at each level.
    """

    def __init__(
        self,
        file: RawFile,
        *,
        max_text: int = _MAX_TEXT,
        max_looked_through: int = _MAX_LOOKED_THROUGH,
        max_includes: int = _MAX_INCLUDES,
    ) -> None:
        """Store the document's file, whose neighbours are read, and the limits."""
        self._neighbours = file.neighbours
        self._text: dict[str, str | None] = {}
        self._left = max_text
        self._searchable = max_looked_through
        self._count = max_includes
        self.open = [file.path]

    def find(self, paths: Iterable[str | None]) -> tuple[str, str] | None:
        """Return the path and the text of the first file that exists."""
        if not self.spend():
            return None
        for path in paths:
            text = None if path is None or path in self.open else self._read(path)
            if path is not None and text is not None and len(text) <= self._searchable:
                self._searchable -= len(text)
                return path, text
        return None

    def text(self, path: str) -> str | None:
        """Return the text of a file that says where others are, or None if there is none."""
        return self._read(path)

    def take(self, text: str | None, target: str) -> str | None:
        """Return the text if there is one within the limits; otherwise None, and count ``target`` as missing."""
        if text is None or not self.has_room(len(text)):
            self.miss(target)
            return None
        return text

    def spend(self) -> bool:
        """Return whether the document may include one thing more; if so, record it."""
        self._count -= 1
        return self._count >= 0

    def metered(self) -> Neighbours:
        """Return the document's neighbours for a reader of another markup, within the limits of this one."""
        return _Metered(self)

    def has_room(self, characters: int) -> bool:
        """Return whether the document may grow by that many characters; if so, record the growth."""
        if characters > self._left:
            return False
        self._left -= max(0, characters)
        return True

    def _read(self, path: str) -> str | None:
        if path not in self._text:
            data = self._neighbours.read(path)
            try:
                self._text[path] = None if data is None else decode(data)
            except DocumentRejected:
                self._text[path] = None
        return self._text[path]


class _Metered:
    def __init__(self, includes: Includes) -> None:
        self._includes = includes

    def read(self, path: str) -> bytes | None:
        data = self._includes._neighbours.read(path) if self._includes.spend() else None
        return data if data is not None and self._includes.has_room(len(data)) else None


def path_from(folder: str, target: str, root: str = "") -> str | None:
    """Resolve a relative path; return None if it leaves the root.

    Args:
        folder: Folder of the file with the path, relative to the source's root; "" is the root itself.
        target: Path as written.
        root: Folder that the path must not leave, relative to the source's root.
    """
    if not target or target.startswith("/") or "\0" in target or "\\" in target:
        return None
    path = posixpath.normpath(posixpath.join(folder, target))
    if path.startswith("../") or path in (".", "..") or (root and not path.startswith(root + "/")):
        return None
    return path


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders that hold a file, from its own up to the source's root (``""``)."""
    folder = path
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def anchored(text: str, selection: str) -> str | None:
    """Return the selected lines without the marks of any selection; None if there is no such anchor or line.

    Args:
        text: The whole file.
        selection: ``""`` (all), ``2`` (one line), ``2:``, ``:10``, ``2:10`` (first and last line, counted from 1), or
            the name of an anchor: mdBook's ``ANCHOR: name`` or a snippet's ``--8<-- [start:name]``.
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    first, colon, last = selection.partition(":")
    if first and not first.isdecimal():
        return _between_marks(lines, first)
    start = max(0, int(first[:9]) - 1) if first else 0
    if start and start >= len(lines):
        return None
    end = int(last[:9]) if last.isdecimal() else len(lines)
    chosen = lines[start : start + 1] if selection and not colon else lines[start:end]
    return "\n".join(line for line in chosen if _mark(line) is None)


def _between_marks(lines: list[str], name: str) -> str | None:
    kept: list[str] = []
    inside = False
    for line in lines:
        mark = _mark(line)
        if mark is None:
            if inside:
                kept.append(line)
        elif mark[1] == name:
            if inside and mark[0] == "end":
                return "\n".join(kept)
            inside = inside or mark[0] == "start"
    return "\n".join(kept) if inside else None


def _mark(line: str) -> tuple[str, str] | None:
    if "ANCHOR" in line:
        if match := _ANCHOR_END.search(line):
            return "end", match[1]
        if match := _ANCHOR.search(line):
            return "start", match[1]
    if "8<-" in line and (match := _SECTION.search(line)):
        return match[1], match[2]
    return None


def without_front_matter(text: str) -> str:
    """Return a page's text for inclusion in another page."""
    return split_front_matter(text)[1].strip("\n")
