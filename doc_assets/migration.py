"""The load of one partition: discover, parse, chunk, embed and stage, resumable at every batch; then publish or reject.

The audit between staging and publishing belongs to ``doc_assets.audit``; running many partitions, and telling a user
about it, to ``doc_assets.dagster``. Stages overlap in ``doc_assets.pipeline``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from types import TracebackType
from typing import TypeVar

import numpy as np
import psutil
import psycopg
import tenacity

from doc_assets.audit import CheckResult
from doc_assets.catalogue import Catalogue, Partition
from doc_assets.discovery import Discovery, discover
from doc_assets.document import Chunk
from doc_assets.embedding import Embedder, describe_space, open_embedder
from doc_assets.errors import StoreError
from doc_assets.parsing import ParsePool, ParseTask
from doc_assets.pipeline import Stage
from doc_assets.recipe import recipe_of
from doc_assets.settings import Settings
from doc_assets.store import Store, history, snapshots, spaces
from doc_assets.store.staging import FileRecord, SnapshotWriter, StoredDocument

# A batch is what a crash may cost. 512 chunks are about 20 s of embedding on 2 cores, and enough to sort by length.
BATCH_CHUNKS = 512
BATCH_FILES = 256
BATCH_CHARACTERS = 8_000_000
# Texts handed to the model at a time: progress moves every few seconds even on a slow machine.
EMBED_SLICE = 128
PROGRESS_SECONDS = 0.5
WRITE_ATTEMPTS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class LoadResult:
    """What became of one partition.

    Attributes:
        result: ``published``, ``unchanged``, ``rejected`` (a check failed), ``planned`` (dry run) or ``failed``.
        chunks: Chunk places of the snapshot's documents; ``embedded`` of them were embedded now, ``reused`` were not.
        tokens: Of all chunks; ``tokens_embedded`` is what the model read in this load.
        stages: Seconds by stage: ``discover``, ``parse``, ``embed``, ``write``, ``seal`` of work, and where the stages
            waited for each other.
    """

    doc_type: str
    partition: str
    result: str
    snapshot: int | None = None
    digest: str | None = None
    files: int = 0
    loaded: int = 0
    duplicate: int = 0
    skipped: int = 0
    rejected: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    tokens: int = 0
    tokens_embedded: int = 0
    bytes: int = 0
    seconds: float = 0.0
    documents_per_minute: float = 0.0
    peak_rss_bytes: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)
    error: str | None = None


@dataclass
class _Figures:
    """What the load has done so far; shared by the stages' threads, each of which writes its own fields."""

    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    tokens_done: int = 0
    stage: str = "discover"
    peak_rss_bytes: int = 0


@dataclass(frozen=True)
class _Batch:
    files: tuple[FileRecord, ...]
    vectors: Mapping[bytes, np.ndarray] = field(default_factory=dict)

    @property
    def chunks(self) -> dict[bytes, Chunk]:
        return {chunk.id: chunk for file in self.files for document in file.documents for chunk in document.chunks}


