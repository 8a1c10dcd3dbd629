"""``doc-assets doctor``: examine where the program runs, and say what mends what is wrong."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer

from doc_assets.cli.output import JSON_OPTION, print_json, print_line
from doc_assets.cli.partition_options import CATALOGUE_OPTION, settings_with
from doc_assets.settings import ClusterSettings

_STYLES = {"ok": "green", "warning": "yellow", "fault": "red bold"}


def doctor(
    catalogue: Path | None = CATALOGUE_OPTION,
    online: bool = typer.Option(False, "--online", help="Ask sources and the embedding endpoint, too; fetch nothing."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Examine machine, database, model, home, sources, Dagster and cluster; write nothing.

    Each line is ok, a warning or a fault, with the command or setting that mends it. Exit 1 if there is a fault.
    """
    from doc_assets.doctor import Surroundings, examine

    surroundings = Surroundings(settings_with(catalogue), ClusterSettings.from_environment(), os.environ, online)
    found = []
    for one in examine(surroundings):
        found.append(one)
        if not as_json:
            print_line((f"{one.verdict:<8}", _STYLES[one.verdict]), f"{one.subject}: {one.sentence}")
            if one.remedy:
                print_line((f"         -> {one.remedy}", "dim"))
    count = Counter(one.verdict for one in found)
    if as_json:
        print_json({"faults": count["fault"], "warnings": count["warning"], "found": [asdict(one) for one in found]})
    else:
        print_line(f"{count['fault']} faults, {count['warning']} warnings")
    if count["fault"]:
        raise typer.Exit(1)
