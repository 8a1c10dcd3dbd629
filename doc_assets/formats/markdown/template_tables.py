"""Rewrites tables that template tags hold (lists in Markdoc, YAML in Kong's docs) as Markdown's tables."""

from __future__ import annotations

import re

from doc_assets.formats.markdown.front_matter import read_yaml

_TABLE = re.compile(
    r"^[ ]{0,3}\{%[ \t]*table(?:[ \t][^{}%]{0,200})?%\}[ \t]*\n"
    r"(?P<body>(?:[^{]|\{(?!%[ \t]*(?:/[ \t]*|end)?table\b)){0,100000}+)\{%[ \t]*(?:/[ \t]*|end)table[ \t]*%\}",
    re.MULTILINE,
)


def write_tables(text: str) -> str:
    """Rewrite the tables of tags, but for those with listings or tags in them, which stay lists."""
    return _TABLE.sub(_table, text) if "table %}" in text else text


def _table(match: re.Match[str]) -> str:
    body = match["body"].strip("\n")
    if "```" in body or "~~~" in body or "{%" in body:
        return match[0]
    rows = _rows_of_data(body) if body.lstrip().startswith("columns:") else _rows_of_lists(body)
    width = max((len(row) for row in rows), default=0)
    if width < 2:  # one column is a list
        return match[0]
    cells = [[cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n\n" + "\n".join((lines[0], "|" + "---|" * width, *lines[1:])) + "\n\n"


def _rows_of_lists(body: str) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    column = 3  # of the marks of cells
    for line in body.split("\n"):
        if not line.strip():
            continue
        if re.fullmatch(r"[ ]{0,3}-{3,}[ \t]*", line):
            rows.append([])
        elif (item := re.match(r"([ ]{0,3})[*+-](?:[ \t]+(.*))?$", line)) and len(item[1]) <= column:
            column = len(item[1])
            rows[-1].append((item[2] or "").strip())
        elif rows[-1]:
            words = re.sub(r"^[ \t]*(?:[*+-][ \t]+)?", "", line)  # of a list in the cell
            rows[-1][-1] = f"{rows[-1][-1]} {words.strip()}".strip()
        else:
            return []
    headless = not rows[0]
    rows = [row for row in rows if row]
    return [[""] * len(rows[0]), *rows] if headless and rows else rows


def _rows_of_data(body: str) -> list[list[str]]:
    data = read_yaml(body) or {}
    columns, rows = data.get("columns"), data.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return []
    keys = [(str(c.get("title", "")), c.get("key")) for c in columns if isinstance(c, dict)]
    lines = [[" ".join(str(row.get(key) or "").split()) for _, key in keys] for row in rows if isinstance(row, dict)]
    return [[title for title, _ in keys], *lines]
