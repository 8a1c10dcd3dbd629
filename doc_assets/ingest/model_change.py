"""Another embedding model for all that is stored: its space is filled from the chunks, audited, and made live at once.

Sources are not needed and readers notice nothing until the switch. What is committed stays when this is interrupted,
and running it again goes on. Which model a name means is in ``embedding.models``; snapshots and pointers are in
``store.switching``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import EMBED_SLICE
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import AuditFailed, PartitionLocked, Refused, Transient
from doc_assets.ingest.recipe import recipe_in
from doc_assets.runtime import shutdown
from doc_assets.runtime.progress import Progress, duration
from doc_assets.runtime.stages import Stage
from doc_assets.store.audit.consistent_read import ConsistentRead
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.spaces import coverage, spaces, vector_index, vector_writer
from doc_assets.store.spaces.coverage import MissingChunks, StoredChunk
from doc_assets.store.spaces.spaces import SpaceTable
from doc_assets.store.versions import space_switch
from doc_assets.store.versions.space_switch import Successor
from doc_assets.validation.audit import run_checks

T = TypeVar("T")

# As in a load: what a crash may cost, about 20 s of embedding on 2 cores.
BATCH_CHUNKS = 512
_COUNTED_AT_A_TIME = 2_000
# Embedded to estimate how long all of them take: a few seconds on 2 cores.
_SAMPLE_CHUNKS = 96


@dataclass(frozen=True, slots=True)
class SpacePlan:
    """What a change of the model would take: chunks and tokens to embed, seconds for that (None if there are none)."""

    chunks: int
    tokens: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SpaceChange:
    """What a change of the model did.

    Attributes:
        space: The embedding space that is live now.
        run_id: Under which the switch stands in the history; rolling back that run undoes it.
        partitions: That were switched; 0 if the space was live already.
        audited: Snapshots; one that was published or passed its audit before is only proven by its digest and seal.
        embedded: Chunks.
        tokens_embedded: In them.
        indexed: A vector index was built.
        seconds: Of everything.
        stages: Seconds by stage.
    """

    space: int
    run_id: str
    partitions: int
    audited: int
    embedded: int
    tokens_embedded: int
    indexed: bool
    seconds: float
    stages: dict[str, float]


@dataclass
class _Done:
    """What was done so far."""

    chunks: int = 0
    tokens: int = 0
    indexed: bool = False
    stages: dict[str, float] = field(default_factory=dict)


class ModelChange:
    """Fills the space of a model and makes it live for every partition at once. Made anew for each change.

    Example:
        >>> change = ModelChange(store, model, lambda: open_embedder(settings), threads=settings.threads)
        >>> change.run().partitions
    """

    def __init__(
        self,
        store: Store,
        model: EmbeddingSpace,
        open_model: Callable[[], Embedder],
        *,
        threads: int = 1,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        progressed: Callable[[Progress], None] = lambda _: None,
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Opens nothing yet.

        Args:
            store: Whose live content.
            model: The space to fill.
            open_model: Loads it; not called if there is nothing to embed.
            threads: Questions that the audit asks at a time, and workers of the index build.
            retry: How often a step is tried that fails for a passing reason.
            progressed: Told after each batch how far the embedding is.
            said: Told what begins, and what is waited for.
        """
        self._store = store
        self._model = model
        self._open_model = open_model
        self._embedder: Embedder | None = None
        self._threads = threads
        self._retries = Retries(retry)
        self._progressed = progressed
        self._said = said
        self._done = _Done()

    def plan(self) -> SpacePlan:
        """What ``run`` would embed, timed on a sample; writes nothing.

        Raises:
            Refused: Nothing is live, or chunks are longer than the model's window: nothing was embedded.
            EmbeddingError: The model cannot be loaded.
        """
        with self._store.connect("doc-assets migrate --space") as connection:
            self._require_content(connection)
            space = spaces.find_space(connection, self._model.fingerprint)
            missing = coverage.list_missing(connection, space)
            if not missing.chunks:
                return SpacePlan(0, 0, None)
            self._refuse_long(connection, missing)
            sample = coverage.sample_missing(connection, _SAMPLE_CHUNKS)
        self._embed(sample[-8:])  # the first call of a model takes longer
        started = time.perf_counter()
        self._embed(sample)
        seconds = time.perf_counter() - started
        return SpacePlan(missing.chunks, missing.tokens, seconds * missing.tokens / sum(c.token_count for c in sample))

    def run(self, run_id: str | None = None) -> SpaceChange:
        """Fills, indexes, audits, switches; what became live meanwhile is embedded before the switch.

        Args:
            run_id: For the history; a new one by default.

        Raises:
            Refused: Nothing is live, or chunks are longer than the model's window: nothing was embedded.
            StoreError: The database failed for longer than the retries last.
            EmbeddingError: The model failed.
            AuditFailed: A check failed in the new space; nothing was switched.
            PartitionLocked: Another program fills this space.
        """
        started = time.perf_counter()
        run_id = run_id or str(uuid.uuid4())
        with self._store.connect("doc-assets migrate --space") as connection:
            self._require_content(connection)
            known = spaces.find_space(connection, self._model.fingerprint)
            self._refuse_long(connection, coverage.list_missing(connection, known))
            space = spaces.ensure_space(connection, self._model)
            with spaces.space_lock(connection, space.id):
                if spaces.find_space(connection, self._model.fingerprint) != space:
                    raise Transient(f"embedding space {space.id} was dropped just now: run this again to make it anew")
                while (successors := self._attempt(space, run_id, started)) is None:
                    pass
        return SpaceChange(
            space.id,
            run_id,
            len(successors),
            sum(not successor.audited for successor in successors),
            self._done.chunks,
            self._done.tokens,
            self._done.indexed,
            time.perf_counter() - started,
            self._done.stages,
        )

    def _attempt(self, space: SpaceTable, run_id: str, started: float) -> list[Successor] | None:
        """The successors that are live now; None if something else became live before the switch."""
        self._timed("embed", lambda: self._fill(space))
        self._timed("index", lambda: self._index(space))
        successors = self._timed(
            "prepare",
            lambda: space_switch.prepare_successors(
                self._store, space, lambda recipe, old: recipe_in(recipe, old, self._model)
            ),
        )
        if not successors:
            return []
        if not self._timed("prepare", lambda: self._is_covered(space)):
            return None
        self._timed("audit", lambda: self._audit(successors, run_id))
        event = {"run_id": run_id, "seconds": time.perf_counter() - started}
        try:
            done = self._timed("switch", lambda: space_switch.switch(self._store, space, successors, event))
        except PartitionLocked as locked:
            self._said(f"waiting to switch: {locked}")
            self._timed("wait", lambda: space_switch.wait_until_free(self._store, successors))
            return None
        return successors if done else None

    def _require_content(self, connection: Connection) -> None:
        if not spaces.live_models(connection):
            raise Refused(
                "nothing is live here yet that could be embedded anew: set DOC_ASSETS_EMBEDDING_MODEL and run "
                "doc-assets migrate"
            )

    def _fill(self, space: SpaceTable) -> None:
        """Embeds what the space lacks; each batch is committed, so that this goes on where it was ended."""
        with (
            self._store.connect("doc-assets migrate --space, reading") as reading,
            self._store.connect("doc-assets migrate --space, writing") as writing,
        ):
            missing = coverage.list_missing(reading, space)
            if not missing.chunks:
                return
            self._said(f"embedding {missing.chunks:,} chunks ({missing.tokens:,} tokens) with {self._model.name}")
            started, before = time.perf_counter(), self._done.tokens
            batches = Stage("embed", self._embed, coverage.read_missing(reading, BATCH_CHUNKS), depth=1)
            # A stop ends the embedding, and what came out of it before is still written.
            with shutdown.deferred(), closing(iter(batches)) as embedded:
                for batch, vectors_of in embedded:
                    vector_writer.write_vectors(writing, space, vectors_of)
                    self._done.chunks += len(batch)
                    self._done.tokens += sum(chunk.token_count for chunk in batch)
                    self._progressed(
                        Progress(
                            work_total=missing.tokens,
                            work_done=self._done.tokens - before,
                            tokens_done=self._done.tokens - before,
                            chunks=missing.chunks,
                            embedded=self._done.chunks,
                            seconds=time.perf_counter() - started,
                        )
                    )
        shutdown.raise_if_requested()

    def _model_loaded(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._open_model()
        return self._embedder

    def _embed(self, chunks: list[StoredChunk]) -> tuple[list[StoredChunk], dict[bytes, np.ndarray]]:
        found: dict[bytes, np.ndarray] = {}
        for start in range(0, len(chunks), EMBED_SLICE):
            shutdown.raise_if_requested()
            piece = chunks[start : start + EMBED_SLICE]
            rows = self._model_loaded().embed([chunk.text for chunk in piece])
            found |= dict(zip((chunk.id for chunk in piece), rows, strict=True))
        return chunks, found

    def _refuse_long(self, connection: Connection, missing: MissingChunks) -> None:
        """Counts what is missing with the new model's tokenizer, unless the chunks were cut by that very one.

        What becomes live later is counted by the model itself, which refuses what is too long.
        """
        model = self._model
        if not missing.chunks or all(
            live.tokenizer_digest == model.tokenizer_digest for live in spaces.live_models(connection)
        ):
            return
        tokenizer = self._model_loaded().tokenizer
        long, longest = 0, 0
        for chunks in coverage.read_missing(connection, _COUNTED_AT_A_TIME):
            counts = tokenizer.count([chunk.text for chunk in chunks])
            # What was counted when the chunk was stored is what the audit holds against the window.
            for count in map(max, counts, (chunk.token_count for chunk in chunks)):
                long += count > model.max_tokens
                longest = max(longest, count)
        if long:
            raise Refused(
                f"{long:,} of {missing.chunks:,} stored chunks are longer than the {model.max_tokens} tokens that "
                f"{model.name} reads (the longest has {longest:,}), and chunks are never cut short: nothing was "
                f"embedded; load from the sources with DOC_ASSETS_EMBEDDING_MODEL={model.name} into a database of its "
                "own (DOC_ASSETS_DATABASE_URL), and point readers there"
            )

    def _is_covered(self, space: SpaceTable) -> bool:
        with self._store.connect("doc-assets migrate --space") as connection:
            return coverage.covers_live_chunks(connection, space)

    def _index(self, space: SpaceTable) -> None:
        with self._store.connect("doc-assets index") as connection:
            if vector_index.has_index(connection, space):
                return
            started = time.perf_counter()
            if vector_index.ensure_index(connection, space, workers=max(1, self._threads - 1)):
                self._done.indexed = True
                self._said(f"built the vector index in {duration(time.perf_counter() - started)}")

    def _audit(self, successors: Sequence[Successor], run_id: str) -> None:
        """Runs the six checks over those that were never published nor passed them.

        Raises:
            AuditFailed: Names the first partition that failed, and why.
        """
        fresh = {successor.snapshot: successor for successor in successors if not successor.audited}
        if not fresh:
            return
        self._said(f"auditing {len(fresh)} partitions in the new space")
        findings: dict[int, list[str]] = {snapshot_id: [] for snapshot_id in fresh}
        with ConsistentRead(self._store, "doc-assets audit", self._threads) as read:
            for check in run_checks(read, list(fresh)):
                findings[check.snapshot] += check.findings
        reasons = []
        with self._store.connect("doc-assets switch") as connection:
            for snapshot_id, found in findings.items():
                successor, reason = fresh[snapshot_id], "; ".join(found)
                if not found:
                    space_switch.record_passed(connection, successor)
                elif space_switch.record_failed(connection, successor, run_id, reason):
                    reasons.append(f"{successor.partition} (snapshot {snapshot_id}): {reason}")
        if reasons:
            more = f", and {len(reasons) - 1} other partitions" if len(reasons) > 1 else ""
            raise AuditFailed(f"the audit in the new space failed for {reasons[0]}{more}; nothing was switched")

    def _timed(self, stage: str, step: Callable[[], T]) -> T:
        """Runs a step, again after a failure that passes: each goes on with what is committed."""
        started = time.perf_counter()
        try:
            return self._retries.run(step)
        finally:
            self._done.stages[stage] = self._done.stages.get(stage, 0.0) + time.perf_counter() - started
