"""A load in a process of its own, slowed so that it can be hit anywhere, that tells what it is doing.

It is the real loader on a real database; made up are the model, which hashes, and the parse workers, whose two seconds
of starting are saved by parsing in the process itself.
"""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from doc_assets.catalogue import Catalogue, Partition, load_catalogue
from doc_assets.document.records import FileRecord
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.errors import AuditFailed, DocAssetsError
from doc_assets.ingest import load_run, loader
from doc_assets.ingest.load_history import recording_failures
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import ParsePool, ParseTask, parse_file
from doc_assets.ingest.result import LoadResult
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import lifecycle, reuse
from doc_assets.store.snapshots.batch_writer import SnapshotWriter
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets.validation.audit import audit
from doc_assets_tests.support.crashes.trace import Told, Trace
from doc_assets_tests.support.loading import HashEmbedder

BATCH_CHUNKS = 6
STAGES = ("discover", "open", "reconcile", "parse", "embed", "write", "seal", "link", "audit", "publish")

_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["doc_assets_tests.support.crashes.warm"])


def settings_for_loads(**changes: str) -> Settings:
    """The guards against deletions and errors are open: they are not what is tried here.

    The precision is named, since looking what the processor can do takes half a second and starts threads.
    """
    return Settings.from_environment(
        {
            "DOC_ASSETS_THREADS": "1",
            "DOC_ASSETS_EMBEDDING_PRECISION": "fp32",
            "DOC_ASSETS_RETRY_LONGEST_WAIT": "0.3",
            "DOC_ASSETS_DELETION_GUARD": "1",
            "DOC_ASSETS_ERROR_BUDGET": "1",
            **changes,
        }
    )


@dataclass(frozen=True)
class Order:
    """What a load is to do.

    Attributes:
        catalogue: Path of the catalogue.
        url: Of a database that is set up.
        home: Cache folder.
        trace: File that it tells what it does in.
        run: Its run id.
        partitions: Ids; all of the catalogue if empty.
        pause: Seconds that each stage takes longer.
        attempts: Of each step that fails for a passing reason, 0.3 s apart.
    """

    catalogue: Path
    url: str
    home: Path
    trace: Path
    run: str
    partitions: tuple[str, ...] = ()
    pause: float = 0.0
    attempts: int = 20

    @property
    def settings(self) -> Settings:
        """What its loader is given."""
        return settings_for_loads(
            DOC_ASSETS_HOME=str(self.home),
            DOC_ASSETS_DATABASE_URL=self.url,
            DOC_ASSETS_RETRY_ATTEMPTS=str(self.attempts),
        )


