"""Puts the lines of sheets into reading order: two columns one after the other, without running heads and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from doc_assets.formats.pdf.lines import Line, Sheet

_EDGE = 3  # rows from the top and bottom of a sheet that may be running
_REPEATED = 0.15  # share of sheets on which a running row stands, at least 3
_NUMBERS = re.compile(r"\d+|\b[ivxlc]{1,7}\b")
_NUMBER_ALONE = re.compile(r"(?:page |seite |p\. ?)?[-\u2013\u2014 |]*#(?: ?(?:/|of|von|\|) ?#)?[-\u2013\u2014 |]*")
_AT_START, _AT_END = re.compile(r"(\d{1,4})\b(?![.):])"), re.compile(r"\b(\d{1,4})$")
_SAME_OFFSET = 0.3  # share of sheets whose number differs as much from that printed on them
_LONGEST_HEAD = 100  # characters
_CONTENTS = re.compile(r"(?:\.{4,}|(?:\. ){4,}|\u2026{2,})\s*[\divxlc]{0,7}\s*$")  # a line of a table of contents
_BINS = 120  # of a sheet's width, to look for the space between columns
_CROSSING = 0.15  # share of lines that may go over it, as titles and pictures do
_SIDE = 0.25  # least share of lines on each side
_LONG = 18  # characters that lines of columns have on average; cells of tables are shorter


_APART = 4  # rows between those of a table, of cells with several lines


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one line of a column: text, or the cells of a table.

    Attributes:
        cells: Their texts; one of text.
        lefts: Their distances from the left edge, in points.
        right: The distance of the row's end.
        sheet: Number from 0.
        top: Points from the bottom edge to the upper side.
        size: That of the longest cell.
        mono: All its letters are equally wide.
    """

    cells: tuple[str, ...]
    lefts: tuple[float, ...]
    right: float
    sheet: int
    top: float
    size: float
    mono: bool = False

    @property
    def text(self) -> str:
        """The cells in one line."""
        return " ".join(self.cells)

    @property
    def left(self) -> float:
        """The distance of its beginning."""
        return self.lefts[0]


def reading_order(sheets: Sequence[Sheet]) -> list[Row]:
    """Return the rows of all sheets in the order of reading, but for running heads, page numbers and contents."""
    by_sheet = [list(_rows(number, sheet)) for number, sheet in enumerate(sheets)]
    running = _running(by_sheet)
    kept = [
        row
        for number, rows in enumerate(by_sheet)
        for index, row in enumerate(rows)
        if (number, index) not in running and not _CONTENTS.search(row.text)
    ]
    return [
        row if is_table else replace(row, cells=(row.text,), lefts=row.lefts[:1])
        for row, is_table in zip(kept, _tabular(kept), strict=True)
    ]


def _tabular(rows: Sequence[Row]) -> list[bool]:
    """Return for each row whether its gaps are those between cells: those of a row close to it are at the same place.

    Pictures in a line of text, as of formulas, leave gaps, too.
    """
    found = [row.mono and len(row.cells) > 1 for row in rows]
    several = [n for n, row in enumerate(rows) if len(row.cells) > 1]
    for one, other in pairwise(several):
        above, below = rows[one], rows[other]
        near = above.sheet == below.sheet and other - one <= _APART
        if near and any(abs(a - b) < 0.6 * above.size for a in above.lefts[1:9] for b in below.lefts[1:9]):
            found[one] = found[other] = True
    return found


def _rows(number: int, sheet: Sheet) -> Iterator[Row]:
    gutter = _gutter(sheet)
    lines: list[Line] = []
    for line in _by_columns(sheet.lines, gutter) if gutter is not None else sheet.lines:
        if lines and not _is_beside(lines[-1], line):
            yield _row(number, lines)
            lines = []
        lines.append(line)
    if lines:
        yield _row(number, lines)


def _is_beside(one: Line, other: Line) -> bool:
    """Return whether a line goes on to the right of another."""
    return abs(one.bottom - other.bottom) < 0.4 * min(one.size, other.size) and other.left >= one.right


def _row(number: int, lines: Sequence[Line]) -> Row:
    longest = max(lines, key=lambda line: len(line.text))
    return Row(
        tuple(line.text for line in lines),
        tuple(line.left for line in lines),
        lines[-1].right,
        number,
        max(line.top for line in lines),
        longest.size,
        all(line.mono for line in lines),
    )


