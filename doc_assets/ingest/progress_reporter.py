"""The counters of a running load, and the progress row that they are written to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import psutil

from doc_assets.embedding.model_use import ModelUse
from doc_assets.errors import StoreUnreachable
from doc_assets.ingest.load_samples import LoadSamples
from doc_assets.runtime.processes import tree_rss
from doc_assets.store.database.connection import Connection, OperationalError, Session, Store
from doc_assets.store.history.progress import clear_progress, write_progress

PROGRESS_SECONDS = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StageUse:
    """How busy the stages of a load are.

    Attributes:
        parsing: Seconds that a parse worker was busy, on average.
        embedding: Seconds in which the load had chunks to embed, their wait for a shared model included.
        writing: Seconds that the load was writing.
        model: How busy the model is that several loads share; None if none do.
    """

    parsing: float = 0.0
    embedding: float = 0.0
    writing: float = 0.0
    model: ModelUse | None = None

    def over(self, seconds: float) -> dict[str, float | int | None]:
        """Return the columns of the progress row, where ``seconds`` have passed since the stages began."""
        busy = (("parse_busy", self.parsing), ("embed_busy", self.embedding), ("write_busy", self.writing))
        return {
            **{name: min(1.0, worked / seconds) if seconds > 0 else 0.0 for name, worked in busy},
            "model_busy": None if self.model is None else self.model.share,
            "model_queue": None if self.model is None else self.model.waiting_texts,
        }


@dataclass
class LoadCounters:
    """What a load has done so far; shared by the stages' threads, each of which writes its own fields.

    ``chunks_parsed`` to ``chunks_written`` count what has passed each stage; the differences are the queues.
    """

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
    chunks_parsed: int = 0
    chunks_embedded: int = 0
    chunks_ready: int = 0
    chunks_written: int = 0
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
        self._connection: Session | None = None
        self._process = psutil.Process()
        self._reported = 0.0
        self._reporting = threading.Lock()
        self._use: Callable[[], StageUse] = StageUse
        self._watched = self._reported
        self.snapshot_id: int | None = None
        self.samples = LoadSamples()

    def watch(self, use: Callable[[], StageUse]) -> None:
        """Report from now on how busy the stages are, which begin now."""
        self._use, self._watched = use, time.perf_counter()

    def report(self, stage: str | None = None) -> None:
        """Write the row, at most every half second unless a stage begins; called from several threads."""
        now = time.perf_counter()
        with self._reporting:
            if stage is None and now - self._reported < PROGRESS_SECONDS:
                return
            self._reported = now
            if stage is not None:
                self._counters.stage = stage
            counters, rss, use = self._counters, tree_rss(self._process), self._use()
            counters.peak_rss_bytes = max(counters.peak_rss_bytes, rss)
            of_model = use.model.rss_bytes if use.model else 0
            self.samples.take(counters.documents, counters.tokens_done, rss, of_model, always=stage is not None)
            row = {
                **asdict(counters),
                **use.over(now - self._watched),
                "embed_queue": counters.chunks_parsed - counters.chunks_embedded,
                "write_queue": counters.chunks_ready - counters.chunks_written,
                "snapshot_id": self.snapshot_id,
            }
            self._try(lambda c: write_progress(c, self._partition_id, self._run_id, row))

    def close(self) -> None:
        """Remove the row: the load has ended."""
        with self._reporting:
            self._try(lambda c: clear_progress(c, self._partition_id))
            self._give_back()

    def _try(self, write: Callable[[Connection], None]) -> None:
        try:
            if self._connection is None or self._connection.closed or self._connection.broken:
                self._give_back()
                self._connection = self._store.lend("progress", "doc-assets progress")
            write(self._connection)
        except (OperationalError, StoreUnreachable) as error:
            _log.warning(
                "progress of partition %s could not be written, and the load goes on: %s", self._partition_id, error
            )

    def _give_back(self) -> None:
        if self._connection is not None:
            self._store.give_back("progress", self._connection)
            self._connection = None
