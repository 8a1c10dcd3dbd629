"""Vectors for the chunks of a load: embeds slices, and halves of a slice if the model refuses one of its texts.

Backends and their retries are in ``doc_assets.embedding``; ``batches`` rejects the files with a refused chunk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from doc_assets.document import Chunk
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import EMBED_SLICE
from doc_assets.embedding.prompts import Role
from doc_assets.errors import EmbeddingError, EmbeddingRefused
from doc_assets.runtime import shutdown

# An embedder that refuses even this text refuses everything.
_PLAIN = "documentation"


class ChunkEmbedder:
    """Embeds chunks and records refused ones. Safe to call from several threads; the model serves one at a time.

    Attributes:
        refused: Reasons of the refused chunks by chunk id.
    """

    def __init__(self, embedder: Callable[[], Embedder], embedded: Callable[[Sequence[Chunk]], None]) -> None:
        """Take the function that opens the model, called when first needed, and a callback for embedded chunks."""
        self._embedder = embedder
        self._embedded = embedded
        self._lock = threading.Lock()
        self.refused: dict[bytes, str] = {}

    def vectors(self, chunks: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        """Return the vectors, ``(dims,)`` float32, by chunk id; refused chunks have none.

        Raises:
            EmbeddingError: The model or endpoint failed, or refuses every text.
            Stopped: A stop was requested; the vectors of these chunks are dropped.
        """
        order = sorted(chunks, key=lambda chunk: (chunk.token_count, chunk.id))
        found: dict[bytes, np.ndarray] = {}
        for start in range(0, len(order), EMBED_SLICE):
            shutdown.raise_if_requested()
            piece = [chunk for chunk in order[start : start + EMBED_SLICE] if chunk.id not in self.refused]
            try:
                found |= self._embed(piece)
            except EmbeddingRefused as refusal:
                self._require_working_model(refusal)
                found |= self._embed_halves(piece, refusal)
        return found

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
        with self._lock:
            rows = self._embedder().embed([chunk.embedding_input for chunk in piece], Role.DOCUMENT)
        self._embedded(piece)
        return dict(zip((chunk.id for chunk in piece), rows, strict=True))

    def _require_working_model(self, refusal: EmbeddingRefused) -> None:
        """Raise EmbeddingError if the model refuses every text: halving would reject every file, chunk by chunk."""
        try:
            with self._lock:
                self._embedder().embed([_PLAIN], Role.DOCUMENT)
        except EmbeddingRefused:
            raise EmbeddingError(
                f"the embedding model refuses every text, even {_PLAIN!r}: {refusal}; check "
                "DOC_ASSETS_EMBEDDING_URL and DOC_ASSETS_EMBEDDING_MODEL; nothing of it was published, and running it "
                "again resumes"
            ) from refusal
