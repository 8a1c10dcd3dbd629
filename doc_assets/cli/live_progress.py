"""Progress of running loads on stderr: a live table on a terminal, else a line every 15 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime

import psutil
from rich.console import Group, RenderableType
from rich.live import Live

from doc_assets.cli.output import Line, build_grid, messages, print_error, print_note
from doc_assets.cli.progress_bar import bar_row
from doc_assets.dagster import batch_load
from doc_assets.errors import StoreError, StoreUnreachable
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.runtime import shutdown
from doc_assets.runtime.processes import tree_rss
from doc_assets.runtime.progress import Progress, count_of, duration
from doc_assets.runtime.time_left import Forecast, Running
from doc_assets.settings import Settings
from doc_assets.store.database.connection import OperationalError, Store, read_transaction
from doc_assets.store.history import metrics
from doc_assets.store.history.progress import Announced, ProgressRow, announce, read_progress
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.spaces import vector_index

_POLL_SECONDS = 0.5
_LINE_SECONDS = 15.0
_STOPPING = (
    "stopping at the next batch border, in a few seconds: what is committed stays, and the same command goes on from "
    "there; a second signal (Ctrl-C) stops at once"
)


class LiveProgress:
    """Polls the ``progress`` table in a thread, and shows percentage, rate and time left of each load and of all.

    The share is of the tokens to embed; ``doc_assets.runtime.time_left`` forecasts those that are left, and the time.
    """

    def __init__(
        self,
        store: Store,
        surveys: Sequence[Survey],
        report: Callable[[Progress], None] | None = None,
        *,
        at_once: int = 1,
    ) -> None:
        """Prepare the display, which starts on enter.

        Args:
            store: Store with the progress rows.
            surveys: Surveys of all partitions to load.
            report: Receives the overall progress twice a second.
            at_once: Partitions that are loaded at a time.
        """
        self._report = report
        self._store = store
        self._forecast = Forecast({survey.partition.name: survey.expected for survey in surveys}, at_once)
        self._waiting = {survey.partition.name for survey in surveys}
        self._count = len(surveys)
        self._done = Progress()
        self._rejected = 0
        self._finished = 0
        self._rss_bytes = 0
        self._started = time.perf_counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._process = psutil.Process()
        self._lock = threading.Lock()
        self._told = False
        self._seen: dict[str, ProgressRow] = {}
        self.peak_rss_bytes = 0

    def __enter__(self) -> LiveProgress:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the thread and report the final progress."""
        self._stop.set()
        self._thread.join()
        if self._report is not None:
            self._report(self._overall([]))

    def finished(self, result: LoadResult) -> None:
        """Count a partition as done, with any result."""
        with self._lock:
            self._finished += 1
            self._waiting.discard(result.partition)
            # Its row may have been gone before it was read at its end. A load that failed teaches nothing of others.
            seen = self._seen.get(result.partition)
            given = max(result.tokens_embedded, seen.work_done if seen else 0)
            self._forecast.finish(result.partition, given, whole=result.result in ("published", "rejected"))
            self._rejected += result.rejected
            self._done += Progress(
                files_total=result.files,
                files_done=result.files,
                tokens_done=result.tokens_embedded,
                documents=result.documents,
                chunks=result.chunks,
                embedded=result.embedded,
            )
        if not messages.is_terminal:
            print_note(
                f"{self._finished}/{self._count} {result.partition}: {result.result}, "
                f"{count_of(result.documents, 'document')}, {result.embedded:,} of {result.chunks:,} chunks embedded, "
                f"{duration(result.seconds)}"
            )

    def interrupted(self, result: LoadResult) -> LoadResult:
        """Return the result of a load that ended early, with what is in its snapshot and what it embedded."""
        try:
            with self._store.reading("doc-assets migrate") as connection:
                found = lifecycle.unfinished_counts(connection, result.partition)
        except (OperationalError, StoreUnreachable) as error:
            print_note(f"what is in of {result.partition} is not known: {error}")
            return result
        if found is None:
            return result
        snapshot, counts = found
        result = replace(result, snapshot=snapshot, **asdict(counts))
        row = self._seen.get(result.partition)
        if row is None or row.snapshot_id != snapshot:
            return replace(result, reused=counts.chunks)
        embedded = min(row.embedded, counts.chunks)  # what was embedded last is not committed
        return replace(
            result,
            embedded=embedded,
            reused=counts.chunks - embedded,
            tokens_embedded=min(row.tokens_done, counts.tokens),
            seconds=row.state(datetime.now(UTC)).seconds,
        )

    def _run(self) -> None:
        live = Live(console=messages, refresh_per_second=4, transient=True) if messages.is_terminal else None
        if live:
            live.start()
        printed = time.perf_counter()
        try:
            # A session of our own, not one of a pool's: it carries a name of ours.
            with closing(self._store.connect("doc-assets progress")) as connection:
                # A load that was killed leaves its row until it is resumed: as a running one it would count as done
                # what its successor does again, and the pace would be negative.
                began = metrics.now(connection)
                while not self._wait():
                    self._rss_bytes = tree_rss(self._process)
                    self.peak_rss_bytes = max(self.peak_rss_bytes, self._rss_bytes)
                    with read_transaction(connection):
                        rows = read_progress(connection, began)
                    self._seen |= {row.partition: row for row in rows}
                    overall = self._overall(rows)
                    announce(
                        connection, Announced(overall.share, self._finished, self._count, overall.remaining_seconds)
                    )
                    if self._report is not None:
                        self._report(overall)
                    if live:
                        live.update(self._display(rows, overall))
                    elif time.perf_counter() - printed >= _LINE_SECONDS:
                        printed = time.perf_counter()
                        print_note(self._line(rows, overall))
        except (OperationalError, StoreError) as error:
            print_note(f"progress is not shown any more: {error}")
        finally:
            if live:
                live.stop()

    def _wait(self) -> bool:
        """Wait for the next poll, and say at once that a stop was requested; return True at the end of the loads."""
        until = time.perf_counter() + _POLL_SECONDS
        while not self._stop.wait(shutdown.POLL_SECONDS):
            # Here and not in the signal handler, which may interrupt this process while it writes to the terminal.
            if shutdown.requested() and not self._told:
                self._told = True
                print_note(_STOPPING)
            if time.perf_counter() >= until:
                return False
        return True

    def _overall(self, rows: Sequence[ProgressRow]) -> Progress:
        now, seconds = datetime.now(UTC), time.perf_counter() - self._started
        with self._lock:
            running = [row for row in rows if row.partition in self._waiting]
            self._forecast.update(
                seconds, [Running(row.partition, row.work_done, row.work_total) for row in running if row.work_total]
            )
            total = self._done
            for row in running:
                total += row.state(now)
            remaining, done = self._forecast.remaining_seconds, round(self._forecast.done)
            work = done + round(self._forecast.left)
            if not self._waiting:
                work = done = max(1, done)  # at the end all is done, even if nothing was to embed
            elif remaining is None:
                done = 0  # the first texts tell nothing of the pace
            return replace(total, work_done=done, work_total=work, seconds=seconds, forecast_seconds=remaining)

    def _facts(self, rows: Sequence[ProgressRow], state: Progress) -> list[str]:
        """Return what is known of all loads beside their share and time."""
        rejected = self._rejected + sum(row.rejected for row in rows if row.partition in self._waiting)
        return [
            f"{self._finished}/{self._count} partitions",
            count_of(state.documents, "document"),
            f"{count_of(rejected, 'file')} rejected",
            f"{self._rss_bytes / 1e9:.2f} GB",
        ]

    def _line(self, rows: Sequence[ProgressRow], state: Progress) -> str:
        parts = (
            f"{100 * state.share:5.1f} %",
            f"{duration(state.remaining_seconds)} left",
            f"{state.tokens_per_second:,.0f} tokens/s",
            *self._facts(rows, state),
        )
        return " · ".join(parts)

    def _display(self, rows: Sequence[ProgressRow], state: Progress) -> RenderableType:
        now = datetime.now(UTC)
        each = [bar_row(row.partition, row.state(now)) for row in rows if row.partition in self._waiting]
        return Group(build_grid([*each, bar_row("all", state)]), Line(" · ".join(self._facts(rows, state))))


