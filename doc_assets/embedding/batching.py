"""Batches of texts for the model: sorted by length, up to a budget of tokens, padding included.

The model's time is proportional to the padded area of a batch. Sorted by length, chunks of documentation pad by 1-3 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def plan(lengths: Sequence[int], budget: int, max_rows: int | None = None) -> list[list[int]]:
    """Return positions in ``lengths`` by batch, longest texts first.

    A batch that does not fit in memory thus fails at once, and the last batches, which end a queue's work unevenly, are
    the cheap ones. A text over the budget is a batch of its own.

    Args:
        lengths: Tokens of each text.
        budget: Tokens per batch, rows times the longest.
        max_rows: Most texts per batch.
    """
    batches: list[list[int]] = []
    width = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        fits = batches and width * (len(batches[-1]) + 1) <= budget
        if fits and (max_rows is None or len(batches[-1]) < max_rows):
            batches[-1].append(i)
        else:
            batches.append([i])
            width = max(1, lengths[i])
    return batches


def pad(ids: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return token ids and attention mask of a batch, both ``(rows, longest) int64``, filled with 0 on the right."""
    shape = (len(ids), max(map(len, ids)))
    tokens, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, sequence in enumerate(ids):
        tokens[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return tokens, mask
