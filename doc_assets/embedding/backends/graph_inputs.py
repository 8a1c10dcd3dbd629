"""What a converted graph reads: ids, attention mask and, for models that do not pool the prompt, the pooled tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from doc_assets.embedding.batching import pad
from doc_assets.embedding.space import EmbeddingSpace


def graph_inputs(
    space: EmbeddingSpace, ids: Sequence[Sequence[int]], unpooled: int, width: int = 0
) -> list[np.ndarray]:
    """Return the inputs, each ``(rows, max(width, longest)) int64``.

    ``unpooled`` counts the tokens at the start of each text that are not pooled. A graph of a model that pools the
    prompt has no third input.
    """
    tokens, mask = pad(ids, width)
    if space.include_prompt:
        return [tokens, mask]
    pooled = mask.copy()
    pooled[:, :unpooled] = 0
    return [tokens, mask, pooled]
