"""One load into a staging snapshot: its overlapping stages, what they share, and its progress row."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from doc_assets.catalogue import Partition
from doc_assets.document import Chunk
from doc_assets.document.pointer import is_pointer_reason
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import Calls
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import EmbeddingError, Stopped
from doc_assets.ingest.batches import Batch, BatchWriter
from doc_assets.ingest.chunk_embedder import ChunkEmbedder
from doc_assets.ingest.expected_work import ExpectedWork, StoredFiles
from doc_assets.ingest.parse_pool import ParsePool, ParseTask
from doc_assets.ingest.parsed_files import ParsedFiles
from doc_assets.ingest.progress_reporter import LoadCounters, ProgressReporter, StageUse
from doc_assets.ingest.result import LoadResult
from doc_assets.ingest.source_warnings import source_warnings
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.processes import return_free_memory
from doc_assets.runtime.stages import Stage, StageTimes
from doc_assets.sources.discovery import Discovery
from doc_assets.sources.token_estimate import TOKENS_PER_FILE
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.retries import Retries
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle, publication, reuse
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets.store.snapshots.missing_includes import lacking_in
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces import spaces
from doc_assets.store.spaces.spaces import VectorLookup

# A crash may cost three batches: one being embedded (two by an endpoint), one waiting, one being written. 512 chunks
# take about 20 s to embed on 2 cores, and are enough to sort by length.
BATCH_CHUNKS = 512
BATCH_FILES = 256
BATCH_CHARACTERS = 8_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A batch, the number of its distinct chunks, and those of them that no batch before it embeds or has embedded."""

    batch: Batch
    chunks: int
    missing: list[Chunk]


