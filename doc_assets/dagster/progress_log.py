"""The progress of a load as lines in Dagster's event log, read from the loader's progress row.

Each line is an event, which costs 20 to 30 ms and a connection: never one per document.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from doc_assets.catalogue import Partition
from doc_assets.dagster.library import Library
from doc_assets.errors import StoreError
from doc_assets.runtime.progress import duration
from doc_assets.store.database.connection import OperationalError
from doc_assets.store.history.progress import ProgressRow, progress

POLL_SECONDS = 5.0
LINE_SECONDS = 15.0
LINE_SHARE = 0.05


class ProgressLines:
    """The lines of a load: one every 15 s, or sooner after 5 %."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the interval of the first line."""
        self._clock = clock
        self._last = (clock(), 0.0)

    def line(self, row: ProgressRow) -> str | None:
        """Return the line for a progress row, None if none is due."""
        now, state = self._clock(), row.state()
        if now - self._last[0] < LINE_SECONDS and state.share - self._last[1] < LINE_SHARE:
            return None
        self._last = (now, state.share)
        return (
            f"{row.stage} {state.share:.1%} · {state.files_done:,}/{state.files_total:,} files · "
            f"{state.documents:,} documents · {state.chunks:,} chunks · {state.embedded:,} embedded · "
            f"{state.tokens_per_second:,.0f} tokens/s · ETA {duration(state.remaining_seconds)}"
        )


@contextmanager
def logged_progress(context: dg.AssetExecutionContext, library: Library, partition: Partition) -> Iterator[None]:
    """Log the partition's progress while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(context, library, partition.name, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=POLL_SECONDS)


def _watch(context: dg.AssetExecutionContext, library: Library, partition: str, stop: threading.Event) -> None:
    lines = ProgressLines()
    while not stop.wait(POLL_SECONDS):
        try:
            rows = [row for row in progress(library.store) if row.partition == partition]
        except (StoreError, OperationalError):
            continue  # if it lasts, the load itself fails
        line = lines.line(rows[0]) if rows else None
        if line and not stop.is_set():
            context.log.info(line)
