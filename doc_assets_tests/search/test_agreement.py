"""Cosines and overlap: equal embeddings agree in full, unrelated ones by chance, and blocks change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from doc_assets.search import agreement
from doc_assets.search.agreement import cosines, overlap


def rows(n: int, dimensions: int = 16, seed: int = 1) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((n, dimensions)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_equal_and_rotated_embeddings_agree_in_full_and_unrelated_ones_by_chance() -> None:
    one, other = rows(200), rows(200, seed=2)
    turn, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((16, 16)))
    assert overlap(one, one).min() == 1
    assert overlap(one, (one @ turn).astype(np.float32)).mean() > 0.99
    assert overlap(one, other).mean() == pytest.approx(10 / 199, abs=0.02)


def test_overlap_is_that_of_the_whole_matrix_and_never_counts_a_chunk_as_its_own_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = rows(50)
    other = one + 0.3 * rows(50, seed=5)
    whole = []
    for vectors in (one, other):
        similar = vectors @ vectors.T
        np.fill_diagonal(similar, -9)
        whole.append(np.argsort(-similar, axis=1)[:, :10])
    expected = [len({*a} & {*b}) / 10 for a, b in zip(*whole, strict=True)]
    monkeypatch.setattr(agreement, "_ROWS", 7)
    assert overlap(one, other) == pytest.approx(expected)


def test_a_sample_smaller_than_the_neighbours_is_compared_by_all_others() -> None:
    assert overlap(rows(3), rows(3, seed=4)).tolist() == [1, 1, 1]


def test_cosines_say_how_near_the_worst_chunk_is() -> None:
    one = rows(100)
    other = one.copy()
    other[7] = -one[7]
    found = cosines(one, other)
    assert (found.least, found.mean) == pytest.approx((-1, 0.98), abs=1e-5)
