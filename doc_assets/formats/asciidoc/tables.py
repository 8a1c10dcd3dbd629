"""Tables: cells between ``|`` with their spans and styles, CSV and DSV, columns, heads, tables in cells.

Where a value stands follows ``table_grid``, how a long table is cut ``table_pieces``, as in all formats.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from doc_assets.document import Block
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.block_attributes import BlockAttributes
from doc_assets.formats.asciidoc.nested import NestedReader
from doc_assets.formats.packing import labelled
from doc_assets.formats.table_grid import Cell, TableGrid, row_text
from doc_assets.formats.table_pieces import table_blocks

_SPEC = re.compile(
    r"(?:^|[ \t\n])(?:(?P<count>\d{1,3}(?:\.\d{0,3})?|\.\d{1,3})(?P<act>[*+]))?"
    r"(?:[<^>](?:\.[<^>])?|\.[<^>])?(?P<style>[aehlmsdv])?$"
)
_COLUMN = re.compile(r"(?:(\d{1,2})\*)?[<^>.]*\d*(?:\.\d*)?[%~]?[<^>.]*([aehlmsdv])?$")
_MAX_COLUMNS = 64
_LONGEST_SPEC = 16
_REPEATED = 20  # a repeated cell; more is a mistake


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    columns: int = 1
    rows: int = 1
    style: str = ""


def table_of(opening: str, lines: list[str], about: BlockAttributes, reader: NestedReader, depth: int) -> list[Block]:
    """Return the blocks of a table without its title.

    Args:
        opening: Its first line, ``|===``.
        lines: What is in it.
        about: The lines above it: columns, format, separator, head.
        reader: Reads the words and blocks in its cells.
        depth: Blocks that it stands in.
    """
    columns = _columns(about.named.get("cols", ""))
    kind = about.named.get("format", {",": "csv", ":": "dsv"}.get(opening[0], "psv"))
    separator = about.named.get("separator", "").replace("\\t", "\t")[:1]
    if kind == "psv":
        cells, first = _psv(lines, separator or opening[0], reader.attributes)
        rows = _rows(cells, len(columns) or first)
    else:
        found = _separated(lines, separator or {"csv": ",", "tsv": "\t"}.get(kind, ":"), is_dsv=kind == "dsv")
        rows = [[_Cell(text) for text in row] for row in found]
    is_headed = "header" in about.options or (
        "noheader" not in about.options and _has_head(lines, separator or opening[0] if kind == "psv" else "")
    )
    return list(_blocks([_styled(row, columns) for row in rows], is_headed, reader, depth))


def _columns(stated: str) -> list[str]:
    """Return the style of each column, "" for the usual one."""
    styles: list[str] = []
    for one in re.split("[,;]", stated) if stated.strip() else ():
        match = _COLUMN.match(one.strip())
        count = int(match[1]) if match and match[1] else 1
        styles += [(match[2] or "") if match else ""] * max(1, count)
    return styles[:_MAX_COLUMNS]


def _has_head(lines: Sequence[str], separator: str) -> bool:
    """Return whether the first row is the head without being said to be: one line, below it a blank one and a cell."""
    if len(lines) < 3 or not lines[0].strip() or lines[1].strip():
        return False
    below = next((line for line in lines[2:] if line.strip()), "")
    lead, found, _ = below.partition(separator) if separator else ("", below, "")
    return bool(found) and (not lead.strip() or _spec(lead)[1] is not None)


def _psv(lines: Sequence[str], separator: str, attributes: Attributes) -> tuple[list[_Cell], int]:
    """Return the cells between separators, and how many columns those in the first line with any take."""
    pieces = re.split(rf"(?<!\\){re.escape(separator)}", "\n".join(lines))
    cells: list[_Cell] = []
    first = 0
    in_first_line = True
    lead, spec = _spec(pieces[0])
    if lead.strip():
        cells.append(_Cell(lead))
        first = 1
    for number, piece in enumerate(pieces[1:], 2):
        content, following = (piece, None) if number == len(pieces) else _spec(piece)
        cell, times = _cell(content.replace("\\" + separator, separator), spec)
        if not attributes.has_room(len(cell.text) * (times - 1)):
            times = 1  # a table in a repeated cell can have repeated cells
        cells += [cell] * times
        first += cell.columns * times if in_first_line else 0
        below = piece.rpartition("\n")[2].strip()
        if "\n" in piece and below == (following[0].strip() if following else ""):
            in_first_line = False  # the next separator begins a line
        spec = following
    return cells, max(1, first)


def _spec(piece: str) -> tuple[str, re.Match[str] | None]:
    """Return the text before a separator without the specification of the cell after it, and that."""
    tail = piece[-_LONGEST_SPEC:]
    start = max(tail.rfind(" "), tail.rfind("\n"), tail.rfind("\t"))
    if start < 0 and len(piece) > _LONGEST_SPEC:
        return piece, None
    match = _SPEC.match(tail[max(0, start) :]) if tail else None
    if match is None or not match[0].strip():
        return piece, None
    return piece[: len(piece) - len(tail) + max(0, start)], match


def _cell(text: str, spec: re.Match[str] | None) -> tuple[_Cell, int]:
    if spec is None:
        return _Cell(text), 1
    columns = rows = times = 1
    if spec["count"]:
        across, _, down = spec["count"].partition(".")
        if spec["act"] == "*":
            times = min(_REPEATED, max(1, int(across or 1)))
        else:
            columns, rows = max(1, int(across or 1)), max(1, int(down or 1))
    return _Cell(text, columns, rows, spec["style"] or ""), times


def _rows(cells: Iterable[_Cell], width: int) -> list[list[_Cell]]:
    """Return the cells row by row, in a table of ``width`` columns."""
    rows: list[list[_Cell]] = []
    row: list[_Cell] = []
    held: list[int] = []  # columns that cells above take in the rows to come
    used = 0
    for cell in cells:
        if used >= width and not row:
            rows.append(row)
            used = held.pop(0) if held else 0
        row.append(cell)
        used += cell.columns
        for below in range(min(cell.rows - 1, 1_000)):
            if below == len(held):
                held.append(0)
            held[below] += cell.columns
        if used >= width:
            rows.append(row)
            row = []
            used = held.pop(0) if held else 0
    if row:
        rows.append(row)
    return [row for row in rows if row]


def _separated(lines: Sequence[str], separator: str, *, is_dsv: bool) -> list[list[str]]:
    kept = [line for line in lines if line.strip()]
    if is_dsv:
        pattern = re.compile(rf"(?<!\\){re.escape(separator)}")
        return [[part.replace("\\" + separator, separator) for part in pattern.split(line)] for line in kept]
    try:
        return list(csv.reader([line + "\n" for line in kept], delimiter=separator, skipinitialspace=True))
    except (csv.Error, TypeError, ValueError):  # a field without an end, a separator that csv refuses
        return [line.split(separator) for line in kept]


def _styled(row: list[_Cell], columns: Sequence[str]) -> list[_Cell]:
    styled: list[_Cell] = []
    position = 0
    for cell in row:
        style = cell.style or (columns[position] if position < len(columns) else "")
        styled.append(replace(cell, style=style) if style != cell.style else cell)
        position += cell.columns
    return styled


def _blocks(rows: list[list[_Cell]], is_headed: bool, reader: NestedReader, depth: int) -> Iterator[Block]:
    grid = TableGrid()
    heads = 1 if is_headed and rows else 0
    read = [[_content(cell, reader, depth, is_head=n < heads) for cell in row] for n, row in enumerate(rows)]
    if any(_is_long(found) for row in read[heads:] for found in row):
        names = grid.row(_flat(rows[0], read[0])) if heads else []
        for row, contents in zip(rows[heads:], read[heads:], strict=True):
            position = 0
            for cell, found in zip(row, contents, strict=True):
                name = names[position] if position < len(names) else ""
                yield from labelled(name, found) if found else ()
                position += cell.columns
        return
    lines = [row_text(grid.row(_flat(row, found))) for row, found in zip(rows, read, strict=True)]
    named = [line for line in lines[:heads] if re.search(r"\w", line)]
    yield from table_blocks([*named, *(line for line in lines[heads:] if re.search(r"[\w✓✔✗✘☑]", line))], len(named))


def _flat(row: Iterable[_Cell], contents: Iterable[list[Block]]) -> list[Cell]:
    return [
        Cell(" ".join(" ".join(block.text for block in found).split()), cell.columns, cell.rows)
        for cell, found in zip(row, contents, strict=True)
    ]


def _content(cell: _Cell, reader: NestedReader, depth: int, *, is_head: bool) -> list[Block]:
    source = cell.text.rstrip()
    source = re.sub(r"\A(?:[^\S\n]*\n)+", "", source) if source.startswith("\n") else source.lstrip()
    if not source:
        return []
    if cell.style == "a" and not is_head:
        return reader.blocks(source.split("\n"), depth + 1)
    if cell.style in ("l", "v") and not is_head:
        text = source if cell.style == "l" else reader.inline.text(source, keep_lines=True)
        return [Block(text, "code" if cell.style == "l" else "prose")] if text else []
    texts = [reader.inline.text(part.strip()) for part in re.split(r"\n[ \t]*\n", source)]
    if cell.style == "m" and not is_head:
        texts = [f"`{text}`" if "`" not in text else text for text in texts]
    return [Block(text) for text in texts if text]


def _is_long(found: Sequence[Block]) -> bool:
    return any(block.kind == "code" and "\n" in block.text for block in found)
