"""Rows of a table whose cells span rows and columns: one rule for HTML, raw HTML in Markdown and RST.

A value that spans rows stands in each of them, as a passage may hold only some of the rows. A value that spans columns
stands in the first of them, and the others are empty. So each value is in its column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MOST_COLUMNS = 64  # of a row that spans can fill; further cells follow one another
_LONGEST_REPEATED = 200  # characters of a value; a longer one stands in its first row only
# Characters that spans may add to a table beyond four times its own: a cell can claim to span 65,534 rows.
_FREE_REPEATS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written: its text in one line, and the columns and rows that it spans (0 and less count as 1)."""

    text: str
    columns: int = 1
    rows: int = 1


class TableGrid:
    """Places the cells of one table, row by row, in time and memory linear in their text."""

    def __init__(self) -> None:
        """Start a table without rows."""
        self._held: dict[int, tuple[str, int]] = {}  # by column: a value from above, and the rows it still spans
        self._budget = _FREE_REPEATS

    def row(self, cells: Iterable[Cell]) -> list[str]:
        """Return the values of the next row, one for each column; [] for a row that has no cell of its own."""
        values: list[str] = []
        own = False
        below: dict[int, tuple[str, int]] = {}
        for cell in cells:
            own = True
            self._take_from_above(values, below)
            self._budget += 4 * (len(cell.text) + 2)
            width = max(1, min(cell.columns, _MOST_COLUMNS - len(values)))
            if cell.rows > 1 and len(values) < _MOST_COLUMNS:
                repeated = cell.text if len(cell.text) <= _LONGEST_REPEATED else ""
                below |= {len(values) + i: ("" if i else repeated, cell.rows - 1) for i in range(width)}
            values.append(cell.text)
            values.extend("" for _ in range(self._afford(width - 1, 3)))
        if own:
            self._take_from_above(values, below)
        for column, (text, rows) in self._held.items():
            if rows > 1 and column not in below:
                below[column] = (text, rows - 1)
        self._held = below
        return values if own else []

    def end_group(self) -> None:
        """End all spans: none leads out of the head, a body or the foot of a table."""
        self._held = {}

    def _take_from_above(self, values: list[str], below: dict[int, tuple[str, int]]) -> None:
        """Append the values that span into this row at the next columns."""
        while (held := self._held.get(len(values))) and len(values) not in below:
            if self._afford(1, len(held[0]) + 3):
                values.append(held[0])
            elif self._afford(1, 3):
                values.append("")
            else:
                self._held = {}

    def _afford(self, count: int, size: int) -> int:
        """Return ``count`` if so many additions of ``size`` characters are within the budget, else 0."""
        if count * size > self._budget:
            return 0
        self._budget -= count * size
        return count


def row_text(values: Iterable[str]) -> str:
    """Return a row as one line, ``a | b``, without empty cells at its end; "" for a row of empty cells."""
    return " | ".join(values).rstrip(" |").strip()
