"""Rows of docutils' tables and of the lists that ``list-table`` and ``flat-table`` are written as.

Each value stands in its column by the rule of ``table_grid``. A long table is split between rows, each piece below the
head. Cells with listings stand one below the other, each below the head of its column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from docutils import nodes

from doc_assets.document import Block
from doc_assets.formats.packing import labelled
from doc_assets.formats.table_grid import Cell, TableGrid, row_text
from doc_assets.formats.table_pieces import table_blocks as in_pieces

_BlocksOf = Callable[[nodes.Node], list[Block]]


@dataclass(frozen=True, slots=True)
class _Cell:
    content: nodes.Element
    columns: int = 1
    rows: int = 1


def table_blocks(table: nodes.Element, blocks_of: _BlocksOf) -> list[Block]:
    """Return the blocks of a table of docutils without its title."""
    rows = [row for row in table.findall(nodes.row) if _closest_table(row) is table]
    cells = [
        [
            _Cell(entry, entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1)
            for entry in row.children
            if isinstance(entry, nodes.Element)
        ]
        for row in rows
    ]
    heads = table.get("heads", sum(1 for row in rows if isinstance(row.parent, nodes.thead)))
    return _blocks(cells, heads, blocks_of)


def list_table_blocks(rows: nodes.Element, heads: int, blocks_of: _BlocksOf) -> list[Block]:
    """Return the blocks of a table written as a list of rows, each of which is a list of cells."""
    cells = []
    for item in rows.children:
        lists = [part for part in item.children if isinstance(part, nodes.bullet_list)]
        entries = [cell for part in lists for cell in part.children] or [item]
        cells.append([_spanning(entry) for entry in entries if isinstance(entry, nodes.Element)])
    return _blocks(cells, heads, blocks_of)


def _spanning(entry: nodes.Element) -> _Cell:
    """Return a cell with the spans that the kernel's roles ``cspan`` and ``rspan`` in it state."""
    spans = {"cspan": 0, "rspan": 0}
    first = next(iter(entry.children), None)
    for node in first.children if isinstance(first, nodes.paragraph) else ():
        if isinstance(node, nodes.inline) and (stated := node.get("span")) and stated[1].strip().isdecimal():
            spans[stated[0]] = int(stated[1].strip()[:4])
    return _Cell(entry, spans["cspan"] + 1, spans["rspan"] + 1)


def _blocks(rows: Sequence[Sequence[_Cell]], heads: int, blocks_of: _BlocksOf) -> list[Block]:
    grid = TableGrid()
    if any(_holds_listing(cell.content) for row in rows[heads:] for cell in row):
        names = [grid.row(_texts(row, blocks_of)) for row in rows[:heads]]
        return list(_one_below_the_other(rows[heads:], names[-1] if names else [], blocks_of))
    lines = [row_text(grid.row(_texts(row, blocks_of))) for row in rows]
    return _packed(lines[:heads], lines[heads:])


def _texts(row: Iterable[_Cell], blocks_of: _BlocksOf) -> list[Cell]:
    return [Cell(_text(cell.content, blocks_of), cell.columns, cell.rows) for cell in row]


def _text(content: nodes.Element, blocks_of: _BlocksOf) -> str:
    return " ".join(" ".join(block.text for child in content.children for block in blocks_of(child)).split())


def _holds_listing(content: nodes.Element) -> bool:
    return any("\n" in listing.astext().strip() for listing in content.findall(nodes.literal_block))


def _one_below_the_other(
    rows: Iterable[Sequence[_Cell]], names: Sequence[str], blocks_of: _BlocksOf
) -> Iterator[Block]:
    for row in rows:
        for column, cell in enumerate(row):
            found = [block for child in cell.content.children for block in blocks_of(child)]
            yield from labelled(names[column] if column < len(names) else "", found) if found else ()


def _packed(heads: Sequence[str], rows: Sequence[str]) -> list[Block]:
    """Return the rows that hold a word or number, in pieces that each stand below the head."""
    named = [row for row in heads if re.search(r"\w", row)]
    return in_pieces([*named, *(row for row in rows if re.search(r"\w", row))], len(named))


def _closest_table(node: nodes.Node) -> nodes.Node | None:
    while node is not None and not isinstance(node, nodes.table):
        node = node.parent
    return node
