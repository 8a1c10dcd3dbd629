"""Tables of tbl (``.TS`` to ``.TE``): rows with a value for each column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from doc_assets.document import Block
from doc_assets.formats.man.escapes import plain
from doc_assets.formats.man.requests import Line
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_SEPARATOR = re.compile(r"\btab[ \t]{0,5}\((.)\)")
_RULE = re.compile(r"[ \t]*(?:_|=|\\_|\\=)*[ \t]*")
_BOLD = re.compile(r"[lcrnLCRN][^lcrnaLCRNA]{0,20}?(?:[bB]|[fF]B|f\(CB)|[bB][lcrnLCRN]")

Cell = list[Line]


class Table:
    """Collects the lines of a table: options, formats, rows."""

    def __init__(self) -> None:
        """Start before the options."""
        self.separator = "\t"
        self.rows: list[list[Cell]] = []
        self.heads = 0
        self.is_bold = False  # the first row is, as names of columns are
        self._state = "options"
        self._text: Cell | None = None  # of the cell between T{ and T}
        self._open: list[Cell] = []  # cells before it in the row

    def add(self, name: str | None, rest: str) -> None:
        """Add a line of the page: a macro's, or text."""
        if self._text is not None:
            if name is None and rest.startswith("T}"):
                self._open.append(self._text)
                self._text = None
                self._cells(rest[2:].removeprefix(self.separator), continued=rest[2:3] == self.separator)
            else:
                self._text.append((name, rest))
        elif name == "T&":
            self._state = "format"
        elif name == "TH":
            self.heads = len(self.rows)
        elif name is None:
            self._line(rest)

    def _line(self, text: str) -> None:
        if self._state == "options":
            self._state = "format"
            options, end, text = text.rpartition(";")
            if end and (match := _SEPARATOR.search(options.lower())):
                self.separator = options[match.start(1)]
            if not text.strip():
                return
        if self._state == "format":
            if not self.rows and _BOLD.match(text.lstrip(" |")):
                self.is_bold = True
            if text.rstrip().endswith("."):
                self._state = "rows"
        elif _RULE.fullmatch(text):
            if len(self.rows) == 1 and not self.heads:
                self.heads = 1
        else:
            self._cells(text)

    def _cells(self, text: str, *, continued: bool = True) -> None:
        """Add the cells of a line to the open row; the last may go on in the next lines."""
        cells = text.split(self.separator) if continued else []
        last = cells[-1] if cells else ""
        self._open.extend([(None, cell)] if cell.strip() else [] for cell in cells[:-1])
        if last.rstrip() == "T{":
            self._text = []
            return
        if cells:
            self._open.append([(None, last)] if last.strip() else [])
        self.rows.append(self._open)
        self._open = []

    def close(self) -> None:
        """End the row that is open."""
        if self._text is not None:
            self._open.append(self._text)
        if self._open:
            self.rows.append(self._open)
        self._open, self._text = [], None


def table_blocks_of(table: Table, read: Callable[[Cell], str]) -> list[Block]:
    """Return a table as blocks; ``read`` gives the text of a cell that holds macros."""
    table.close()
    heads = table.heads or int(table.is_bold and len(table.rows) > 1)
    return table_blocks(list(_lines(table, read)), heads)


def _lines(table: Table, read: Callable[[Cell], str]) -> Iterator[str]:
    above: list[str] = []
    for row in table.rows:
        values = [_value(cell, read) for cell in row]
        # A cell that goes on from the row above stands in this one, too.
        values = [
            above[at] if value == r"\^" and at < len(above) else value.replace(r"\^", "")
            for at, value in enumerate(values)
        ]
        above = values
        yield row_text(values)


def _value(cell: Cell, read: Callable[[Cell], str]) -> str:
    if not cell:
        return ""
    if len(cell) == 1 and cell[0][0] is None:
        raw = cell[0][1].strip()
        if raw == r"\^":
            return raw
        return "" if _RULE.fullmatch(raw) else " ".join(plain(raw).replace("\x01", "").split())
    return read(cell)
