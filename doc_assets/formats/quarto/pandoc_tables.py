"""Tables of Pandoc that CommonMark does not know (grid, simple, multiline), and line blocks, as Markdown.

Grid tables whose cells hold lists or listings become a ``list-table``, which the Markdown reader knows.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

_BORDER = re.compile(r"[ ]{0,3}\+(?:[:=-]+\+)+[ \t]*$")
_PIECE_OF_BORDER = re.compile(r"\+[:=-]+\+")
_DASHES = re.compile(r"[ ]{0,3}-{2,}(?:[ \t]+-{1,})+[ \t]*$")
_RULE = re.compile(r"[ ]{0,3}-{3,}[ \t]*$")
_CORNER = re.compile(r"\+(?=[:=-]{2})|(?<=[:=-])\+")
_RUN = re.compile(r"-+")
_CAPTION = re.compile(r"[ ]{0,3}(?:[Tt]able)?:[ \t]+(?=\S)")
_LINE_OF_BLOCK = re.compile(r"\|(?:[ ](?P<text>.*))?$")
_BLOCK_IN_CELL = re.compile(r"[ ]{0,3}(?:[-*+][ ]|\d{1,3}[.)][ ]|`{3}|~{3})")
_MOST_COLUMNS = 100
_LONGEST_HEAD = 10  # lines
_FENCE = "~" * 20

_Rows = list[list[list[str]]]


def rewrite_tables(prose: str) -> str:
    """Return a stretch of prose with its tables and line blocks as CommonMark, in time linear in its length."""
    if "---" not in prose and "\n| " not in prose and not prose.startswith("| "):
        return prose
    return "\n".join(_Walk(prose.split("\n")).read())


class _Walk:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.out: list[str] = []
        self.no_grid = 0  # lines before this one are known to be in no grid
        self.ruled = [n for n, line in enumerate(lines) if _RULE.match(line) or _DASHES.match(line)]

    def read(self) -> list[str]:
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            body = line.lstrip(" ")
            after = 0
            if body.startswith("+-") or body.startswith("+=") or body.startswith("+:"):
                after = self.grid(number) if _BORDER.match(line) else 0
            elif body.startswith("--"):
                after = self.ruled_table(number)
            elif line.startswith("|") and _LINE_OF_BLOCK.match(line):
                after = self.line_block(number)
            if after:
                number = after
            else:
                self.out.append(line)
                number += 1
        return self.out

    def grid(self, start: int) -> int:
        """Write the grid table that starts at a line; return the number of the line after it, 0 if there is none."""
        if start < self.no_grid:
            return 0
        end = start + 1
        while end < len(self.lines) and self.lines[end].lstrip(" ")[:1] in ("|", "+") and self.lines[end].strip():
            end += 1
        if end - start < 3 or not _BORDER.match(self.lines[end - 1]):
            self.no_grid = end
            return 0
        rows, heads = _grid_rows(self.lines[start:end])
        if not rows:
            self.no_grid = end
            return 0
        self.write(rows, heads)
        return end

    def ruled_table(self, number: int) -> int:
        """Write the simple or multiline table whose first rule a line is, as ``grid`` does."""
        lines = self.lines
        above = lines[number - 1] if number else ""
        if _DASHES.match(lines[number]):
            if above.strip() and self.out and self.out[-1] == above and (number < 2 or not lines[number - 2].strip()):
                self.out.pop()
                return self.simple(number, [above])
            return 0 if above.strip() else self.headless(number)
        if not _RULE.match(lines[number]) or above.strip():
            return 0
        head = next(
            (n for n in self.ruled_after(number)[:1] if n - number <= _LONGEST_HEAD and _DASHES.match(lines[n])), 0
        )
        if not head or not all(line.strip() for line in lines[number + 1 : head]) or head == number + 1:
            return 0
        return self.multiline(head, lines[number + 1 : head])

    def ruled_after(self, number: int) -> Sequence[int]:
        at = bisect_left(self.ruled, number + 1)
        return self.ruled[at : at + 2]

    def simple(self, rule: int, head: list[str]) -> int:
        end = rule + 1
        while end < len(self.lines) and self.lines[end].strip() and not _DASHES.match(self.lines[end]):
            end += 1
        starts = _starts(self.lines[rule])
        rows = [[[cell] for cell in _cut(line, starts)] for line in (*head, *self.lines[rule + 1 : end])]
        self.write(rows, len(head))
        return end + 1 if end < len(self.lines) and _DASHES.match(self.lines[end]) else end

    def headless(self, rule: int) -> int:
        last = next(iter(self.ruled_after(rule)), 0)
        if not last or last == rule + 1 or (last + 1 < len(self.lines) and self.lines[last + 1].strip()):
            return 0
        if all(line.strip() for line in self.lines[rule + 1 : last]):
            return self.simple(rule, [])
        return self.multiline(rule, [])

    def multiline(self, rule: int, head: Sequence[str]) -> int:
        last = next(iter(self.ruled_after(rule)), 0)
        if not last or (last + 1 < len(self.lines) and self.lines[last + 1].strip()):
            return 0
        starts = _starts(self.lines[rule])
        rows: _Rows = [_joined([_cut(line, starts) for line in head])] if head else []
        row: list[list[str]] = []
        for line in (*self.lines[rule + 1 : last], ""):
            if line.strip():
                row.append(_cut(line, starts))
            elif row:
                rows.append(_joined(row))
                row = []
        self.write(rows, 1 if head else 0)
        return last + 1

    def line_block(self, start: int) -> int:
        """Write the lines of a verse or an address, each as a line of its own."""
        if start and self.lines[start - 1].strip():
            return 0
        end = start
        texts: list[str] = []
        while end < len(self.lines) and (match := _LINE_OF_BLOCK.match(self.lines[end])):
            text = (match["text"] or "").rstrip()
            if text.endswith("|") or re.fullmatch(r"[|: -]*-{2}[|: -]*", text):
                return 0  # a pipe table
            texts.append(text)
            end += 1
        self.out += [(text.lstrip(" ") + "\\" if text.strip() else "") for text in texts[:-1]]
        self.out.append(texts[-1].lstrip(" "))
        return end

    def write(self, rows: _Rows, heads: int) -> None:
        """Write a table; a caption before it loses its mark."""
        at = len(self.out) - 1
        while at >= 0 and len(self.out) - at < 4 and not self.out[at].strip():
            at -= 1
        if at >= 0 and (mark := _CAPTION.match(self.out[at])) and (at == 0 or not self.out[at - 1].strip()):
            self.out[at] = self.out[at][mark.end() :]
        self.out.append("")
        if any(_BLOCK_IN_CELL.match(line) for row in rows for cell in row for line in cell):
            self.out += _list_table(rows, heads)
        else:
            self.out += _pipe_table(rows, heads)
        self.out.append("")


def _starts(rule: str) -> list[int]:
    return [match.start() for match in _RUN.finditer(rule)][:_MOST_COLUMNS]


def _cut(line: str, starts: Sequence[int]) -> list[str]:
    ends = [*starts[1:], len(line)]
    firsts = [0, *starts[1:]]
    return [line[first:end].strip() for first, end in zip(firsts, ends, strict=True)]


def _joined(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells of a row that takes several lines."""
    return [[" ".join(cell for cell in column if cell)] for column in zip(*lines, strict=True)]


