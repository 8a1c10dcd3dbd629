"""Progress of running loads on stderr: a live table on a terminal, else a line every 15 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import psutil
from rich.console import RenderableType
from rich.live import Live

from doc_assets.cli.output import Piece, build_grid, messages, print_error, print_note
from doc_assets.dagster import batch_load
from doc_assets.errors import StoreUnreachable
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.runtime import shutdown
from doc_assets.runtime.processes import tree_rss
from doc_assets.runtime.progress import Progress, duration
from doc_assets.settings import Settings
from doc_assets.store.database.connection import OperationalError, Store, read_transaction
from doc_assets.store.history.progress import ProgressRow, read_progress
from doc_assets.store.spaces import vector_index

_POLL_SECONDS = 0.5
_LINE_SECONDS = 15.0


class LiveProgress:
    """Polls the ``progress`` table in a thread, and shows percentage, rate and time left of each load and of all.

    The overall percentage weighs partitions by the tokens that their surveys expect.
    """

    def __init__(
        self, store: Store, surveys: Sequence[Survey], report: Callable[[Progress], None] | None = None
    ) -> None:
        """Prepare the display, which starts on enter; ``report`` receives the overall progress twice a second."""
        self._report = report
        self._store = store
        self._waiting = {survey.partition.name: survey.expected_tokens for survey in surveys}
        self._work = sum(self._waiting.values())
        self._count = len(surveys)
        self._done = Progress()
        self._finished = 0
        self._started = time.perf_counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._process = psutil.Process()
        self._lock = threading.Lock()
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
            work, files = self._waiting.pop(result.partition), result.files
            counts = (result.tokens_embedded, result.documents, result.chunks, result.embedded)
            self._done += Progress(files, files, work, work, *counts)
        if not messages.is_terminal:
            print_note(
                f"{self._finished}/{self._count} {result.partition}: {result.result}, "
                f"{result.documents:,} documents, {result.embedded:,} of {result.chunks:,} chunks embedded, "
                f"{duration(result.seconds)}"
            )

    def _run(self) -> None:
        live = Live(console=messages, refresh_per_second=4, transient=True) if messages.is_terminal else None
        if live:
            live.start()
        printed = time.perf_counter()
        try:
            with self._store.reader("doc-assets progress") as connection:
                while not self._stop.wait(_POLL_SECONDS):
                    self.peak_rss_bytes = max(self.peak_rss_bytes, tree_rss(self._process))
                    with read_transaction(connection):
                        rows = read_progress(connection)
                    if self._report is not None:
                        self._report(self._overall(rows))
                    if live:
                        live.update(self._table(rows))
                    elif time.perf_counter() - printed >= _LINE_SECONDS:
                        printed = time.perf_counter()
                        print_note(self._line(self._overall(rows)))
        except (OperationalError, StoreUnreachable) as error:
            print_note(f"progress is not shown any more: {error}")
        finally:
            if live:
                live.stop()

    def _overall(self, rows: Sequence[ProgressRow]) -> Progress:
        with self._lock:
            now = datetime.now(UTC)
            total = self._done
            for row in rows:
                if row.partition in self._waiting:
                    total += row.state(now)
        return replace(total, work_total=self._work, seconds=time.perf_counter() - self._started)

    def _line(self, state: Progress) -> str:
        return (
            f"{100 * state.share:5.1f} % · {self._finished}/{self._count} partitions · {state.documents:,} documents · "
            f"{state.documents_per_minute:,.0f} documents/min · {state.tokens_per_second:,.0f} tokens/s · "
            f"{duration(state.remaining_seconds)} left"
        )

    def _table(self, rows: Sequence[ProgressRow]) -> RenderableType:
        shown: list[Sequence[Piece]] = []
        now = datetime.now(UTC)
        for row in rows:
            if row.partition in self._waiting:
                state = row.state(now)
                figures = (
                    f"{100 * state.share:.1f} %",
                    f"{row.files_done:,}/{row.files_total:,} files",
                    f"{state.tokens_per_second:,.0f} tokens/s",
                    f"{duration(state.remaining_seconds)} left",
                )
                shown.append((row.partition, row.stage, *figures))
        return build_grid([*shown, (("all", "bold"), "", *self._line(self._overall(rows)).split(" · ")[:5])])


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
    with shutdown.deferred(), LiveProgress(store, changed, report) as live:
        for result in batch_load.load(
            settings, store, changed, workers, allow_deletions=allow_deletions, batch_id=batch_id
        ):
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
