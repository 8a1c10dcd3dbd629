"""Printing: results as tables, lines or JSON to stdout, messages and errors to stderr.

Commands print through these functions alone. Text is data: no markup, emoji codes, highlighting or wrapping; styles are
given beside it. Control characters are shown (``doc_assets/runtime/visible_text.py``). Without a terminal nothing is
wrapped, cut or left out.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime

import typer
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from doc_assets.runtime import termination_message
from doc_assets.runtime.visible_text import INLINE, visible, visible_json
from doc_assets.secrets import mask, mask_data

JSON_OPTION = typer.Option(False, "--json", help="Print JSON instead of a table.")
WIDE_OPTION = typer.Option(False, "--wide", help="Print all columns, however narrow the terminal is.")

Piece = str | tuple[str, str]  # text, or text and its style

# Characters of a cell that is never folded, as a moment is; of one that is folded only where nothing else helps, as the
# name of a partition is; of what a longer one is folded to, and at the narrowest; what the line beside a column takes.
_WHOLE, _UNFOLDED, _FOLDED, _NARROWEST, _BORDERS = 20, 40, 24, 10, 3
_log = logging.getLogger(__name__)


class _Messages(Console):
    def on_broken_pipe(self) -> None:
        """Print no more, but let the command go on: nobody reads its messages, and its work is not half done."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


results = Console(markup=False, emoji=False, highlight=False)
messages = _Messages(stderr=True, markup=False, emoji=False, highlight=False)


class Line:
    """One line of pieces of text, printed as they are: rich's ``Text`` would expand tabs and trim white space."""

    def __init__(self, *pieces: Piece, kept: str = INLINE) -> None:
        """Take the pieces; ``kept`` are control characters to print as they are."""
        self._pieces = [(piece, "") if isinstance(piece, str) else piece for piece in pieces]
        self._kept = kept

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield a segment for each piece, and the line end."""
        for text, style in self._pieces:
            yield Segment(visible(text, self._kept), console.get_style(style) if style else None)
        yield Segment.line()


def log_messages() -> None:
    """Log messages and errors instead of printing them, and show no progress."""
    messages.quiet = True


def print_error(sentence: str) -> None:
    """Print an error to stderr, and add it to the termination message."""
    sentence = mask(sentence)
    termination_message.add_error(sentence)
    if messages.quiet:
        _log.error("%s", sentence)
    messages.print(Line(("error:", "red bold"), f" {sentence}", kept=f"\n{INLINE}"), soft_wrap=True)


def print_note(sentence: str) -> None:
    """Print a message to stderr."""
    sentence = mask(sentence)
    if messages.quiet:
        _log.info("%s", sentence)
    messages.print(Line(sentence, kept=f"\n{INLINE}"), soft_wrap=True)


def ask(question: str) -> bool:
    """Ask a person at the terminal, on stderr; an empty answer is no."""
    return typer.confirm(visible(mask(question), INLINE), default=False, err=True)


def print_line(*pieces: Piece) -> None:
    """Print a line of a result to stdout; a piece is text, or text and its style."""
    results.print(Line(*pieces), soft_wrap=True)


def print_exactly(text: str) -> None:
    """Print text that programs read to stdout as it is, without adding a line end."""
    results.file.write(text)
    results.file.flush()


def print_json(value: object) -> None:
    """Print a JSON value to stdout."""
    _print_json(value, indent=2)


def print_json_line(value: object) -> None:
    """Print a JSON value on one line to stdout."""
    _print_json(value, indent=None)


def _print_json(value: object, indent: int | None) -> None:
    ascii_only = not results.encoding.startswith("utf")
    print_exactly(visible_json(value, indent=indent, default=_jsonable, ascii_only=ascii_only) + "\n")


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    total: Sequence | None = None,
    *,
    first: Sequence[str] = (),
    below: str | None = None,
    wide: bool | None = None,
) -> None:
    """Print a table to stdout.

    On a terminal it has the columns that have space side by side, and those left out are named on stderr. Without a
    terminal it has all of them at full width.

    Args:
        title: Printed above it.
        columns: Their names.
        rows: Values of each row.
        total: Values below the rows.
        first: The columns that are always shown; the others follow as they stand.
        below: The column of sentences that are printed below the table where it has no space for them.
        wide: True prints all columns, however wide; None if the command has no ``--wide`` to ask for it.
    """
    print_line((title, "italic"))
    rows = list(map(list, rows))
    if wide or not results.file.isatty():
        widths = _widths(columns, rows if total is None else [*rows, total])
        needed = sum(widths) + _BORDERS * len(widths) + 1
        table = build_table(columns, rows, total)
        Console(file=results.file, width=max(80, needed)).print(table, crop=False)
        return
    left_out = _print_fitting(columns, rows, total, first)
    if below in left_out:
        left_out.remove(below)
        for sentence, row in zip(_column(columns, rows, below), rows, strict=True):
            if sentence:
                named = (_plain(_column(columns, [row], one)[0]) for one in first if one in columns)
                name = " ".join(filter(None, named))
                print_line((f"{name}: ", "bold"), _plain(sentence))
    if left_out:
        print_note(f"more columns with {'--json' if wide is None else '--wide'}: {', '.join(left_out)}")


def _print_fitting(
    columns: Sequence[str], rows: Sequence[Sequence[object]], total: Sequence | None, first: Sequence[str]
) -> list[str]:
    """Print the columns that fit on the terminal; return the names of the others in which something stands."""
    shown, left_out = fitting(columns, rows if total is None else [*rows, total], first)
    rows, total = [[row[i] for i in shown] for row in rows], None if total is None else [total[i] for i in shown]
    columns = [columns[i] for i in shown]
    widths = _widths(columns, rows if total is None else [*rows, total])
    space = results.width - _BORDERS * len(columns) - 1
    whole = _UNFOLDED if sum(w if w <= _UNFOLDED else _FOLDED for w in widths) <= space else _WHOLE
    table = build_table(columns, rows, total, whole)
    if sum(w if w <= whole else _NARROWEST for w in widths) <= space:
        results.print(table)
    else:
        Console(file=results.file, width=results.width - space + sum(widths)).print(table, crop=False)
    return left_out


def fitting(
    columns: Sequence[str], rows: Sequence[Sequence[object]], first: Sequence[str]
) -> tuple[list[int], list[str]]:
    """Return the indices of the columns that fit side by side on the terminal, and the names of those that do not.

    The columns ``first`` are among them in any case, and one of which no row has a value is not.
    """
    shown, left_out, width = [], [], results.width - 1
    widths = _widths(columns, rows)
    for i in sorted(range(len(columns)), key=lambda i: columns[i] not in first):
        needed = (widths[i] if widths[i] <= _UNFOLDED else _FOLDED) + _BORDERS
        if columns[i] in first or not shown:
            fits = True
        elif rows and not any(map(_plain, _column(columns, rows, columns[i]))):
            continue
        else:
            fits = needed <= width
        if fits:
            width -= needed
            shown.append(i)
        else:
            left_out.append(columns[i])
    return sorted(shown), left_out


def _column(columns: Sequence[str], rows: Sequence[Sequence[object]], name: str) -> list[object]:
    return [row[columns.index(name)] for row in rows]


def _widths(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[int]:
    """Return the width of each column's longest cell, its heading included."""
    return [max(_cell(value).cell_len for value in (name, *(row[i] for row in rows))) for i, name in enumerate(columns)]


