"""The report of a run as a file: where it goes is checked before a load of hours, and it is written whole or not."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from doc_assets.cli.output import print_exactly, print_note
from doc_assets.errors import Refused
from doc_assets.runtime.whole_file import can_be_written, write_whole
from doc_assets.store.database.connection import Store


def require_writable(path: Path, option: str) -> None:
    """Raise BadParameter unless a file can be written there."""
    if not can_be_written(path):
        raise typer.BadParameter(
            f"{path} cannot be written: name a file in a folder that exists and is yours", param_hint=option
        )


def write_report(store: Store, run: str, path: Path | None) -> None:
    """Write the report of a run, as ``find_run`` finds it, to the file, or to stdout if it is no terminal.

    Raises:
        NotFound: There is no such run.
        Refused: The file cannot be written.
    """
    from doc_assets.report.page import page  # with what draws and renders it, 0.3 s
    from doc_assets.store.versions.runs import run_facts

    if path is None and sys.stdout.isatty():
        raise typer.BadParameter(
            "a page of HTML is not for a terminal: name its file with -o FILE", param_hint="--output"
        )
    facts = run_facts(store, run)
    text = page(facts)
    if path is None:
        print_exactly(text)
        return
    try:
        write_whole(path, text)
    except OSError as error:
        raise Refused(f"the report cannot be written to {path}: {error.strerror or error}") from error
    print_note(f"wrote {path}: the report of {facts.run.kind} {facts.run.id}")
