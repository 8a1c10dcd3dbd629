"""Tables of raw HTML in Markdown, also those whose cells hold Markdown between their tags.

A table of words gives rows, by the rule of ``table_grid`` for spans. One whose cells hold listings, headings or tables
lays out a page: its cells follow one another, each below the name of its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from doc_assets.document import Block
from doc_assets.formats.parts import Part
from doc_assets.formats.table_grid import Cell, TableGrid, row_text
from doc_assets.formats.table_pieces import table_blocks

_MARKERS = re.compile(r"(?m)^[ ]*-[ ]")


@dataclass(slots=True)
class HtmlCell:
    """A cell, with what stands in it."""

    head: bool
    columns: int = 1
    rows: int = 1
    parts: list[Part] = field(default_factory=list)

    def text(self) -> str:
        """Return the cell's words on one line."""
        texts = (_MARKERS.sub("", p.text) if p.kind == "list" else p.text for p in self.parts if isinstance(p, Block))
        return " ".join(" ".join(texts).split())


@dataclass(slots=True)
class HtmlTable:
    """An open table: its rows, and what stands between them, in order.

    Attributes:
        stated: Whether it was opened by its tag; a row or cell without one opens a table for the piece of HTML.
    """

    stated: bool
    items: list[list[HtmlCell] | Part] = field(default_factory=list)
    row: list[HtmlCell] | None = None
    cell: HtmlCell | None = None

    def start_row(self) -> None:
        """End the open row."""
        self.row = self.cell = None

    def start_cell(self, cell: HtmlCell) -> None:
        """Add a cell to the open row, or to a new one."""
        if self.row is None:
            self.row = []
            self.items.append(self.row)
        self.row.append(cell)
        self.cell = cell

    def add(self, part: Part) -> None:
        """Add what stands in the open cell, or else between the rows."""
        if self.cell is not None:
            self.cell.parts.append(part)
        else:
            self.items.append(part)

    def finish(self) -> Iterator[Part]:
        """Yield the table's parts."""
        rows = [item for item in self.items if isinstance(item, list)]
        parts = [part for row in rows for cell in row for part in cell.parts]
        if any(not isinstance(part, Block) or part.kind not in ("prose", "list") for part in parts):
            yield from self._laid_out(_names(rows))
            return
        yield from (item for item in self.items if not isinstance(item, list))
        if all(len(row) <= 1 and not any(cell.head for cell in row) for row in rows):
            texts = [text for row in rows for cell in row if (text := cell.text())]
            if len(parts) <= len(texts):
                yield from [Block("\n".join(texts))] if texts else []
            else:
                yield from parts
            return
        grid = TableGrid()
        lines = [row_text(grid.row([Cell(c.text(), c.columns, c.rows) for c in row])) for row in rows]
        heads = next((i for i, row in enumerate(rows) if not all(cell.head for cell in row)), len(rows))
        yield from table_blocks(lines, heads)

    def _laid_out(self, names: Sequence[str]) -> Iterator[Part]:
        is_first = True
        for item in self.items:
            if not isinstance(item, list):
                yield item
                continue
            column = 0
            for cell in item if not (is_first and names) else ():
                name = names[column] if column < len(names) else ""
                if name and any(isinstance(part, Block) for part in cell.parts):
                    yield Block(name)
                yield from cell.parts
                column += max(1, cell.columns)
            is_first = False


def _names(rows: Sequence[Sequence[HtmlCell]]) -> list[str]:
    """Return the names of the columns, if the first row holds nothing else."""
    if not rows or len(rows[0]) < 2 or not all(cell.head for cell in rows[0]):
        return []
    if any(not isinstance(part, Block) or part.kind != "prose" for cell in rows[0] for part in cell.parts):
        return []
    names: list[str] = []
    for cell in rows[0]:
        names += [cell.text()] * min(max(1, cell.columns), 64)
    return names