def _grid_rows(lines: Sequence[str]) -> tuple[_Rows, int]:
    """Return the lines of each cell of each row, and how many rows are the head."""
    margin = len(lines[0]) - len(lines[0].lstrip(" "))
    lines = [line[margin:] if not line[:margin].strip() else line for line in lines]
    borders = [line for line in lines if _BORDER.match(line) or _is_mixed(line)]
    edges = sorted({match.start() for line in borders for match in _CORNER.finditer(line)})[: _MOST_COLUMNS + 1]
    rows: _Rows = []
    row: list[list[str]] = [[] for _ in edges[1:]]
    heads = 0

    def end_row() -> None:
        nonlocal row
        if any(line for cell in row for line in cell):
            rows.append([_dedented(cell) for cell in row])
        row = [[] for _ in edges[1:]]

    for line in lines[1:]:
        if _BORDER.match(line):
            end_row()
            if "=" in line and not heads:
                heads = len(rows)
            continue
        if _is_mixed(line):
            end_row()
        column = 0
        while column < len(edges) - 1:
            last = column + 1
            while last < len(edges) - 1 and line[edges[last] : edges[last] + 1] not in ("|", "+"):
                last += 1  # a cell that spans columns
            text = line[edges[column] + 1 : edges[last]].rstrip()
            if text.strip("-=: ") or not text.strip():
                row[column].append(text)
            column = last
    end_row()
    return rows, heads


def _is_mixed(line: str) -> bool:
    """Return whether a line of a grid is a border that cells of several rows interrupt."""
    return line.rstrip()[-1:] in ("|", "+") and _PIECE_OF_BORDER.search(line) is not None


def _dedented(cell: Sequence[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip(" ")) for line in cell if line.strip()), default=0)
    lines = [line[margin:] for line in cell]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _pipe_table(rows: _Rows, heads: int) -> list[str]:
    width = max(map(len, rows), default=0)
    cells = [[" ".join(" ".join(cell).split()).replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    head = lines[0] if heads else "|" + "   |" * width
    return [head, "|" + "---|" * width, *lines[1 if heads else 0 :]]


def _list_table(rows: _Rows, heads: int) -> list[str]:
    out = [f"{_FENCE}{{list-table}}", f":header-rows: {heads}", ""]
    for row in rows:
        for number, cell in enumerate(row):
            lines = cell or [""]
            out.append(("* - " if number == 0 else "  - ") + lines[0])
            out += [f"    {line}" if line else "" for line in lines[1:]]
    return [*out, _FENCE]