def print_grid(rows: Iterable[Sequence[Piece]]) -> None:
    """Print rows of aligned cells to stdout, without lines and headings."""
    results.print(build_grid(rows))


def build_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], total: Sequence | None = None, whole: int = _WHOLE
) -> Table:
    """Return a table for printing, with numbers aligned right; no cell of at most ``whole`` characters is folded."""
    rows = [list(row) for row in rows]
    table = Table(show_footer=total is not None, header_style="bold", expand=False)
    widths = _widths(columns, rows if total is None else [*rows, total])
    for i, column in enumerate(columns):
        numeric = any(isinstance(row[i], (int, float)) and not isinstance(row[i], bool) for row in rows)
        footer = Text("") if total is None else _cell(total[i])
        table.add_column(
            Text(visible(column, kept="")),
            justify="right" if numeric else "left",
            footer=footer,
            overflow="fold",
            no_wrap=widths[i] <= whole,
        )
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def build_grid(rows: Iterable[Sequence[Piece]]) -> Table:
    """Return rows of aligned cells without lines and headings, for a live display."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    for row in rows:
        pieces = [(piece, "") if isinstance(piece, str) else piece for piece in row]
        grid.add_row(*(Text(visible(text, kept=""), style) for text, style in pieces))
    return grid


def _cell(value: object) -> Text:
    return Text(visible(_plain(value), kept=""))


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"  # as --as-of reads it
    return mask_data(str(value))  # before it is broken into lines


def _jsonable(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date):  # or a datetime
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