class Child:
    """A load that was started in a process of its own; it ends with the process that started it, at the latest."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.told = Told(order.trace)
        self._process = _SPAWN.Process(target=_run, args=(order,), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once it has ended."""
        return self._process.is_alive()

    def end(self, seconds: float = 60.0) -> Told:
        """Waits for its end; what it told.

        Raises:
            AssertionError: It does not end, or something escaped it that is none of the project's own errors.
        """
        self._process.join(seconds)
        assert not self.alive, f"{self.order.run} does not end: {self.told.read()[-3:]}"
        assert not self.told.of("escaped"), self.told.of("escaped")[0]["traceback"]
        assert self._process.exitcode == 0, f"{self.order.run} ended with {self._process.exitcode}"
        return self.told

    def kill(self) -> None:
        """SIGKILL, and waits until it is gone."""
        self._process.kill()
        self._process.join(30)

    def stop(self) -> None:
        """SIGSTOP: it does nothing any more, and keeps what it has."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            os.kill(self.pid, number)


def run_here(order: Order) -> Told:
    """The same without a process of its own, and without delays."""
    trace = Trace(order.trace)
    _load_all(order, trace, Loader(order.settings, Store(order.url), InProcess(order.settings)))
    return Told(order.trace)


class InProcess(ParsePool):
    """Parses where it is called."""

    def __init__(self, settings: Settings, trace: Trace | None = None, pause: float = 0.0) -> None:
        super().__init__(settings)
        self._limit = settings.max_file_bytes
        self._tokenizer = _tokenizer(settings)
        self._trace = trace
        self._pause = pause

    def parse(self, tasks: Iterable[ParseTask]) -> Iterator[FileRecord]:
        for task in tasks:
            if self._trace is None:
                yield parse_file(task, self._limit, self._tokenizer)
                continue
            with self._trace.stage("parse", self._pause):
                record = parse_file(task, self._limit, self._tokenizer)
            yield record

    def close(self) -> None:
        pass


@functools.cache
def _tokenizer(settings: Settings):
    return open_tokenizer(settings)


class TracedEmbedder(HashEmbedder):
    """Tells which chunks it has embedded."""

    def __init__(self, settings: Settings, trace: Trace, pause: float) -> None:
        super().__init__(describe_space(settings))
        self._trace = trace
        self._pause = pause

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        with self._trace.stage("embed", self._pause):
            rows = super().embed(texts, role)
            self._trace.tell("embedded", chunks=[hashlib.sha256(text.encode()).hexdigest() for text in texts])
        return rows


def _run(order: Order) -> None:
    """In the child."""
    trace = Trace(order.trace)
    try:
        load_run.BATCH_CHUNKS = BATCH_CHUNKS  # pyrefly: ignore[bad-assignment]
        _trace_stages(trace, order.pause)
        pool = InProcess(order.settings, trace, order.pause / 4)
        _load_all(order, trace, Loader(order.settings, Store(order.url), pool))
    except BaseException:
        trace.tell("escaped", traceback=traceback.format_exc())


def _load_all(order: Order, trace: Trace, loader: Loader) -> None:
    loader.__dict__["embedder"] = TracedEmbedder(order.settings, trace, order.pause)  # in place of the model
    catalogue = load_catalogue(order.catalogue)
    for partition in catalogue.partitions():
        if order.partitions and partition.name not in order.partitions:
            continue
        try:
            result = _load(order, trace, loader, partition, catalogue)
        except DocAssetsError as error:
            trace.tell("outcome", partition=partition.name, result=type(error).__name__, message=str(error))
        else:
            facts = {"snapshot": result.snapshot, "digest": result.digest, "retries": result.retries}
            trace.tell("outcome", partition=partition.name, result=result.result, chunks=result.chunks, **facts)


def _load(order: Order, trace: Trace, loader: Loader, partition: Partition, catalogue: Catalogue) -> LoadResult:
    """As the asset does it."""
    trace.tell("partition", partition=partition.name)
    with recording_failures(loader.store, partition, order.run, time.perf_counter()):
        survey = loader.survey(partition, catalogue)
    if survey.unchanged is not None:
        return survey.unchanged
    with loader.stage(survey, run_id=order.run) as staged:
        with trace.stage("audit", order.pause):
            checks = loader.retries.run(lambda: audit(loader.store, staged.snapshot))
        if failed := [check.check for check in checks if not check.passed]:
            return staged.reject(checks, AuditFailed(f"{partition.name} fails {', '.join(failed)}"))
        return staged.publish(checks)


def _trace_stages(trace: Trace, pause: float) -> None:
    """From now on the loads of this process tell of their stages."""
    for name, room, function in (
        ("discover", loader, "discover"),
        ("open", lifecycle, "open_snapshot"),
        ("reconcile", reuse, "reconcile"),
        ("write", SnapshotWriter, "write"),
        ("seal", lifecycle, "seal"),
        ("link", lifecycle, "link_near_duplicates"),
        ("publish", lifecycle, "publish"),
    ):
        setattr(room, function, _traced(trace, name, getattr(room, function), pause))


def _traced(trace: Trace, stage: str, function: Callable, pause: float) -> Callable:
    @functools.wraps(function)
    def traced(*args, **keywords):
        with trace.stage(stage, pause):
            result = function(*args, **keywords)
            time.sleep(pause)  # done, and the answer not yet read
        if isinstance(result, Lease):
            trace.tell("lease", snapshot=result.snapshot, lease=result.number, resumed=result.resumed)
        return result

    return traced
