"""What a reader sees of a directive besides its content: label, caption, signature; and tables written as lists or CSV.

The grammar of the first line is in ``containers``, the walk over the lines in ``dialects``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence

from doc_assets.formats.directive_kinds import VERSION_LABELS, Kind, note_label
from doc_assets.formats.markdown.containers import COMPONENT, Head, Opening

_SHOWN = (
    "title",
    "subtitle",
    "header",
    "caption",
    "fig-cap",
    "tbl-cap",
    "lst-cap",
    "filename",
    "summary",
    "description",
)
_NAMED = frozenset(("availability", "impl-detail"))  # the name is what a reader sees
_HIDING_TAGS = re.compile(r"\bremove[-_](?:cell|input)\b")  # of cells that Jupyter Book leaves out
_LETTER = re.compile(r"[^\W\d]")
_ROW = re.compile(r"(?P<indent>[ \t]*)[-*+][ \t]+(?P<marker>[-*+])(?:[ \t]+(?P<text>.*))?$")
_CELL = re.compile(r"(?P<indent>[ \t]*)[-*+](?:[ \t]+(?P<text>.*))?$")
_MAX_COLUMNS = 200  # of a table; a further cell joins the last one


def labels(opening: Opening, options: Mapping[str, str]) -> list[str]:
    """Return the paragraphs that stand before the content of a container."""
    kind, name, argument = opening.kind, opening.name, opening.argument
    shown: list[str] = []
    if opening.head is Head.DIRECTIVE and (name in VERSION_LABELS or name in _NAMED):
        shown = list(note_label(name, argument))
    elif kind is Kind.TAB_LISTING:
        shown = [argument.partition(" ")[2].strip()]
    elif kind in (Kind.LABELLED, Kind.UNKNOWN):
        shown = [argument if _LETTER.search(argument) else ""]
    elif kind in (Kind.ADMONITION, Kind.LIST_TABLE, Kind.CSV_TABLE):
        shown = [argument]
    if name in ("solution", "solution-start"):
        shown = ["Solution"]
    if opening.mark == COMPONENT:
        shown.append(options.get("label", ""))
    shown += [options[key] for key in _SHOWN if key in options and (key != "header" or kind is not Kind.CSV_TABLE)]
    return [words for words in dict.fromkeys(shown) if words]


def is_hidden(opening: Opening, options: Mapping[str, str]) -> bool:
    """Return whether the tags of a cell keep its code off the page."""
    return opening.name == "code-cell" and _HIDING_TAGS.search(options.get("tags", "")) is not None


def language(opening: Opening, options: Mapping[str, str]) -> str:
    """Return the language of a listing, "" if it states none."""
    words = opening.argument.split()
    return (options.get("language") or options.get("lang") or (words[0] if words else "")).strip("{}`")


def signature(opening: Opening, options: Mapping[str, str]) -> str:
    """Return the signature that a directive describes: of a function, a setting, an option, an address."""
    text = opening.argument
    domain, _, kind = opening.name.rpartition(":")
    if text and domain == "http":
        text = f"{kind.upper()} {text}"
    if text and options.get("type"):
        text += f": {options['type']}"
    value = options.get("value") or options.get("default")
    return f"{text} = {value}" if text and value else text


def names(lines: Iterable[str]) -> str:
    """Return the names that the lines of an ``autosummary`` list."""
    return ", ".join(line.strip().lstrip("~!") for line in lines if line.strip())


def list_table(lines: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """Return a ``list-table`` as Markdown: a pipe table, or labelled blocks if its cells hold listings or lists."""
    rows = _listed_rows(lines)
    if not rows:
        return list(lines)
    heads = _number(options.get("header-rows"))
    if any(
        line.lstrip().startswith(("```", "~~~", ":::", "- ", "* ", "+ ")) for row in rows for c in row for line in c
    ):
        return _labelled(rows, heads)
    return _pipes([[" ".join(" ".join(cell).split()) for cell in row] for row in rows], heads)


def _listed_rows(lines: Sequence[str]) -> list[list[list[str]]]:
    """Return the lines of each cell of each row, without their indentation; [] if the lines are no such list."""
    rows: list[list[list[str]]] = []
    column = width = 0
    for line in lines:
        row = _ROW.match(line)
        if row and (not rows or row.end("indent") < column):
            column = row.start("marker")
            rows.append([[row["text"] or ""]])
            width = row.start("text") if row["text"] is not None else column + 2
        elif not rows:
            if line.strip():
                return []
        elif (cell := _CELL.match(line)) and cell.end("indent") == column:
            if len(rows[-1]) < _MAX_COLUMNS:
                rows[-1].append([])
            rows[-1][-1].append(cell["text"] or "")
            width = cell.start("text") if cell["text"] is not None else column + 2
        else:
            indent = len(line) - len(line.lstrip(" \t"))
            rows[-1][-1].append(line[min(indent, width) :])
    return rows


def _labelled(rows: Sequence[Sequence[Sequence[str]]], heads: int) -> list[str]:
    """Return the cells one after another, each below its column's name."""
    columns = [" ".join(" ".join(cell).split()) for cell in rows[0]] if heads else []
    out: list[str] = []
    for row in rows[heads:]:
        for number, cell in enumerate(row):
            out += ["", columns[number] if number < len(columns) else "", "", *cell, ""]
    return out


def csv_table(lines: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """Return a ``csv-table`` as a pipe table; lines that are no CSV stay as they are."""
    header = options.get("header", "")
    named = {"tab": "\t", "space": " "}
    delimiter = named.get(options.get("delim", ""), options.get("delim", "")) or ","
    try:
        reader = csv.reader(
            (line.strip() + "\n" for line in (header, *lines) if line.strip()),
            delimiter=delimiter,
            quotechar=options.get("quote") or '"',
            skipinitialspace=True,
        )
        rows = [[" ".join(cell.split()) for cell in row] for row in reader]
    except (csv.Error, TypeError, ValueError):  # an unclosed field, or a dialect that csv refuses
        return list(lines)
    return _pipes(rows, 1 if header else _number(options.get("header-rows")))


def _pipes(rows: Sequence[Sequence[str]], heads: int) -> list[str]:
    width = min(max((len(row) for row in rows), default=0), _MAX_COLUMNS)
    if not width:
        return []
    out = [] if heads else [_row([""] * width), "|---" * width + "|"]
    for number, row in enumerate(rows):
        out.append(_row([*row[: width - 1], " ".join(row[width - 1 :])] + [""] * (width - len(row))))
        if number == 0 and heads:
            out.append("|---" * width + "|")
    return out


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("\\|", "|").replace("|", "\\|") for cell in cells) + " |"


def _number(value: str | None) -> int:
    return int(value) if value and value.strip().isdecimal() and len(value) < 4 else 0
