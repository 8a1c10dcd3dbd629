"""One run of a load: the stages that overlap, what they share, and the progress row that tells how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import psutil
import psycopg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.discovery import Discovery, discover
from doc_assets.memory import tree_rss
from doc_assets.migration.result import LoadResult
from doc_assets.migration.writing import Batch, BatchWriter
from doc_assets.parsing import ParseTask
from doc_assets.pipeline import Stage
from doc_assets.progress import expected_tokens
from doc_assets.recipe import recipe_of
from doc_assets.store import changes, history, snapshots, spaces
from doc_assets.store.staging import FileRecord, StoredDocument

if TYPE_CHECKING:
    from doc_assets.migration.loader import Loader

# A batch is what a crash may cost. 512 chunks are about 20 s of embedding on 2 cores, and enough to sort by length.
BATCH_CHUNKS = 512
BATCH_FILES = 256
BATCH_CHARACTERS = 8_000_000
# Texts handed to the model at a time: progress moves every few seconds even on a slow machine.
EMBED_SLICE = 128
PROGRESS_SECONDS = 0.5


@dataclass
class _Figures:
    """What the load has done so far; shared by the stages' threads, each of which writes its own fields."""

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
    stage: str = "discover"
    peak_rss_bytes: int = 0


class Filling:
    """Fills and seals one staging snapshot: the stages' threads and what they share. Made anew for each load."""

    def __init__(
        self,
        loader: Loader,
        connection: psycopg.Connection,
        partition: Partition,
        partition_id: int,
        run_id: str | None,
    ) -> None:
        """Takes a connection that holds the partition's lock; the progress row is written through it as well."""
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

    def finish(self) -> None:
        """The partition is no longer being worked on."""
        if not self._connection.closed and not self._connection.broken:
            history.clear_progress(self._connection, self._partition_id)

    def run(self, catalogue: Catalogue, limit: int | None, started: float) -> LoadResult:
        """Discovers, fills and seals; the result's ``snapshot`` and ``digest`` are set."""
        loader, partition = self._loader, self._partition
        self._report(force=True)
        discovery = discover(partition, catalogue, loader.settings, limit)
        discovered = time.perf_counter()
        space = spaces.ensure_space(self._connection, loader.space)
        snapshot_id, _ = snapshots.open_snapshot(
            self._connection,
            self._partition_id,
            recipe=recipe_of(loader.settings, partition.source),
            space=space,
            revision=discovery.revision,
            base_url=partition.source.site.base_url,
            page_rule=partition.source.site.pages,
            page_strip=partition.source.site.strip,
            near_duplicates=partition.source.near_duplicates,
            file_limit=limit,
            run_id=self._run_id,
        )
        self._snapshot_id = snapshot_id
        settled = changes.reconcile(self._connection, snapshot_id, discovery.canonical, discovery.included.digest)
        todo = {path: file for path, file in discovery.locations.items() if path not in settled}
        figures = self._figures
        taken_over = [file for file in discovery.canonical if file.path in settled]
        figures.files_total, figures.files_done = discovery.files, len(taken_over)
        figures.bytes_total, figures.bytes_done = discovery.bytes, sum(file.size for file in taken_over)
        figures.work_total = discovery.expected_tokens
        figures.work_done = expected_tokens((file.path, file.size) for file in taken_over)
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
        with (
            self._loader.store.connect(name) as lookup,
            BatchWriter(self._loader.store, name, snapshot_id, space) as writer,
        ):
            writer.write(Batch(discovery.settled))
            self._done(discovery.settled)
            if not todo:
                return {"parse": 0.0, "embed": 0.0, "write": 0.0}
            records = self._loader.parse_pool.parse(parse_tasks(self._partition, discovery, todo))
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

    def _embed(self, batch: Batch, lookup: psycopg.Connection, space: spaces.SpaceTable) -> Batch:
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
        figures.work_done += expected_tokens((f.path, f.size) for f in files if f.outcome != "duplicate")
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


def parse_tasks(partition: Partition, discovery: Discovery, paths: Iterable[str]) -> Iterator[ParseTask]:
    """Tasks for the paths, largest file first."""
    # The last files of a partition are then small, and no worker is left alone with a long one.
    for path in sorted(paths, key=lambda p: (-discovery.locations[p].size, p)):
        yield ParseTask(
            discovery.locations[path],
            discovery.root,
            partition.source.format,
            partition.source.facts(path),
            partition.doc_type,
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
