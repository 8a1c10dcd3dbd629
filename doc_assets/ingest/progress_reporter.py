"""The counters of a running load, and the progress row that they are written to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import psutil

from doc_assets.errors import StoreUnreachable
from doc_assets.runtime.processes import tree_rss
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.history.progress import clear_progress, write_progress

PROGRESS_SECONDS = 0.5
_log = logging.getLogger(__name__)


@dataclass
class LoadCounters:
    """What a load has done so far; shared by the stages' threads, each of which writes its own fields."""

    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    work_total: int = 0
    work_done: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    tokens_done: int = 0
    pointers: int = 0
    stage: str = "discover"
    peak_rss_bytes: int = 0


class ProgressReporter:
    """Writes a partition's progress row. Failures are logged: they must not end the load."""

    def __init__(self, store: Store, partition_id: int, run_id: str | None, counters: LoadCounters) -> None:
        """Take the counters; the first report opens the connection."""
        self._store = store
        self._partition_id = partition_id
        self._run_id = run_id
        self._counters = counters
        self._connection: Connection | None = None
        self._process = psutil.Process()
        self._reported = 0.0
        self._reporting = threading.Lock()
        self.snapshot_id: int | None = None

    def report(self, stage: str | None = None) -> None:
        """Write the row, at most every half second unless a stage begins; called from several threads."""
        now = time.perf_counter()
        with self._reporting:
            if stage is None and now - self._reported < PROGRESS_SECONDS:
                return
            self._reported = now
            if stage is not None:
                self._counters.stage = stage
            self._counters.peak_rss_bytes = max(self._counters.peak_rss_bytes, tree_rss(self._process))
            row = {**asdict(self._counters), "snapshot_id": self.snapshot_id}
            self._try(lambda c: write_progress(c, self._partition_id, self._run_id, row))

    def close(self) -> None:
        """Remove the row: the load has ended."""
        with self._reporting:
            self._try(lambda c: clear_progress(c, self._partition_id))
            if self._connection is not None:
                self._connection.close()

    def _try(self, write: Callable[[Connection], None]) -> None:
        try:
            if self._connection is None or self._connection.closed or self._connection.broken:
                self._connection = self._store.connect("doc-assets progress")
            write(self._connection)
        except (OperationalError, StoreUnreachable) as error:
            _log.warning("progress of partition %s could not be written: %s", self._partition_id, error)
