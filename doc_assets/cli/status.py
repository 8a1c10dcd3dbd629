"""``doc-assets status``: running, waiting and failed loads, and what is live.

Reads the database, so it needs no model or Dagster, and a read-only role is enough. With a catalogue, it also names
what is live and not in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import typer
from rich.console import Group
from rich.live import Live

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.cli.output import (
    JSON_OPTION,
    WIDE_OPTION,
    Line,
    Piece,
    build_grid,
    build_table,
    fitting,
    print_grid,
    print_json,
    print_json_line,
    print_note,
    print_table,
    results,
)
from doc_assets.cli.partition_options import CATALOGUE_OPTION, settings_with
from doc_assets.cli.progress_bar import announced_row, bar_row
from doc_assets.document.records import COUNTS
from doc_assets.errors import CatalogueError, StoreUnreachable
from doc_assets.runtime.progress import duration
from doc_assets.store.database.connection import DatabaseError, Store, read_transaction
from doc_assets.store.database.retries import is_transient
from doc_assets.store.history import metrics
from doc_assets.store.history.progress import Announced, ProgressRow, announced, read_progress
from doc_assets.store.partitions.left_catalogue import LeftPartition, left_catalogue
from doc_assets.store.partitions.partitions import busy_partitions
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_for_reading
from doc_assets.store.snapshots.missing_includes import lacking_live
from doc_assets.store.spaces import vector_index

_MILLISECONDS = 30_000  # statement timeout; statements over 11,000 documents take 5
_LONGEST_ERROR = 200
# Columns that have space at 80 characters whatever else there is.
_FIRST = ("partition", "stage", "done", "remaining", "result", "takes it down", "type")


@dataclass(frozen=True, slots=True)
class _Status:
    """Values of one reading, at the database's time ``at``.

    Attributes:
        announced: How far each running ``migrate`` is with all its partitions.
        held: Partitions that a process works on; a running load that is not among them has died.
        left: Live partitions that left the catalogue, or why it cannot be read.
        builds: Vector indexes that are being built.
        warnings: Sentences about the vector index and its extension, and about documents that lack includes.
    """

    at: datetime
    running: list[ProgressRow]
    announced: list[Announced]
    held: frozenset[str]
    waiting: list[metrics.QueuedRun]
    failed: list[metrics.LoadEnd]
    live: list[metrics.PartitionState]
    left: list[LeftPartition] | str
    builds: list[vector_index.IndexBuild]
    warnings: list[str]

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return bool(self.waiting) or any(row.partition in self.held for row in self.running)


def status(
    catalogue: Path | None = CATALOGUE_OPTION,
    watch: bool = typer.Option(False, "--watch", "-w", help="Repeat until nothing runs or waits."),
    every: float = typer.Option(2.0, "--every", min=0.1, metavar="SECONDS", help="Interval of --watch."),
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """Show running, waiting and failed loads, and what is live; only reads the database."""
    settings = settings_with(catalogue)
    listed = load_catalogue(settings.catalogue) if catalogue else _catalogue(settings.catalogue)
    if isinstance(listed, str) and not as_json:
        print_note(f"what left the catalogue is not known: {listed}")
    with open_for_reading(settings) as store:
        if watch:
            with suppress(KeyboardInterrupt):  # Ctrl-C is the usual end
                _watch(store, listed, every, as_json)
            return
        found = _read(store, listed)
    if as_json:
        print_json(_as_json(found))
        return
    if not found.running:
        print_note("nothing runs")
    else:
        print_grid(_bars(found))
    for title, columns, rows in _tables(found):
        print_table(title, columns, rows, first=_FIRST, below="error", wide=wide)
    for build in found.builds:
        print_note(str(build))
    for warning in found.warnings:
        print_note(f"warning: {warning}")


def _watch(store: Store, catalogue: Catalogue | str, every: float, as_json: bool) -> None:
    """Print the status until nothing runs; reconnect after a lost connection."""
    drawn = results.is_terminal and not as_json
    with Live(console=results, auto_refresh=False) if drawn else nullcontext() as screen:
        while True:
            try:
                found = _read(store, catalogue)
            except (DatabaseError, StoreUnreachable) as error:
                if not is_transient(error):
                    raise
                print_note(f"the database does not answer, trying on: {str(error).strip().splitlines()[0]}")
            else:
                if as_json:
                    print_json_line(_as_json(found))
                elif screen is not None:
                    screen.update(Group(build_grid(_bars(found)), _drawn(_tables(found))), refresh=True)
                else:
                    print_note(f"{found.at:%H:%M:%S} {_line(found)}")
                if not found.busy:
                    return
            time.sleep(every)


def _catalogue(path: Path) -> Catalogue | str:
    """Return the catalogue, or why it cannot be read, which is no reason to show nothing."""
    try:
        return load_catalogue(path)
    except CatalogueError as error:
        return str(error).splitlines()[0]


def _read(store: Store, catalogue: Catalogue | str) -> _Status:
    with store.reader("doc-assets status") as connection:
        with read_transaction(connection):
            busy = busy_partitions(connection)
        with read_transaction(connection, one_state=True):
            metrics.bound(connection, _MILLISECONDS)
            partitions = metrics.partitions(connection, busy)
            builds = vector_index.builds(connection)
            return _Status(
                metrics.now(connection),
                read_progress(connection),
                announced(connection),
                frozenset(state.partition for state in partitions if state.held),
                metrics.unfinished_runs(connection),
                metrics.failed_loads(connection),
                [state for state in partitions if state.snapshot is not None],
                catalogue if isinstance(catalogue, str) else left_catalogue(connection, catalogue),
                builds,
                [
                    *schema.warnings(connection),
                    *(f"{name}: {lacking}" for name, lacking in lacking_live(connection)),
                    *_about_indexes(metrics.spaces(connection), {build.space for build in builds}),
                ],
            )


def _about_indexes(spaces: Iterable[metrics.SpaceState], being_built: Set[int]) -> Iterator[str]:
    """Yield a sentence for each vector index that could not be built, or that a live space lacks."""
    for space in spaces:
        if space.index_problem is not None:
            yield f"the vector index of embedding space {space.id} could not be built: {space.index_problem}"
        elif (
            space.live
            and not space.indexed
            and (space.vectors or 0) >= vector_index.MINIMUM_ROWS
            and space.id not in being_built
        ):
            yield (
                f"embedding space {space.id} has {space.vectors:,.0f} vectors and no vector index: searches compare "
                "every vector until the load that runs, or the next migrate, has built it"
            )


def _bars(found: _Status) -> list[Sequence[Piece]]:
    """Return a row with a bar for each running load, as the load itself shows it."""
    return [
        *(bar_row(row.partition, row.state(found.at)) for row in found.running),
        *(announced_row(state) for state in found.announced),
    ]


def _tables(found: _Status) -> list[tuple[str, list[str], list[tuple]]]:
    """Return title, columns and rows of each table that is not empty."""
    tables = [
        (
            f"running at {found.at:%H:%M:%S}",
            ["partition", "stage", "done", "files", "documents", "docs/min", "tokens/s", "remaining",
             "busy: parse/embed/write", "queued: embed/write", "model", "host", "run", "seen"],
            [_running_row(found, row) for row in found.running],
        ),
        (
            "waiting in Dagster's queue, or starting",
            ["run", "job", "partition", "status", "since"],
            [
                (run.run_id[:8], run.job, run.partition, run.status.lower(), _ago(found.at, run.created_at))
                for run in _not_running(found)
            ],
        ),
        (
            "last load failed",
            ["partition", "result", "at", "run", "host", "error"],
            [
                (e.partition, e.result, e.at, (e.run_id or "")[:8], e.host, _cut(e.error or ""))
                for e in found.failed
            ],
        ),
    ]  # fmt: skip
    outside = [] if isinstance(found.left, str) else found.left
    left = [(one.partition, one.documents, one.elsewhere, one.reason, one.command) for one in outside]
    tables.append(
        (
            "live, but not in the catalogue",
            ["partition", "documents", "live elsewhere too", "why", "takes it down"],
            left,
        )
    )
    types = sorted({state.partition.partition("/")[0] for state in found.live})
    of_type = {t: [s for s in found.live if s.partition.startswith(f"{t}/")] for t in types}
    live = [
        (t, len(of), sum(s.counts.documents for s in of if s.counts), sum(s.counts.chunks for s in of if s.counts),
         max(s.published_at for s in of if s.published_at))
        for t, of in of_type.items()
    ]  # fmt: skip
    shown = [given for given in tables if given[2]]
    return [*shown, ("live", ["type", "partitions", "documents", "chunks", "newest"], live)]


def _drawn(tables: list[tuple[str, list[str], list[tuple]]]) -> Group:
    parts = []
    for title, columns, rows in tables:
        shown, _ = fitting(columns, rows, _FIRST)
        narrow = build_table([columns[i] for i in shown], [[row[i] for i in shown] for row in rows])
        parts += [Line(title), narrow]
    return Group(*parts)


def _cut(error: str) -> str:
    return error if len(error) <= _LONGEST_ERROR else f"{error[:_LONGEST_ERROR]}… (doc-assets history --failed)"


def _running_row(found: _Status, row: ProgressRow) -> tuple:
    load = _running(found, row)
    seen = _ago(found.at, row.updated_at) if load["alive"] else "process is gone; the next load resumes"
    return (
        row.partition, row.stage, f"{load['percent']:.1f} %", f"{row.files_done:,}/{row.files_total:,}", row.documents,
        load["documents_per_minute"], load["tokens_per_second"], duration(load["eta_seconds"]),
        f"{100 * row.parse_busy:.0f}/{100 * row.embed_busy:.0f}/{100 * row.write_busy:.0f} %",
        f"{row.embed_queue:,}/{row.write_queue:,}", _model(row), row.host, (row.run_id or "")[:8], seen,
    )  # fmt: skip


def _model(row: ProgressRow) -> str:
    """Return how busy the model is that several loads share."""
    return "" if row.model_busy is None else f"{100 * row.model_busy:.0f} %, {row.model_queue or 0:,} texts wait"


def _running(found: _Status, row: ProgressRow) -> dict:
    state = row.state(found.at)
    return {
        "partition": row.partition,
        "stage": row.stage,
        "percent": round(100 * state.share, 2),
        "files_done": row.files_done,
        "files_total": row.files_total,
        "files_rejected": row.rejected,
        "documents": row.documents,
        "chunks": row.chunks,
        "documents_per_minute": round(state.documents_per_minute, 1),
        "tokens_per_second": round(state.tokens_per_second, 1),
        "eta_seconds": state.remaining_seconds,
        "busy": {"parse": row.parse_busy, "embed": row.embed_busy, "write": row.write_busy},
        "queued": {"embed": row.embed_queue, "write": row.write_queue},
        "model": None if row.model_busy is None else {"busy": row.model_busy, "waiting_texts": row.model_queue},
        "alive": row.partition in found.held,
        "run_id": row.run_id,
        "host": row.host,
        "pid": row.pid,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
    }


def _not_running(found: _Status) -> list[metrics.QueuedRun]:
    """Return the unfinished runs without a running load."""
    running = {row.run_id for row in found.running}
    return [run for run in found.waiting if run.run_id not in running]


def _as_json(found: _Status) -> dict:
    return {
        "at": found.at,
        "running": [_running(found, row) for row in found.running],
        "migrations": found.announced,
        "waiting": _not_running(found),
        "failed": found.failed,
        "live": [_live(state) for state in found.live],
        "left_catalogue": None if isinstance(found.left, str) else found.left,
        "not_compared": found.left if isinstance(found.left, str) else None,
        "index_builds": found.builds,
        "warnings": found.warnings,
    }


def _live(state: metrics.PartitionState) -> dict:
    """Return the state with its counts on the same level, without ``files``, the sum of the four outcomes."""
    return {
        **{name: value for name, value in asdict(state).items() if name != "counts"},
        **{name: getattr(state.counts, name) for name in COUNTS if name != "files"},
    }


def _line(found: _Status) -> str:
    """Return the status on one line, for logs."""
    running = ", ".join(
        f"{row.partition} {load['stage']} {load['percent']:.1f} %, {duration(load['eta_seconds'])} left"
        for row in found.running
        if (load := _running(found, row))["alive"]
    )
    waiting = len(_not_running(found))
    counts = f"{waiting:,} waiting, {len(found.failed):,} failed, {len(found.live):,} live"
    left = f", {len(found.left):,} of them not in the catalogue" if isinstance(found.left, list) and found.left else ""
    return f"{running or 'nothing runs'}; {counts}{left}"


def _ago(now: datetime, then: datetime) -> str:
    return f"{duration(max(0.0, (now - then).total_seconds()))} ago"
