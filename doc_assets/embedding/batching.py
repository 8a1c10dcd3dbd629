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


def plan_few_shapes(lengths: Sequence[int], budget: int, multiple: int, window: int) -> list[tuple[list[int], int]]:
    """Return positions in ``lengths`` and width by batch, longest texts first, in few different shapes.

    Widths are multiples of ``multiple``, rows powers of two: for backends that compile for each shape. A window of 256
    tokens in multiples of 8 with a budget of 256 has 63 shapes, where ``plan`` has 1,466.

    Args:
        lengths: Tokens of each text.
        budget: Tokens per batch, rows times width; a text over it is a batch of its own.
        multiple: Widths are rounded up to it.
        window: Widest batch; texts are no longer.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[tuple[list[int], int]] = []
    start = 0
    while start < len(order):
        width = max(1, min(-(-lengths[order[start]] // multiple) * multiple, window))
        rows = max(1, min(budget // width, len(order) - start))
        rows = 1 << (rows.bit_length() - 1)
        batches.append((order[start : start + rows], width))
        start += rows
    return batches


def pad(ids: Sequence[Sequence[int]], width: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return token ids and attention mask of a batch, filled with 0 on the right.

    Both are ``(rows, max(width, longest)) int64``.
    """
    shape = (len(ids), max(width, *map(len, ids)))
    tokens, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, sequence in enumerate(ids):
        tokens[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return tokens, mask
