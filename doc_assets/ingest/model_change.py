"""The change to another embedding model: fills its space from the stored chunks, audits it, and makes it live at once.

Sources are not needed, and readers notice nothing until the switch. Running it again after an interruption resumes.
Model names are resolved in ``doc_assets.embedding``; snapshots and pointers are in ``store.versions.space_switch``.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import Calls
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.reading import VERBATIM
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import AuditFailed, PartitionLocked, Refused, Transient
from doc_assets.ingest.recipe import recipe_in
from doc_assets.runtime import shutdown
from doc_assets.runtime.progress import Progress, duration
from doc_assets.runtime.stages import Stage
from doc_assets.store.audit.consistent_read import ConsistentRead
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.retention.maintenance import build_index
from doc_assets.store.spaces import coverage, spaces, vector_writer
from doc_assets.store.spaces.coverage import MissingChunks, StoredChunk
from doc_assets.store.spaces.spaces import SpaceTable
from doc_assets.store.versions import space_switch
from doc_assets.store.versions.space_switch import Successor
from doc_assets.validation.audit import run_checks

T = TypeVar("T")

# A crash may cost one batch, as in a load: about 20 s of embedding on 2 cores.
BATCH_CHUNKS = 512
_COUNT_CHUNKS = 2_000
_SAMPLE_CHUNKS = 96  # embedding them takes a few seconds on 2 cores


@dataclass(frozen=True, slots=True)
class SpacePlan:
    """Chunks and tokens that a change of the model would embed, and the estimated seconds (None without chunks)."""

    chunks: int
    tokens: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SpaceChange:
    """The result of a change of the model.

    Attributes:
        space: Embedding space that is live now.
        run_id: Run id of the switch in the history; rolling back that run undoes it.
        partitions: Partitions that were switched; 0 if the space was live already.
        audited: Snapshots that were audited; one that was published or passed before is proven by digest and seal only.
        embedded: Chunks that were embedded.
        tokens_embedded: Their tokens.
        indexed: True if a vector index was built.
        seconds: Total time.
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
class _Totals:
    chunks: int = 0
    tokens: int = 0
    indexed: bool = False
    stages: dict[str, float] = field(default_factory=dict)