def load_with_progress(
    settings: Settings,
    store: Store,
    changed: Sequence[Survey],
    workers: int,
    *,
    allow_deletions: bool = False,
    batch_id: str | None = None,
    report: Callable[[Progress], None] | None = None,
) -> tuple[list[LoadResult], int]:
    """Load the surveyed partitions with progress on stderr.

    Returns:
        The results, and the peak resident bytes of this process and its children without PostgreSQL.
    """
    if not changed:
        return [], 0
    results = []
    with shutdown.deferred(), LiveProgress(store, changed, report, at_once=workers) as live:
        for result in batch_load.load(
            settings, store, changed, workers, allow_deletions=allow_deletions, batch_id=batch_id
        ):
            if result.result in ("stopped", "failed"):
                result = live.interrupted(result)
            results.append(result)
            live.finished(result)
            print_errors([result])
    return results, live.peak_rss_bytes


def print_errors(results: Iterable[LoadResult]) -> None:
    """Print the errors of failed and rejected loads."""
    for result in results:
        if result.result in ("failed", "rejected"):
            name, error = result.partition, str(result.error)  # some errors begin with the partition's name
            named = error.startswith(name)
            print_error(f"{result.result}: {error}" if named else f"{name} {result.result}: {error}")


def refresh_vector_index(settings: Settings, store: Store, *, loaded_any: bool) -> float:
    """Refresh the vector index, print how far a build is and the result, and return the seconds taken."""
    with _index_build_shown(store):
        done = batch_load.refresh_index(settings, store, loaded_any=loaded_any)
    if done.error is not None:
        print_error(f"the vector index could not be brought up to date: {done.error}")
    elif done.built:
        print_note(f"built the vector index in {duration(done.seconds)}")
    return done.seconds


@contextmanager
def _index_build_shown(store: Store) -> Iterator[None]:
    """Print now and then how far the build of the vector index is."""
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(_LINE_SECONDS):
            try:
                with store.reading("doc-assets index progress") as connection:
                    found = vector_index.builds(connection)
            except (OperationalError, StoreUnreachable):
                continue  # the build meets that too, and reports it
            for build in found:
                print_note(str(build))

    thread = threading.Thread(target=show, name="index progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