def _gutter(sheet: Sheet) -> float | None:
    """Return where the space between two columns is, in points from the left; None on a sheet of one."""
    lines = [line for line in sheet.lines if line.right > line.left]
    if len(lines) < 12 or not sheet.width >= 1:  # a file may state any width, or none that is a number
        return None
    changes = [0] * (_BINS + 2)
    for line in lines:
        start, end = (int(max(0.0, min(1.0, x / sheet.width)) * _BINS) for x in (line.left, line.right))
        changes[start] += 1
        changes[end + 1] -= 1
    over, covering = [], 0
    for change in changes[:_BINS]:
        covering += change
        over.append(covering)
    middle = range(int(0.35 * _BINS), int(0.65 * _BINS))
    # The emptiest place nearest to the middle.
    best = min(middle, key=lambda at: (over[at], abs(at - _BINS / 2)))
    at = (best + 0.5) / _BINS * sheet.width
    left = [line for line in lines if line.right <= at]
    right = [line for line in lines if line.left >= at]
    crossing = len(lines) - len(left) - len(right)
    enough = min(len(left), len(right)) >= max(5, _SIDE * len(lines)) and crossing <= _CROSSING * len(lines)
    sides = (sum(len(line.text) for line in side) >= _LONG * len(side) for side in (left, right))
    return at if enough and all(sides) else None


def _by_columns(lines: Sequence[Line], gutter: float) -> Iterator[Line]:
    """Yield the left column, then the right one, between lines that go over both."""
    wide = sorted((line for line in lines if line.left < gutter < line.right), key=lambda line: -line.top)
    borders = [line.top for line in wide]
    bands: list[tuple[list[Line], list[Line]]] = [([], []) for _ in range(len(wide) + 1)]
    narrow = sorted(
        (line for line in lines if not line.left < gutter < line.right), key=lambda line: (-line.top, line.left)
    )
    band = 0
    for line in narrow:
        while band < len(borders) and line.top < borders[band]:
            band += 1
        bands[band][0 if line.right <= gutter else 1].append(line)
    for number, (left, right) in enumerate(bands):
        yield from left
        yield from right
        if number < len(wide):
            yield wide[number]


@dataclass(frozen=True, slots=True)
class _EdgeRow:
    """A row at the edge of a sheet: ``rank`` is 0 for the outermost, ``key`` what it has in common with others."""

    sheet: int
    index: int
    side: str
    rank: int
    row: Row

    @property
    def words(self) -> str:
        return _NUMBERS.sub("#", self.row.text.lower())

    @property
    def key(self) -> tuple[str, int, str]:
        return self.side, round(self.row.top / 12), self.words


def _running(by_sheet: Sequence[Sequence[Row]]) -> set[tuple[int, int]]:
    """Return sheet and index of the rows that repeat at the edges of sheets, and of page numbers.

    A row inside of one that does not repeat does not count: a heading that begins many sheets is none of them.
    """
    edges = [one for number, rows in enumerate(by_sheet) for one in _edges(number, rows)]
    counts = Counter(one.key for one in edges)
    numbered = _numbered(by_sheet, edges)
    least = max(3, _REPEATED * len(by_sheet))
    running: set[tuple[int, int]] = set()
    inside: set[tuple[int, str]] = set()
    for one in edges:  # from the outermost of each side on
        number_alone = counts[one.key] >= 2 and _NUMBER_ALONE.fullmatch(one.words)
        repeats = counts[one.key] >= least or number_alone or (one.sheet, one.index) in numbered
        if repeats and (one.sheet, one.side) not in inside:
            running.add((one.sheet, one.index))
        else:
            inside.add((one.sheet, one.side))
    return running


def _edges(number: int, rows: Sequence[Row]) -> Iterator[_EdgeRow]:
    order = sorted(range(len(rows)), key=lambda index: -rows[index].top)
    middle = (len(order) + 1) // 2
    for rank, index in enumerate(order[: min(_EDGE, middle)]):
        yield _EdgeRow(number, index, "top", rank, rows[index])
    for rank, index in enumerate(order[: max(middle - 1, len(order) - 1 - _EDGE) : -1] if middle < len(order) else []):
        yield _EdgeRow(number, index, "bottom", rank, rows[index])


def _numbered(by_sheet: Sequence[Sequence[Row]], edges: Sequence[_EdgeRow]) -> set[tuple[int, int]]:
    """Return the outermost rows that begin or end with a number which grows with the sheets: heads of chapters."""
    sizes = sorted(row.size for rows in by_sheet for row in rows)
    usual = sizes[len(sizes) // 2] if sizes else 0.0
    offsets: dict[tuple[int, int], tuple[str, int]] = {}
    for one in edges:
        text = one.row.text
        may_be = one.rank == 0 and len(text) <= _LONGEST_HEAD and one.row.size <= 1.1 * usual
        found = _AT_END.search(text) or _AT_START.match(text) if may_be else None
        if found:
            offsets[one.sheet, one.index] = (one.side, int(found[1]) - one.sheet)
    counts = Counter(offsets.values())
    least = max(3, _SAME_OFFSET * len(by_sheet))
    return {place for place, offset in offsets.items() if counts[offset] >= least}
