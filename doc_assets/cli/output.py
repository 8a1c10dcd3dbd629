"""Printing: results as tables or JSON to stdout, messages and errors to stderr."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from doc_assets.runtime import termination_message

JSON_OPTION = typer.Option(False, "--json", help="Print JSON instead of a table.")

results = Console(highlight=False)
messages = Console(stderr=True, highlight=False)
_log = logging.getLogger(__name__)


def log_messages() -> None:
    """Log messages and errors instead of printing them, and show no progress."""
    messages.quiet = True


def print_error(sentence: str) -> None:
    """Print an error to stderr, and add it to the termination message."""
    termination_message.add_error(sentence)
    if messages.quiet:
        _log.error("%s", sentence)
    messages.print(f"[red bold]error:[/] {_plain(sentence)}", soft_wrap=True)


def print_note(sentence: str) -> None:
    """Print a message to stderr."""
    if messages.quiet:
        _log.info("%s", sentence)
    messages.print(_plain(sentence), soft_wrap=True)


def print_json(value: object) -> None:
    """Print a JSON value to stdout."""
    typer.echo(json.dumps(value, default=_jsonable, ensure_ascii=False, indent=2))


def print_json_line(value: object) -> None:
    """Print a JSON value on one line to stdout."""
    typer.echo(json.dumps(value, default=_jsonable, ensure_ascii=False))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], total: Sequence | None = None
) -> None:
    """Print a table to stdout, at full width if stdout is no terminal."""
    table = build_table(title, columns, rows, total)
    wide = results.options.update(max_width=10_000)
    if results.is_terminal:
        results.print(table)
    else:
        Console(highlight=False, width=max(80, Measurement.get(results, wide, table).maximum)).print(table)


def build_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], total: Sequence | None = None
) -> Table:
    """Return a table for printing, with numbers aligned right."""
    rows = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", show_footer=total is not None, header_style="bold", expand=False)
    for i, column in enumerate(columns):
        numeric = any(isinstance(row[i], (int, float)) and not isinstance(row[i], bool) for row in rows)
        footer = "" if total is None else _cell(total[i])
        table.add_column(column, justify="right" if numeric else "left", footer=footer, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
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
    return _plain(str(value))


def _plain(text: str) -> str:
    """Return the text with rich's markup escaped."""
    return text.replace("[", r"\[")


def _jsonable(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
