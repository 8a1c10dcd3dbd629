"""``doc-assets gc``: garbage collection of old snapshots and unreachable content."""

from __future__ import annotations

from dataclasses import asdict

import typer

from doc_assets.catalogue import load_catalogue
from doc_assets.cli.output import JSON_OPTION, print_json, print_line, print_note, print_table
from doc_assets.cli.partition_options import PARTITION_OPTION, PARTITIONS_ARGUMENT, TYPE_OPTION, all_of
from doc_assets.runtime import termination_message
from doc_assets.runtime.progress import count_of, duration
from doc_assets.settings import Settings
from doc_assets.store.retention.garbage_collection import GarbageCollection, collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_store

_DEFAULT = Policy()


def gc(
    names: list[str] = PARTITIONS_ARGUMENT,
    keep: int | None = typer.Option(
        None,
        "--keep",
        min=0,
        help="Keep this many newest snapshots of each partition, the live one included. "
        f"If neither --keep nor --days is given: {_DEFAULT.keep}, and {_DEFAULT.days:.0f} days.",
    ),
    days: float | None = typer.Option(None, "--days", min=0, help="Keep what was live within this many days."),
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    runs_days: float | None = typer.Option(
        None,
        "--runs-days",
        min=0,
        help="Also delete Dagster's records of runs that ended more than this many days ago: events, checks, step "
        "logs. The last load and the last checks of each partition stay.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print what would be freed; change nothing."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Remove old snapshots and the content only they held; what is live always stays."""
    termination_message.begin("gc")
    settings = Settings.from_environment()
    partitions = all_of(names, partitions, types)
    with open_store(settings, create=False) as store:
        found = collect_garbage(
            store, Policy.of(keep, days), types=types or (), partitions=partitions or (), dry_run=dry_run
        )
    counted = ("snapshots", "manifest_rows", "documents", "chunks", "vectors", "bytes")
    totals = {name: getattr(found, name) for name in counted}
    runs = None if runs_days is None else _delete_runs(settings, runs_days, dry_run=dry_run)
    if runs is not None:
        totals["runs"] = runs
    termination_message.add_facts(schema_revision=schema.head(), dry_run=dry_run, totals=totals, busy=len(found.busy))
    if as_json:
        print_json(asdict(found) | ({} if runs is None else {"runs": runs}))
        return
    _print(found)
    if runs is not None:
        print_note(f"{'would delete' if dry_run else 'deleted'} Dagster's records of {runs:,} runs")


def _delete_runs(settings: Settings, days: float, *, dry_run: bool) -> int:
    # Here, since importing Dagster takes seconds.
    from doc_assets.dagster.in_process_runs import open_instance
    from doc_assets.dagster.run_retention import delete_old_runs

    catalogue = load_catalogue(settings.catalogue)
    with open_instance(settings, starts_runs=False) as instance:
        return delete_old_runs(instance, catalogue, days, dry_run=dry_run)


def _print(found: GarbageCollection) -> None:
    rows = [
        (name, *(len(of.get(name, ())) for of in (found.collected, found.discarded)))
        for name in sorted({*found.collected, *found.discarded})
    ]
    if rows:
        print_table("snapshots", ["partition", "collected", "discarded"], rows)
    print_line(
        f"{'would free' if found.dry_run else 'freed'} {count_of(found.snapshots, 'snapshot')} with "
        f"{count_of(found.manifest_rows, 'manifest row')}, {count_of(found.documents, 'document')}, "
        f"{count_of(found.chunks, 'chunk')}, {count_of(found.vectors, 'vector')}: "
        f"{found.bytes / 1e6:,.1f} MB of rows"
    )
    for partition in found.busy:
        print_note(f"{partition} is being worked on: its old snapshots stay until the next gc")
    if found.dry_run:
        return
    for step in found.upkeep:
        if step.problem:
            print_note(step.problem)
        elif step.seconds >= 1:
            print_note(f"{step.action} of {step.table}: {duration(step.seconds)}")
    print_note(
        f"{found.seconds:.1f} s; loads waited {found.longest_wait_seconds:.2f} s at most. PostgreSQL writes new rows "
        "where these stood; only pages that are empty at the end of a table, and a rebuilt index, go back to the disk"
    )
