"""``doc-assets migrate``: load changed partitions through Dagster, with live progress and a summary."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from pathlib import Path

import psutil
import typer

from doc_assets.catalogue import Partition
from doc_assets.cli.closing_summary import print_closing
from doc_assets.cli.left_catalogue import note_at_start
from doc_assets.cli.live_progress import load_with_progress, print_errors, refresh_vector_index
from doc_assets.cli.load_summary import Loading, LoadSummary, in_order
from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_note
from doc_assets.cli.partition_options import (
    CATALOGUE_OPTION,
    PARTITION_OPTION,
    PARTITIONS_ARGUMENT,
    TYPE_OPTION,
    all_of,
    chosen,
    settings_with,
)
from doc_assets.cli.plan import Order, lacking, plan_and_print, present_basis
from doc_assets.cli.report_file import require_writable, write_report
from doc_assets.cli.slices import Slice
from doc_assets.cli.spaces import migrate_to
from doc_assets.dagster import batch_load
from doc_assets.dagster.batch_load import Surveyed
from doc_assets.embedding.space import describe_space
from doc_assets.errors import NotFound
from doc_assets.ingest.load_circumstances import circumstances
from doc_assets.ingest.load_history import record_surveys
from doc_assets.ingest.plan_file import PlanFile
from doc_assets.job_progress.own_job import OwnJob, job_progress
from doc_assets.report.bounds import machine_of
from doc_assets.runtime import shutdown, termination_message
from doc_assets.runtime.processes import tree_rss
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store
from doc_assets.store.versions.runs import left_out_of, near_duplicates_of

_MOST_PARALLEL = 64


def _parallel(given: str) -> int | None:
    """Return the number of partitions at a time; None for ``auto``."""
    if given == "auto":
        return None
    if not given.isdecimal() or not 1 <= int(given) <= _MOST_PARALLEL:
        raise typer.BadParameter(f"{given!r} is neither auto nor a number from 1 to {_MOST_PARALLEL}")
    return int(given)


def migrate(
    names: list[str] = PARTITIONS_ARGUMENT,
    catalogue: Path | None = CATALOGUE_OPTION,
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    parallel: str = typer.Option(
        "auto", metavar="N|auto", help="Partitions at a time; auto fits the container's or machine's cores and memory."
    ),
    limit: int | None = typer.Option(None, min=1, help="Only the first N files of each partition, for a trial."),
    allow_deletions: bool = typer.Option(
        False, "--allow-deletions", help="Publish even if more documents vanished than the deletion guard allows."
    ),
    space: str | None = typer.Option(
        None,
        "--space",
        metavar="MODEL",
        help="Embed the stored chunks with this model, then switch all partitions at once, without reading sources. "
        "A folder, NAME, NAME@PRECISION (fp32, bf16, fp16, int8), or an id from doc-assets spaces.",
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Print what a load would do and write nothing, as doc-assets plan does."
    ),
    plan_file: Path | None = typer.Option(
        None,
        "--plan",
        metavar="FILE",
        help="Load what doc-assets plan -o FILE planned, or refuse if sources, catalogue or store moved since.",
    ),
    share: str | None = typer.Option(
        None,
        "--slice",
        metavar="I/N",
        help="Load only share I (from 0) of N of the chosen partitions, for N processes side by side.",
    ),
    report: Path | None = typer.Option(
        None, "--report", metavar="FILE", help="Write the load's report, a page of HTML, to FILE."
    ),
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """Load changed partitions: discover, parse, chunk, embed, audit and publish through Dagster."""
    termination_message.begin("migrate")
    settings = settings_with(catalogue)
    partitions = all_of(names, partitions, types)
    if report is not None:
        if dry_run or space is not None:
            raise typer.BadParameter("--report is of a load: leave out --dry-run and --space")
        require_writable(report, "--report")
    if space is not None:
        if types or partitions or limit or share or plan_file:
            raise typer.BadParameter(
                "--space changes all that is live at once: leave out --type, --partition, --slice, --limit and --plan"
            )
        return migrate_to(settings, space, dry_run=dry_run, as_json=as_json)
    planned = None
    if plan_file is not None:
        if types or partitions or limit or share or dry_run or allow_deletions:
            raise typer.BadParameter("the plan says what to load and how: leave out the other options but --parallel")
        planned = PlanFile.read(plan_file)
        limit, allow_deletions = planned.limit, planned.allow_deletions
    loaded, wanted = chosen(settings, types, partitions)
    if planned is not None:
        wanted = [partition for partition in wanted if partition.name in planned.partitions]
    order = Order(loaded, _slice_of(wanted, share), limit, _parallel(parallel), allow_deletions)
    if dry_run:
        order = replace(order, next_step="the same command without --dry-run")
        return plan_and_print(settings, order, as_json=as_json)
    with open_store(settings) as store, job_progress() as job:
        note_at_start(lacking(store, loaded)[0])
        started = time.perf_counter()
        surveyed = batch_load.survey(settings, store, order.catalogue, order.wanted, order.limit)
        if planned is not None and plan_file is not None:
            planned.refuse_moved(plan_file, present_basis(settings, store, order, surveyed))
        summary = _loaded(settings, store, order, job, surveyed, started)
        summary.report()
        if as_json:
            summary.print_json()
        else:
            summary.print_tables(wide=wide)
            if not summary.nothing_changed:
                print_closing(summary)
        if report is not None:
            _write_report(store, summary, report)
    if shutdown.requested():
        raise typer.Exit(shutdown.exit_code())
    if summary.failed:
        raise typer.Exit(1)


def _write_report(store: Store, summary: LoadSummary, path: Path) -> None:
    try:
        with shutdown.deferred():  # of a load that was stopped as well
            write_report(store, summary.run, path)
    except NotFound:
        print_note("no report is written: nothing was begun that the history knows")


def _slice_of(wanted: list[Partition], share: str | None) -> list[Partition]:
    if share is None:
        return wanted
    try:
        found = Slice.parse(share).of(wanted)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--slice") from error
    print_note(f"slice {share}: {len(found)} of {len(wanted)} partitions")
    return found


def _loaded(
    settings: Settings, store: Store, order: Order, job: OwnJob, surveyed: Surveyed, started: float
) -> LoadSummary:
    """Load what the survey found changed, then refresh the vector index; report progress to this process's Job."""
    print_errors(surveyed.results)
    discovered = time.perf_counter() - started
    peak = tree_rss(psutil.Process())
    workers = min(order.parallel or batch_load.fitting_workers(settings), max(1, len(surveyed.changed)))
    batch_id = str(uuid.uuid4())
    partitions = {partition.name: partition for partition in order.wanted}
    unloaded = [(partitions[result.partition], result) for result in surveyed.results]
    record_surveys(store, unloaded, batch_id=batch_id)
    loading = time.perf_counter()
    loads, loading_peak = load_with_progress(
        settings,
        store,
        surveyed.changed,
        workers,
        allow_deletions=order.allow_deletions,
        batch_id=batch_id,
        report=job.update,
    )
    loading = time.perf_counter() - loading
    results = in_order([*surveyed.results, *loads])
    if missing := [load for load in results if load.result not in ("published", "unchanged")]:
        job.report_incomplete(f"{len(missing)} of {len(order.wanted)} partitions not loaded")
    published = any(load.result == "published" for load in loads)
    seconds = refresh_vector_index(settings, store, loaded_any=published)
    taken = time.perf_counter() - started
    snapshots = [load.snapshot for load in loads if load.snapshot is not None]
    with store.reading("doc-assets migrate") as connection:
        left_out, near_pairs = left_out_of(connection, snapshots), near_duplicates_of(connection, snapshots).pairs
    return LoadSummary(
        results,
        taken,
        max(peak, loading_peak),
        {"discover": discovered, "index": seconds},
        batch_id if published else None,
        Loading(loading, batch_load.lanes(settings, workers)) if loads else None,
        *lacking(store, order.catalogue),
        run=batch_id,
        left_out=left_out,
        near_pairs=near_pairs,
        machine=machine_of(circumstances(settings), 1, describe_space(settings).precision),
    )