@dataclass
class StagedLoad:
    """A sealed snapshot that waits for its audit; holds the partition's lock until it is published, rejected or closed."""

    snapshot: int
    digest: str
    recipe: str
    partition: Partition
    result: LoadResult
    run_id: str | None
    started: float
    _partition_id: int
    _connection: psycopg.Connection
    _open: ExitStack

    def close(self) -> None:
        """Lets go of the partition; the snapshot stays as it is, and the next load resumes it."""
        self._open.close()

    def __enter__(self) -> StagedLoad:
        """The load itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()


class Loader:
    """Loads partitions one after the other, keeping the parse workers and the model warm between them.

    Example:
        >>> loader = Loader(settings, store)
        >>> with loader.stage(partition, catalogue, run_id=None) as staged:
        ...     loader.publish(staged, audit(store, staged.snapshot))
    """

    def __init__(self, settings: Settings, store: Store, parse_pool: ParsePool | None = None) -> None:
        """Opens nothing yet: workers and model start when a file has to be parsed and a chunk embedded.

        Args:
            settings: Model, threads, limits.
            store: Where to.
            parse_pool: Workers to share with other loaders; closed with the first of them.
        """
        self._settings = settings
        self._store = store
        self._parse_pool = parse_pool or ParsePool(settings)
        self._space = describe_space(settings)

    @cached_property
    def embedder(self) -> Embedder:
        """The model, loaded on first use."""
        return open_embedder(self._settings)

    def close(self) -> None:
        """Ends the parse workers."""
        self._parse_pool.close()

    def unchanged(self, partition: Partition, catalogue: Catalogue, limit: int | None = None) -> LoadResult | None:
        """What is live, if a load would change nothing; None if there is something to do. Parses and writes nothing.

        Raises:
            SourceError: The source cannot be fetched.
        """
        started = time.perf_counter()
        discovery = discover(partition, catalogue, self._settings, limit)
        with self._store.connect() as connection:
            return self._unchanged(connection, partition, discovery, limit, started)

    def _unchanged(
        self,
        connection: psycopg.Connection,
        partition: Partition,
        discovery: Discovery,
        limit: int | None,
        started: float,
    ) -> LoadResult | None:
        live = snapshots.is_unchanged(
            connection,
            partition.id,
            recipe=recipe_of(self._settings, partition.source),
            fingerprint=self._space.fingerprint,
            file_limit=limit,
            base_url=partition.source.base_url,
            files=discovery.fingerprints,
        )
        if live is None:
            return None
        counts = snapshots.recorded(connection, live)
        return LoadResult(
            partition.doc_type,
            partition.key,
            "unchanged",
            snapshot=live,
            digest=snapshots.stored_digest(connection, live),
            **asdict(counts),
            reused=counts.chunks,
            seconds=time.perf_counter() - started,
        )

    def plan(self, partition: Partition, catalogue: Catalogue, limit: int | None = None) -> LoadResult:
        """What a load would do, from parsing what changed; writes nothing and embeds nothing.

        ``embedded`` and ``tokens_embedded`` are what would have to be embedded.
        """
        started = time.perf_counter()
        discovery = discover(partition, catalogue, self._settings, limit)
        outcomes = [file.outcome for file in discovery.settled]
        documents = chunks = tokens = 0
        missing: dict[bytes, int] = {}
        with self._store.connect() as connection:
            if (nothing := self._unchanged(connection, partition, discovery, limit, started)) is not None:
                return nothing
            space = spaces.find_space(connection, self._space.fingerprint)
            for record in self._parse_pool.parse(_tasks(partition, discovery, discovery.locations)):
                outcomes.append(record.outcome)
                documents += len(record.documents)
                found = [chunk for document in record.documents for chunk in document.chunks]
                chunks += len(found)
                tokens += sum(chunk.token_count for chunk in found)
                lacking = {c.id: c.token_count for c in found}
                if space is not None:
                    absent = spaces.missing_chunks(connection, space, list(lacking))
                    lacking = {key: lacking[key] for key in absent}
                missing |= lacking
        return LoadResult(
            partition.doc_type,
            partition.key,
            "planned",
            files=discovery.files,
            loaded=outcomes.count("loaded"),
            duplicate=outcomes.count("duplicate"),
            skipped=outcomes.count("skipped"),
            rejected=outcomes.count("rejected"),
            documents=documents,
            chunks=chunks,
            embedded=len(missing),
            reused=chunks - len(missing),
            tokens=tokens,
            tokens_embedded=sum(missing.values()),
            bytes=discovery.bytes,
            seconds=time.perf_counter() - started,
        )

    def stage(
        self, partition: Partition, catalogue: Catalogue, *, run_id: str | None, limit: int | None = None
    ) -> StagedLoad:
        """Loads the partition into a staging snapshot and seals it; resumes what a dead load of it left.

        Raises:
            PartitionLocked: Another load or rollback of it runs.
            SourceError: The source cannot be fetched.
            StoreError: The database went away for longer than the retries last.
            EmbeddingError: The model or endpoint failed.
        """
        started = time.perf_counter()
        with ExitStack() as guard:
            connection = guard.enter_context(self._store.connect(f"doc-assets load {partition.id}"))
            partition_id = snapshots.ensure_partition(
                connection, partition.doc_type, partition.key, partition.source.name
            )
            guard.enter_context(snapshots.partition_lock(connection, partition_id, partition.id))
            load = _Load(self, connection, partition, partition_id, run_id)
            guard.callback(load.finish)
            result = load.run(catalogue, limit, started)
            assert result.snapshot is not None and result.digest is not None  # noqa: S101 - sealed above
            return StagedLoad(
                result.snapshot,
                result.digest,
                recipe_of(self._settings, partition.source),
                partition,
                result,
                run_id,
                started,
                partition_id,
                connection,
                guard.pop_all(),
            )

    def publish(self, staged: StagedLoad, checks: Sequence[CheckResult]) -> LoadResult:
        """Makes the staged snapshot what readers see; every check must have passed."""
        if failed := [check.check for check in checks if not check.passed]:
            raise StoreError(f"{staged.partition.id} failed {', '.join(failed)} and cannot be published")
        result = _timed(staged, "published", checks)
        with staged:
            snapshots.set_status(staged._connection, staged.snapshot, "audited")
            snapshots.publish(
                staged._connection,
                staged.snapshot,
                run_id=staged.run_id,
                counts=_counts(result),
                stages=result.stages,
                seconds=result.seconds,
                peak_rss_bytes=result.peak_rss_bytes,
            )
        return result

    def reject(self, staged: StagedLoad, checks: Sequence[CheckResult]) -> LoadResult:
        """Leaves what is live as it is and records why the staged snapshot was not published."""
        result = _timed(staged, "rejected", checks)
        offenders = [offender for check in checks if not check.passed for offender in check.offenders]
        with staged, staged._connection.transaction():
            snapshots.set_status(staged._connection, staged.snapshot, "rejected")
            history.record(
                staged._connection,
                "load",
                "rejected",
                partition_id=staged._partition_id,
                to_snapshot=staged.snapshot,
                run_id=staged.run_id,
                counts=_counts(result),
                stages=result.stages,
                seconds=result.seconds,
                peak_rss_bytes=result.peak_rss_bytes,
                error="; ".join(offenders),
            )
        return replace(result, error="; ".join(offenders))


def _counts(result: LoadResult) -> dict[str, int]:
    return {name: value for name, value in asdict(result).items() if isinstance(value, int) and name != "snapshot"}


def _timed(staged: StagedLoad, outcome: str, checks: Sequence[CheckResult]) -> LoadResult:
    seconds = time.perf_counter() - staged.started
    audit_seconds = seconds - staged.result.seconds
    return replace(
        staged.result,
        result=outcome,
        seconds=seconds,
        documents_per_minute=staged.result.documents * 60 / seconds,
        stages=staged.result.stages | {"audit": audit_seconds},
        checks=list(checks),
    )


def _tasks(partition: Partition, discovery: Discovery, paths: Iterable[str]) -> Iterator[ParseTask]:
    # Largest first: the last files of a partition are then small, and no worker is left alone with a long one.
    for path in sorted(paths, key=lambda p: (-discovery.locations[p].size, p)):
        yield ParseTask(discovery.locations[path], partition.source.format, partition.source.attributes)


class _Load:
    """One run of ``Loader.stage``: the stages' threads and what they share."""

    def __init__(
        self,
        loader: Loader,
        connection: psycopg.Connection,
        partition: Partition,
        partition_id: int,
        run_id: str | None,
    ) -> None:
        self._loader = loader
        self._connection = connection
        self._partition = partition
        self._partition_id = partition_id
        self._run_id = run_id
        self._figures = _Figures()
        self._snapshot_id: int | None = None
        self._process = psutil.Process()
        self._reported = 0.0
        self._reporting = threading.Lock()
        self._in_flight: set[bytes] = set()
        self._embedded_before = 0

    def finish(self) -> None:
        """The partition is no longer being worked on."""
        if not self._connection.closed and not self._connection.broken:
            history.clear_progress(self._connection, self._partition_id)

    def run(self, catalogue: Catalogue, limit: int | None, started: float) -> LoadResult:
        loader, partition = self._loader, self._partition
        self._report(force=True)
        discovery = discover(partition, catalogue, loader._settings, limit)
        discovered = time.perf_counter()
        space = spaces.ensure_space(self._connection, loader._space)
        snapshot_id, _ = snapshots.open_snapshot(
            self._connection,
            self._partition_id,
            recipe=recipe_of(loader._settings, partition.source),
            space=space,
            revision=discovery.revision,
            base_url=partition.source.base_url,
            file_limit=limit,
            run_id=self._run_id,
        )
        self._snapshot_id = snapshot_id
        settled = snapshots.reconcile(self._connection, snapshot_id, discovery.canonical)
        todo = {path: file for path, file in discovery.locations.items() if path not in settled}
        figures = self._figures
        figures.files_total, figures.bytes_total = discovery.files, discovery.bytes
        figures.files_done = len(settled)
        figures.bytes_done = sum(file.size for file in discovery.canonical if file.path in settled)
        figures.stage = "load"
        self._report(force=True)
        stages = self._fill(discovery, todo, space, snapshot_id)
        figures.stage = "seal"
        self._report(force=True)
        sealing = time.perf_counter()
        counts, digest = snapshots.seal(self._connection, snapshot_id)
        now = time.perf_counter()
        figures.stage = "audit"
        self._report(force=True)
        return LoadResult(
            partition.doc_type,
            partition.key,
            "staged",
            snapshot=snapshot_id,
            digest=digest.hex(),
            **asdict(counts),
            embedded=figures.embedded,
            reused=max(0, counts.chunks - figures.embedded),
            tokens_embedded=figures.tokens_done,
            seconds=now - started,
            peak_rss_bytes=figures.peak_rss_bytes,
            stages={"discover": discovered - started, **stages, "seal": now - sealing},
        )

    def _fill(
        self, discovery: Discovery, todo: Mapping[str, object], space: spaces.SpaceTable, snapshot_id: int
    ) -> dict[str, float]:
        """Parses, embeds and writes what is to do; seconds by stage."""
        name = f"doc-assets load {self._partition.id}"
        with self._loader._store.connect(name) as lookup, _Writer(self._loader._store, name, snapshot_id, space) as writer:
            writer.write(_Batch(discovery.settled))
            self._done(discovery.settled)
            if not todo:
                return {"parse": 0.0, "embed": 0.0, "write": 0.0}
            records = self._loader._parse_pool.parse(_tasks(self._partition, discovery, todo))
            batches = Stage("parse", lambda batch: batch, _batches(records), depth=1)
            embedded = Stage("embed", lambda batch: self._embed(batch, lookup, space), batches, depth=1)
            writing = 0.0
            for batch in embedded:
                started = time.perf_counter()
                quarantined = writer.write(batch)
                self._in_flight.difference_update(batch.vectors)
                self._done(batch.files, quarantined)
                writing += time.perf_counter() - started
        return {
            "parse": batches.times.starved,
            "embed": embedded.times.working,
            "write": writing,
            "embed_waited_for_parse": embedded.times.starved,
            "embed_waited_for_write": embedded.times.blocked,
        }

    def _embed(self, batch: _Batch, lookup: psycopg.Connection, space: spaces.SpaceTable) -> _Batch:
        chunks = batch.chunks
        # What an earlier batch of this load embedded may not be committed yet, so the database cannot know it.
        unknown = [key for key in chunks if key not in self._in_flight]
        missing = spaces.missing_chunks(lookup, space, unknown)
        if not missing:
            return batch
        order = sorted(missing, key=lambda key: (chunks[key].token_count, key))
        vectors: dict[bytes, np.ndarray] = {}
        for start in range(0, len(order), EMBED_SLICE):
            keys = order[start : start + EMBED_SLICE]
            rows = self._loader.embedder.embed([chunks[key].embedding_input for key in keys])
            vectors.update(zip(keys, rows, strict=True))
            self._figures.embedded += len(keys)
            self._figures.tokens_done += sum(chunks[key].token_count for key in keys)
            self._report()
        self._in_flight.update(vectors)
        return replace(batch, vectors=vectors)

    def _done(self, files: Sequence[FileRecord], quarantined: Sequence[str] = ()) -> None:
        figures = self._figures
        figures.files_done += len(files)
        figures.bytes_done += sum(file.size for file in files)
        stored: list[StoredDocument] = [d for file in files if file.path not in quarantined for d in file.documents]
        figures.documents += len(stored)
        figures.chunks += sum(len(document.chunks) for document in stored)
        self._report()

    def _report(self, *, force: bool = False) -> None:
        """Writes the progress row at most every half second; called from several threads."""
        now = time.perf_counter()
        with self._reporting:
            if not force and now - self._reported < PROGRESS_SECONDS:
                return
            self._reported = now
            self._figures.peak_rss_bytes = max(self._figures.peak_rss_bytes, tree_rss(self._process))
            row = {**asdict(self._figures), "snapshot_id": self._snapshot_id}
            history.write_progress(self._connection, self._partition_id, self._run_id, row)


