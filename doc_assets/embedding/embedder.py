"""The protocol of every backend, and the checks of its promises.

Computing vectors is in ``backends``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingRefused

if TYPE_CHECKING:  # parse workers import this package and need no numpy
    import numpy as np


@runtime_checkable
class Embedder(Protocol):
    """A loaded model. Calls from several threads are safe; the backend serialises them where necessary.

    Attributes:
        space: Embedding space of its vectors.
        tokenizers: The model's, by role; they count whether a text fits before ``embed`` refuses it.
    """

    space: EmbeddingSpace

    @property
    def tokenizers(self) -> Tokenizers:
        """See above."""
        ...

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """Return the texts' vectors in their order: ``(n, dims) float32``, rows of length 1; ``(0, dims)`` for none.

        The prompt of the role, if the model has one, comes before each text.

        Raises:
            EmbeddingRefused: One of the texts is at fault: longer than the window (nothing is truncated), refused by
                the endpoint, or without a sound vector. The others may succeed without it.
            EmbeddingError: The backend failed.
        """
        ...


@runtime_checkable
class GpuUser(Protocol):
    """An embedder that may compute on a GPU, and knows how long it did.

    Attributes:
        gpu_seconds: Seconds that the GPU computed for it; None on a CPU.
    """

    @property
    def gpu_seconds(self) -> float | None:
        """See above."""
        ...


def refuse_long(texts: Sequence[str], counts: Sequence[int], max_tokens: int) -> None:
    """Refuse texts that a model library would silently truncate; ``counts`` include the prompt.

    Raises:
        EmbeddingRefused: Names the first text that is longer than the window.
    """
    for i, count in enumerate(counts):
        if count > max_tokens:
            raise EmbeddingRefused(
                f"text {i} of {len(texts)} has {count} tokens, the model reads {max_tokens}: {texts[i][:80]!r}; "
                "chunk it with the model's own tokenizer"
            )


def first_line(error: BaseException) -> str:
    """Return the name and the first line of a library's error, whose others are for its makers."""
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0]


def leading(raw: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the leading components, for models whose vectors may be cut short; a shorter one is left as it is."""
    return raw[:, :dimensions] if raw.ndim == 2 else raw


def unit_rows(raw: np.ndarray, rows: int, dimensions: int) -> np.ndarray:
    """Return ``raw`` as ``(rows, dimensions) float32`` of length 1 per row.

    Raises:
        EmbeddingError: Wrong shape.
        EmbeddingRefused: NaN or infinity, or a row of length 0, which has no direction.
    """
    import numpy as np

    if raw.shape != (rows, dimensions):
        raise EmbeddingError(f"the model answered with an array of shape {raw.shape}, expected {(rows, dimensions)}")
    vectors = np.asarray(raw, dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    # Also false for NaN and infinity, in a row or in its norm.
    sound = np.isfinite(norms[:, 0]) & (norms[:, 0] > 1e-6)
    if not sound.all():
        raise EmbeddingRefused(
            f"the model answered with a vector that is not finite or zero, at row {int(sound.argmin())}"
        )
    return vectors / norms
