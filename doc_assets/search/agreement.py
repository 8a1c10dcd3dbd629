"""How far two embeddings of the same chunks agree: cosines, and the nearest chunks that they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 10

_ROWS = 512  # of the matrix of similarities at a time: 40 MB for 20,000 chunks


@dataclass(frozen=True, slots=True)
class Cosines:
    """Cosines between the two vectors of each chunk.

    Attributes:
        mean: Their mean.
        p01: Their 1st percentile.
        least: The smallest.
    """

    mean: float
    p01: float
    least: float


def cosines(subject: np.ndarray, reference: np.ndarray) -> Cosines:
    """Compare rows of length 1, both ``(n, dims) float32``."""
    values = np.einsum("ij,ij->i", subject, reference)
    return Cosines(float(values.mean()), float(np.percentile(values, 1)), float(values.min()))


def overlap(subject: np.ndarray, reference: np.ndarray, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """Return the share of each chunk's nearest ``neighbours`` that both embeddings have in common, ``(n,) float64``.

    Exact, among the other chunks of the sample; of all of them where they are fewer. The two may differ in dimensions,
    not in rows, of which there are at least two.
    """
    rows = len(subject)
    count = min(neighbours, rows - 1)
    shares: list[float] = []
    for start in range(0, rows, _ROWS):
        of_subject, of_reference = (_nearest(vectors, start, count) for vectors in (subject, reference))
        shares += [len(set(a) & set(b)) / count for a, b in zip(of_subject, of_reference, strict=True)]
    return np.array(shares)


def _nearest(vectors: np.ndarray, start: int, count: int) -> list[list[int]]:
    block = vectors[start : start + _ROWS]
    similarities = block @ vectors.T
    similarities[np.arange(len(block)), start + np.arange(len(block))] = -np.inf  # not itself
    return np.argpartition(-similarities, count - 1, axis=1)[:, :count].tolist()
