"""Vectors for the chunks of a load: embeds slices, and halves of a slice if the model refuses one of its texts.

Backends and their retries are in ``doc_assets.embedding``; ``batches`` rejects the files with a refused chunk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np

from doc_assets.document import Chunk
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_use import ModelUse, UseAccount
from doc_assets.embedding.opening import Calls
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.shared_embedder import SharedEmbedder
from doc_assets.errors import EmbeddingError, EmbeddingRefused
from doc_assets.runtime import shutdown

# An embedder that refuses even this text refuses everything.
_PLAIN = "documentation"


class ChunkEmbedder:
    """Embeds chunks and records refused ones. Safe to call from several threads.

    Attributes:
        refused: Reasons of the refused chunks by chunk id.
    """

    def __init__(
        self,
        embedder: Callable[[], Embedder],
        embedded: Callable[[Sequence[Chunk]], None],
        calls: Calls = Calls(),  # noqa: B008 - frozen
    ) -> None:
        """Take the function that opens the model, called when first needed, and a callback for embedded chunks."""
        self._embedder = embedder
        self._embedded = embedded
        self._calls = calls
        self._opening, self._counting = threading.Lock(), threading.Lock()
        self._account = UseAccount()
        self._shared: SharedEmbedder | None = None
        self._shared_before = 0.0
        self.refused: dict[bytes, str] = {}

    def vectors(self, chunks: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        """Return the vectors, ``(dims,)`` float32, by chunk id; refused chunks have none.

        Raises:
            EmbeddingError: The model or endpoint failed, or refuses every text.
            Stopped: A stop was requested; the vectors of these chunks are dropped.
        """
        order = sorted(chunks, key=lambda chunk: (chunk.token_count, chunk.id))
        slices = [order[start : start + self._calls.texts] for start in range(0, len(order), self._calls.texts)]
        contexts = [copy_context() for _ in slices]  # with the log ids of the caller
        found: dict[bytes, np.ndarray] = {}
        # The executor cancels the other slices after an error, and is left when the last call has returned.
        with ThreadPoolExecutor(self._calls.at_once, "embed") as threads:
            for vectors in threads.map(lambda context, piece: context.run(self._slice, piece), contexts, slices):
                found |= vectors
        return found

    @property
    def use(self) -> ModelUse | None:
        """How busy the model was for all loads that share it; None if none do, or nothing was embedded yet."""
        return self._shared.use if self._shared is not None else None

    @property
    def model_seconds(self) -> float:
        """Seconds in which the model was busy with these chunks, without those of other loads that share it."""
        return self._account.use.busy_seconds if self._shared is None else self._shared.seconds - self._shared_before

    def _slice(self, chunks: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        shutdown.raise_if_requested()
        piece = [chunk for chunk in chunks if chunk.id not in self.refused]
        try:
            return self._embed(piece)
        except EmbeddingRefused as refusal:
            self._require_working_model(refusal)
            return self._embed_halves(piece, refusal)

    def _embed_halves(self, piece: Sequence[Chunk], refusal: EmbeddingRefused) -> dict[bytes, np.ndarray]:
        """Embed the halves of a refused piece, down to the single chunks that are refused."""
        if len(piece) == 1:
            self.refused[piece[0].id] = str(refusal)
            return {}
        found: dict[bytes, np.ndarray] = {}
        middle = len(piece) // 2
        for half in (piece[:middle], piece[middle:]):
            try:
                found |= self._embed(half)
            except EmbeddingRefused as again:
                found |= self._embed_halves(half, again)
        return found

    def _embed(self, piece: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        if not piece:
            return {}
        rows = self._rows([chunk.embedding_input for chunk in piece])
        with self._counting:
            self._embedded(piece)
        return dict(zip((chunk.id for chunk in piece), rows, strict=True))

    def _require_working_model(self, refusal: EmbeddingRefused) -> None:
        """Raise EmbeddingError if the model refuses every text: halving would reject every file, chunk by chunk."""
        try:
            self._rows([_PLAIN])
        except EmbeddingRefused:
            raise EmbeddingError(
                f"the embedding model refuses every text, even {_PLAIN!r}: {refusal}; check "
                "DOC_ASSETS_EMBEDDING_URL and DOC_ASSETS_EMBEDDING_MODEL; nothing of it was published, and running it "
                "again resumes"
            ) from refusal

    def _rows(self, texts: Sequence[str]) -> np.ndarray:
        with self._opening:
            embedder = self._embedder()
            if self._shared is None and isinstance(embedder, SharedEmbedder):
                self._shared, self._shared_before = embedder, embedder.seconds
        with self._account.call():
            return embedder.embed(texts, Role.DOCUMENT)