class LoadRun:
    """Fills and seals one staging snapshot; for one load only."""

    def __init__(
        self,
        session: PartitionSession,
        partition: Partition,
        terms: SnapshotTerms,
        run_id: str | None,
        *,
        store: Store,
        space: EmbeddingSpace,
        parse_pool: ParsePool,
        embedder: Callable[[], Embedder],
        calls: Calls,
        retries: Retries,
        planned: ParsedFiles,
    ) -> None:
        """Take the session that holds the partition's lock; ``embedder`` loads the model when first called.

        ``planned`` is what a plan has parsed of the partition, if there was one.
        """
        self._session = session
        self._partition = partition
        self._terms = terms
        self._run_id = run_id
        self._store = store
        self._space = space
        self._parse_pool = parse_pool
        self._retries = retries
        self._planned = planned
        self._counters = LoadCounters()
        self._expected = ExpectedWork()
        self._committed_tokens = self._files_seen = 0
        self._reporter = ProgressReporter(store, session.partition_id, run_id, self._counters)
        self._in_flight: set[bytes] = set()
        self._counting = threading.Lock()
        self._calls = calls
        self._embedder = ChunkEmbedder(embedder, self._embedded, calls)

    def finish(self) -> None:
        """Remove the progress row: the load has ended. Memory of its batches goes back to the machine."""
        self._reporter.close()
        return_free_memory()

    def reached(self) -> dict[str, object]:
        """Return how far the load is, for the row of one that ends early."""
        counters = self._counters
        return {
            "reached": {
                "files": counters.files_done,
                "files_expected": counters.files_total,
                "bytes": counters.bytes_done,
                "documents": counters.documents,
                "chunks": counters.chunks,
                "embedded": counters.embedded,
                "tokens_embedded": counters.tokens_done,
                "peak_rss_bytes": counters.peak_rss_bytes,
            },
            "samples": self._reporter.samples.as_counts(),
        }

    def fill(self, discovery: Discovery, stored: StoredFiles, started: float) -> tuple[Lease, LoadResult]:
        """Fill the snapshot from the discovered files and seal it; the result has ``snapshot`` and ``digest``.

        ``stored`` is what was live at the survey, for the estimate of the work.

        Raises:
            Stopped: A stop was requested. Batches that are already embedded were committed first.
        """
        partition = self._partition
        self._reporter.report("discover")
        space = self._session.run(lambda connection: spaces.ensure_space(connection, self._space))
        lease = self._session.run(lambda connection: self._open_snapshot(connection, discovery.revision, space))
        self._reporter.snapshot_id = lease.snapshot
        log_context.bind(snapshot=lease.snapshot)
        _log.info("load resumed" if lease.resumed else "load started", extra={"revision": discovery.revision})
        included = discovery.included.digest
        known = self._session.run(lambda connection: reuse.reusable_files(connection, lease, included))
        to_load = discovery.to_load(known)
        discovered = time.perf_counter()
        kept: set[str] = set()
        if lease.resumed or known:  # else there is nothing to compare with
            kept = self._session.run(lambda connection: reuse.reconcile(connection, lease, to_load.canonical, included))
        todo = [file.path for file in to_load.canonical if file.path not in kept]
        taken_over = [file for file in to_load.canonical if file.path in kept]
        discovery.release(kept)
        counters = self._counters
        counters.files_total, counters.files_done = len(discovery.listed), len(taken_over)
        counters.bytes_total, counters.bytes_done = discovery.bytes, sum(file.size for file in taken_over)
        sizes = discovery.locations
        self._expected = ExpectedWork(((path, sizes[path].size) for path in todo), stored)
        counters.work_total = self._expected.left
        self._reporter.report("load")
        try:
            # Deferred: the batch that is being written and the one that waits are committed; what is being embedded
            # ends with its slice and is dropped.
            with shutdown.deferred():
                stages = self._fill(discovery, to_load.unparsed, todo, space, lease)
            shutdown.raise_if_requested()
        except Stopped as stop:
            raise Stopped(
                f"stopped on request at a batch border: {counters.files_done:,} of {counters.files_total:,} files are "
                "in; running it again resumes"
            ) from stop
        self._reporter.report("seal")
        sealing = time.perf_counter()
        counts, digest = self._session.run(lambda connection: lifecycle.seal(connection, lease))
        lacking = self._session.run(lambda connection: lacking_in(connection, lease.snapshot))
        now = time.perf_counter()
        self._planned.remove()  # its results are rows now
        self._reporter.report("audit")
        return lease, LoadResult(
            partition.doc_type,
            partition.key,
            "staged",
            snapshot=lease.snapshot,
            digest=digest.hex(),
            **asdict(counts),
            embedded=counters.embedded,
            reused=max(0, counts.chunks - counters.embedded),
            tokens_embedded=counters.tokens_done,
            pointers=counters.pointers,
            includes_missing=lacking.includes,
            seconds=now - started,
            peak_rss_bytes=counters.peak_rss_bytes,
            warnings=source_warnings(partition, discovery, counts, lacking),
            stages={"discover": discovered - started, **stages, "seal": now - sealing},
            samples=self._reporter.samples.as_counts(),
        )

    def _open_snapshot(self, connection: Connection, revision: str, space: spaces.SpaceTable) -> Lease:
        partition_id = self._session.partition_id
        publication.refuse_other_space(connection, partition_id, space.id)
        return lifecycle.open_snapshot(
            connection, partition_id, self._terms, space=space, revision=revision, run_id=self._run_id
        )

    def _fill(
        self,
        discovery: Discovery,
        settled: tuple[FileRecord, ...],
        todo: Sequence[str],
        space: spaces.SpaceTable,
        lease: Lease,
    ) -> dict[str, float]:
        """Parse, embed and write the files; return seconds by stage."""
        with (
            VectorLookup(self._store, space, self._retries) as lookup,
            BatchWriter(
                self._store,
                f"doc-assets load {self._partition.name}",
                lease,
                space,
                retries=self._retries,
                embed=self._vectors_again,
            ) as writer,
        ):
            if settled:
                writer.write(Batch(settled))
                self._done(settled)
            if not todo:
                return {"parse": 0.0, "embed": 0.0, "write": 0.0}
            records = self._records(discovery, todo)
            batches = Stage("parse", lambda batch: self._claim(batch, lookup), _batches(records), depth=1)
            embedded = Stage("embed", self._embed, batches, depth=1, width=self._calls.batches)
            writing, parsing = StageTimes(), self._parse_pool.busy_seconds
            self._reporter.watch(lambda: self._use(parsing, embedded.times, writing))
            writing.begin("starved")
            for claimed, vectors in embedded:
                writing.begin("working")
                # All batches before this one are embedded, so each refusal of its chunks is known.
                batch = claimed.batch.with_vectors(vectors, self._embedder.refused)
                quarantined = writer.write(batch)
                self._counters.chunks_written += claimed.chunks
                self._in_flight.difference_update(vectors)
                self._see(claimed)
                self._done(batch.files, quarantined)
                writing.begin("starved")
            writing.begin(None)
        model = self._embedder.model_seconds
        return {
            "parse": self._parse_pool.busy_seconds - parsing,
            "embed": model,
            "write": writing.working,
            "embed_waited_for_parse": embedded.times.starved,
            "embed_waited_for_model": max(0.0, embedded.times.working - model),
            "embed_waited_for_write": embedded.times.blocked,
        }

    def _records(self, discovery: Discovery, todo: Sequence[str]) -> Iterator[FileRecord]:
        """Yield what a plan has parsed of the files, then the others as they are parsed."""
        with self._planned as planned:
            left = list(todo)
            if planned:
                left = []
                for path in todo:
                    fingerprint = discovery.read(discovery.locations[path]).fingerprint
                    known = fingerprint and planned.take(path, fingerprint, discovery.included.digest)
                    if known:
                        discovery.release([path])
                        yield known
                    else:
                        left.append(path)
                _log.info("taken over from a plan: %s of %s files", len(todo) - len(left), len(todo))
            if left:
                yield from self._parse_pool.parse(parse_tasks(self._partition, discovery, left))

    def _use(self, parsing: float, embedding: StageTimes, writing: StageTimes) -> StageUse:
        """Return how busy the stages are; ``parsing`` is what the parse workers had done before."""
        parsed = (self._parse_pool.busy_seconds - parsing) / self._parse_pool.workers
        return StageUse(parsed, embedding.working, writing.working, self._embedder.use)

    def _claim(self, batch: Batch, lookup: VectorLookup) -> _Claimed:
        """Find the chunks of a batch that are to be embedded with it; called for one batch after the other."""
        shutdown.raise_if_requested()
        chunks = batch.chunks
        # Vectors of an earlier batch of this load may not be committed yet, so the lookup cannot find them.
        missing = lookup.missing([key for key in chunks if key not in self._in_flight])
        self._in_flight.update(missing)
        self._counters.chunks_parsed += len(chunks)
        return _Claimed(batch, len(chunks), [chunks[key] for key in missing])

    def _embed(self, claimed: _Claimed) -> tuple[_Claimed, dict[bytes, np.ndarray]]:
        shutdown.raise_if_requested()
        vectors = self._embedder.vectors(claimed.missing) if claimed.missing else {}
        with self._counting:
            self._counters.chunks_embedded += claimed.chunks
            self._counters.chunks_ready += claimed.chunks
        return claimed, vectors

    def _vectors_again(self, chunks: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        """Embed chunks whose vectors were removed since the lookup; called by the writing thread."""
        vectors = self._embedder.vectors(chunks)
        for chunk in chunks:
            if chunk.id not in vectors:
                raise EmbeddingError(
                    f"the model refuses a text that it embedded before ({self._embedder.refused[chunk.id]}): check that"
                    " DOC_ASSETS_EMBEDDING_URL serves one model, and run it again"
                )
        return vectors

    def _embedded(self, chunks: Sequence[Chunk]) -> None:
        self._counters.embedded += len(chunks)
        self._counters.tokens_done += sum(chunk.token_count for chunk in chunks)
        self._estimate()
        self._reporter.report()

    def _see(self, claimed: _Claimed) -> None:
        """Learn from a batch that is committed what the files left will give."""
        new = {chunk.id: chunk.token_count for chunk in claimed.missing}
        with self._counting:
            self._committed_tokens += sum(new.values())
            for file in claimed.batch.files:
                ids = {chunk.id for document in file.documents for chunk in document.chunks}
                self._expected.see(file.path, sum(new.pop(key, 0) for key in ids))
                self._files_seen += 1
        self._estimate()

    def _estimate(self) -> None:
        """Bring the work that is done and expected up to date; what is embedded counts before it is committed."""
        counters = self._counters
        with self._counting:
            under_way = max(0, counters.tokens_done - self._committed_tokens)
            counters.work_done = counters.tokens_done + TOKENS_PER_FILE * self._files_seen
            counters.work_total = counters.work_done + max(0, self._expected.left - under_way)

    def _done(self, files: Sequence[FileRecord], quarantined: Sequence[str] = ()) -> None:
        counters = self._counters
        counters.files_done += len(files)
        counters.pointers += sum(file.outcome == "rejected" and is_pointer_reason(file.reason) for file in files)
        counters.bytes_done += sum(file.size for file in files)
        stored: list[StoredDocument] = [d for file in files if file.path not in quarantined for d in file.documents]
        counters.documents += len(stored)
        counters.chunks += sum(len(document.chunks) for document in stored)
        self._reporter.report()


def parse_tasks(partition: Partition, discovery: Discovery, paths: Iterable[str]) -> Iterator[ParseTask]:
    """Yield tasks for the paths, each with the bytes that the discovery holds of its file.

    Largest file first, so that no worker is left alone with a long one at the end.
    """
    for path in sorted(paths, key=lambda p: (-discovery.locations[p].size, p)):
        data = discovery.take_bytes(path)
        file = discovery.locations[path]
        yield ParseTask(
            file,
            discovery.root,
            partition.source.format,
            partition.source.facts(path),
            partition.doc_type,
            data,
            None if data is None else discovery.read(file).fingerprint,
            partition.source.min_characters,
            discovery.scope,
        )


def _batches(records: Iterable[FileRecord]) -> Iterator[Batch]:
    files: list[FileRecord] = []
    chunks = characters = 0
    for record in records:
        files.append(record)
        chunks += sum(len(document.chunks) for document in record.documents)
        characters += sum(len(document.text) for document in record.documents)
        if chunks >= BATCH_CHUNKS or len(files) >= BATCH_FILES or characters >= BATCH_CHARACTERS:
            yield Batch(tuple(files))
            files, chunks, characters = [], 0, 0
    if files:
        yield Batch(tuple(files))