def tree_rss(process: psutil.Process) -> int:
    """Resident bytes of this process and its workers; a database server started from here is not counted."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            if not member.name().startswith("postgres"):
                total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _batches(records: Iterable[FileRecord]) -> Iterator[_Batch]:
    files: list[FileRecord] = []
    chunks = characters = 0
    for record in records:
        files.append(record)
        chunks += sum(len(document.chunks) for document in record.documents)
        characters += sum(len(document.text) for document in record.documents)
        if chunks >= BATCH_CHUNKS or len(files) >= BATCH_FILES or characters >= BATCH_CHARACTERS:
            yield _Batch(tuple(files))
            files, chunks, characters = [], 0, 0
    if files:
        yield _Batch(tuple(files))


class _Writer:
    """Writes batches, again after a transient error, and in halves when the database refuses one of their documents."""

    def __init__(self, store: Store, name: str, snapshot_id: int, space: spaces.SpaceTable) -> None:
        self._store = store
        self._name = name
        self._snapshot_id = snapshot_id
        self._space = space
        self._connection = store.connect(name)
        self._writer = SnapshotWriter(self._connection, snapshot_id, space)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def write(self, batch: _Batch) -> list[str]:
        """Commits the batch; returns the paths that had to be quarantined (rejected with the database's reason)."""
        try:
            self._retrying(batch)
        except psycopg.OperationalError as error:
            raise StoreError(f"PostgreSQL failed {WRITE_ATTEMPTS} times: {error}; run the load again to resume") from error
        except psycopg.Error as error:
            if len(batch.files) > 1:
                middle = len(batch.files) // 2
                halves = (replace(batch, files=batch.files[:middle]), replace(batch, files=batch.files[middle:]))
                return [path for half in halves for path in self.write(half)]
            file = batch.files[0]
            if file.outcome == "rejected":
                raise StoreError(f"the manifest row of {file.path!r} is refused by the database: {error}") from error
            reason = f"refused by the database: {str(error).splitlines()[0]}"[:500]
            self.write(_Batch((FileRecord(file.path, file.size, file.fingerprint, "rejected", reason),)))
            return [file.path]
        return []

    def _retrying(self, batch: _Batch) -> None:
        wanted = batch.chunks
        vectors = {key: vector for key, vector in batch.vectors.items() if key in wanted}
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(psycopg.OperationalError),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=10),
            stop=tenacity.stop_after_attempt(WRITE_ATTEMPTS),
            reraise=True,
        ):
            with attempt:
                if self._connection.closed or self._connection.broken:
                    self._connection = self._store.connect(self._name)
                    self._writer = SnapshotWriter(self._connection, self._snapshot_id, self._space)
                self._writer.write(batch.files, vectors)