class ModelChange:
    """Fills the space of a model and makes it live for every partition at once; for one change only.

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
        calls: Calls = Calls(),  # noqa: B008 - frozen
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        on_progress: Callable[[Progress], None] = lambda _: None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set up the change; opens nothing.

        Args:
            store: Store whose live content is embedded.
            model: Embedding space to fill.
            open_model: Loads the model; not called if there is nothing to embed.
            threads: Concurrent queries of the audit, and workers of the index build.
            calls: How the model is called.
            retry: Policy for failures that pass.
            on_progress: Called after each embedded batch.
            on_step: Called with a sentence for each step and wait.
        """
        self._store = store
        self._model = model
        self._open_model = open_model
        self._embedder: Embedder | None = None
        self._opening = threading.Lock()
        self._threads = threads
        self._calls = calls
        self._retries = Retries(retry)
        self._on_progress = on_progress
        self._on_step = on_step
        self._totals = _Totals()

    def plan(self) -> SpacePlan:
        """Return what ``run`` would embed, timed on a sample; writes nothing.

        Raises:
            Refused: Nothing is live, or chunks are longer than the model's window.
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
        """Fill the space, index, audit and switch; whatever became live meanwhile is embedded before the switch.

        ``run_id`` is recorded in the history; by default it is a new one.

        Raises:
            Refused: Nothing is live, or chunks are longer than the model's window: nothing was embedded.
            StoreError: The database failed for longer than the retries last.
            EmbeddingError: The model failed.
            AuditFailed: A check failed in the new space; nothing was switched.
            PartitionLocked: Another program is filling this space.
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
            self._totals.chunks,
            self._totals.tokens,
            self._totals.indexed,
            time.perf_counter() - started,
            self._totals.stages,
        )

    def _attempt(self, space: SpaceTable, run_id: str, started: float) -> list[Successor] | None:
        """Return the successors that are live now; None if something else became live before the switch."""
        self._run_step("embed", lambda: self._fill(space))
        self._run_step("index", lambda: self._index(space))
        successors = self._run_step(
            "prepare",
            lambda: space_switch.prepare_successors(
                self._store, space, lambda recipe, old: recipe_in(recipe, old, self._model)
            ),
        )
        if not successors:
            return []
        if not self._run_step("prepare", lambda: self._is_covered(space)):
            return None
        self._run_step("audit", lambda: self._audit(successors, run_id))
        event = {"run_id": run_id, "seconds": time.perf_counter() - started}
        try:
            done = self._run_step("switch", lambda: space_switch.switch(self._store, space, successors, event))
        except PartitionLocked as locked:
            self._on_step(f"waiting to switch: {locked}")
            self._run_step("wait", lambda: space_switch.wait_until_free(self._store, successors))
            return None
        return successors if done else None

    def _require_content(self, connection: Connection) -> None:
        if not spaces.live_models(connection):
            raise Refused(
                "nothing is live here yet that could be embedded anew: set DOC_ASSETS_EMBEDDING_MODEL and run "
                "doc-assets migrate"
            )

    def _fill(self, space: SpaceTable) -> None:
        """Embed what the space lacks; each batch is committed, so that a later run resumes."""
        with (
            self._store.connect("doc-assets migrate --space, reading") as reading,
            self._store.connect("doc-assets migrate --space, writing") as writing,
        ):
            missing = coverage.list_missing(reading, space)
            if not missing.chunks:
                return
            self._on_step(f"embedding {missing.chunks:,} chunks ({missing.tokens:,} tokens) with {self._model.name}")
            started, before = time.perf_counter(), self._totals.tokens
            missing_chunks = coverage.read_missing(reading, BATCH_CHUNKS)
            batches = Stage("embed", self._embed, missing_chunks, depth=1, width=self._calls.batches)
            # A stop ends the embedding; vectors that are ready are still written.
            with shutdown.deferred(), closing(iter(batches)) as embedded:
                for batch, vectors_of in embedded:
                    vector_writer.write_vectors(writing, space, vectors_of)
                    self._totals.chunks += len(batch)
                    self._totals.tokens += sum(chunk.token_count for chunk in batch)
                    self._on_progress(
                        Progress(
                            work_total=missing.tokens,
                            work_done=self._totals.tokens - before,
                            tokens_done=self._totals.tokens - before,
                            chunks=missing.chunks,
                            embedded=self._totals.chunks,
                            seconds=time.perf_counter() - started,
                        )
                    )
        shutdown.raise_if_requested()

    def _loaded_model(self) -> Embedder:
        with self._opening:
            if self._embedder is None:
                self._embedder = self._open_model()
            return self._embedder

    def _embed(self, chunks: list[StoredChunk]) -> tuple[list[StoredChunk], dict[bytes, np.ndarray]]:
        slices = [chunks[start : start + self._calls.texts] for start in range(0, len(chunks), self._calls.texts)]
        found: dict[bytes, np.ndarray] = {}
        for vectors in Stage("embed-slice", self._embed_slice, slices, width=self._calls.at_once):
            found |= vectors
        return chunks, found

    def _embed_slice(self, piece: list[StoredChunk]) -> dict[bytes, np.ndarray]:
        shutdown.raise_if_requested()
        rows = self._loaded_model().embed([chunk.text for chunk in piece], Role.DOCUMENT)
        return dict(zip((chunk.id for chunk in piece), rows, strict=True))

    def _refuse_long(self, connection: Connection, missing: MissingChunks) -> None:
        """Raise Refused if missing chunks exceed the new model's window.

        With the same tokenizer they cannot, unless another reading parts what was one unknown token as it is written.
        Chunks that become live later are refused by the model itself.
        """
        model = self._model
        if not missing.chunks or all(
            live.tokenizer_digest == model.tokenizer_digest and model.reading in (live.reading, VERBATIM.name)
            for live in spaces.live_models(connection)
        ):
            return
        tokenizer = self._loaded_model().tokenizers.of(Role.DOCUMENT)
        long, longest = 0, 0
        for chunks in coverage.read_missing(connection, _COUNT_CHUNKS):
            counts = tokenizer.count([chunk.text for chunk in chunks])
            # The audit compares the stored count with the window.
            for count in map(max, counts, (chunk.token_count for chunk in chunks)):
                long += count > model.max_tokens
                longest = max(longest, count)
        if long:
            same = all(live.tokenizer_digest == model.tokenizer_digest for live in spaces.live_models(connection))
            raise Refused(
                f"{long:,} of {missing.chunks:,} stored chunks are longer than the {model.max_tokens} tokens that "
                f"{model.name} reads (the longest has {longest:,}), and chunks are never cut short: nothing was "
                f"embedded; {f'keep DOC_ASSETS_EMBEDDING_READING={VERBATIM.name}, or ' if same else ''}"
                f"load from the sources with DOC_ASSETS_EMBEDDING_MODEL={model.name} into a database of its "
                "own (DOC_ASSETS_DATABASE_URL), and point readers there"
            )

    def _is_covered(self, space: SpaceTable) -> bool:
        with self._store.connect("doc-assets migrate --space") as connection:
            return coverage.covers_live_chunks(connection, space)

    def _index(self, space: SpaceTable) -> None:
        with self._store.connect("doc-assets index") as connection:
            started = time.perf_counter()
            if build_index(connection, space, workers=max(1, self._threads - 1)):
                self._totals.indexed = True
                self._on_step(f"built the vector index in {duration(time.perf_counter() - started)}")

    def _audit(self, successors: Sequence[Successor], run_id: str) -> None:
        """Run the six checks over successors that never passed them; raise AuditFailed with the first failure."""
        fresh = {successor.snapshot: successor for successor in successors if not successor.audited}
        if not fresh:
            return
        self._on_step(f"auditing {len(fresh)} partitions in the new space")
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
            raise AuditFailed(
                f"the audit in the new space failed for {reasons[0]}{more}; nothing was switched, and"
                " running it again audits anew"
            )

    def _run_step(self, stage: str, step: Callable[[], T]) -> T:
        """Run a step, again after a failure that passes, and add its time to the stage; each step resumes."""
        started = time.perf_counter()
        try:
            return self._retries.run(step)
        finally:
            self._totals.stages[stage] = self._totals.stages.get(stage, 0.0) + time.perf_counter() - started
