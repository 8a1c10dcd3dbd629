"""Vectors for the chunks of a load: a slice at a time, in halves where the model refuses one of its texts.

What the backends promise, and which failures are tried again, is in ``doc_assets.embedding``; what becomes of a file
with a refused chunk, in ``filling``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from doc_assets.document import Chunk
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import EMBED_SLICE
from doc_assets.errors import EmbeddingError, EmbeddingRefused
from doc_assets.runtime import shutdown

# What any model reads. An embedder that refuses this, too, is not at odds with one document.
_PLAIN = "documentation"


class ChunkEmbedder:
    """Embeds chunks and remembers those that were refused. Safe to call from several threads; they take turns.

    Attributes:
        refused: Why, by the id of the chunk.
    """

    def __init__(self, embedder: Callable[[], Embedder], embedded: Callable[[Sequence[Chunk]], None]) -> None:
        """Takes what opens the model, asked when there is something to embed, and who is told what was embedded."""
        self._embedder = embedder
        self._embedded = embedded
        self._turn = threading.Lock()
        self.refused: dict[bytes, str] = {}

    def vectors(self, chunks: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        """``(dims,)`` float32 by chunk id, of all that are not refused.

        Raises:
            EmbeddingError: The model or endpoint failed, or refuses whatever it is given.
            Stopped: A stop was asked for; nothing of these chunks is kept.
        """
        order = sorted(chunks, key=lambda chunk: (chunk.token_count, chunk.id))
        found: dict[bytes, np.ndarray] = {}
        for start in range(0, len(order), EMBED_SLICE):
            shutdown.raise_if_requested()
            piece = [chunk for chunk in order[start : start + EMBED_SLICE] if chunk.id not in self.refused]
            try:
                found |= self._ask(piece)
            except EmbeddingRefused as refusal:
                self._require_sound(refusal)
                found |= self._apart(piece, refusal)
        return found

    def _apart(self, piece: Sequence[Chunk], refusal: EmbeddingRefused) -> dict[bytes, np.ndarray]:
        """What is left of a refused piece: each half by itself, down to the chunks that are at fault."""
        if len(piece) == 1:
            self.refused[piece[0].id] = str(refusal)
            return {}
        found: dict[bytes, np.ndarray] = {}
        middle = len(piece) // 2
        for half in (piece[:middle], piece[middle:]):
            try:
                found |= self._ask(half)
            except EmbeddingRefused as again:
                found |= self._apart(half, again)
        return found

    def _ask(self, piece: Sequence[Chunk]) -> dict[bytes, np.ndarray]:
        if not piece:
            return {}
        with self._turn:
            rows = self._embedder().embed([chunk.embedding_input for chunk in piece])
        self._embedded(piece)
        return dict(zip((chunk.id for chunk in piece), rows, strict=True))

    def _require_sound(self, refusal: EmbeddingRefused) -> None:
        """Without this, an endpoint that takes nothing would cost a request per chunk, and reject every file."""
        try:
            with self._turn:
                self._embedder().embed([_PLAIN])
        except EmbeddingRefused:
            raise EmbeddingError(
                f"the embedding model refuses every text, even {_PLAIN!r}: {refusal}; check "
                "DOC_ASSETS_EMBEDDING_URL and DOC_ASSETS_EMBEDDING_MODEL; nothing of it was published, and running it "
                "again resumes"
            ) from refusal
