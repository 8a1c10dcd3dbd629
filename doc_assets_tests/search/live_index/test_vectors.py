"""Vectors in memory."""

from __future__ import annotations

import numpy as np
import pytest

from doc_assets.search.live_index import vectors
from doc_assets.search.live_index.vectors import Codes, Components, closest_rows


def unit(rows: int, dims: int, seed: int = 0) -> np.ndarray:
    """Vectors whose components matter less and less, as the principal ones of texts do."""
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((rows, dims)) / (1 + np.arange(dims) / 4)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def test_cosines_are_those_of_the_stored_vectors() -> None:
    stored, query = unit(300, 64).astype(np.float16), unit(1, 64, 1)[0]
    found = Codes.of(stored).cosines(np.arange(300), query)
    assert np.abs(found - stored.astype(np.float32) @ query).max() < 5e-5


def test_a_chunk_without_a_vector_has_no_cosine_and_disturbs_no_other() -> None:
    stored = unit(50, 16).astype(np.float16)
    stored[7] = np.nan
    codes = Codes.of(stored)
    found = codes.cosines(np.arange(50), unit(1, 16, 1)[0])
    assert np.flatnonzero(np.isnan(found)).tolist() == [7]
    assert np.isfinite(Components.of([codes]).projected(codes)).all()


def test_the_nearest_ten_are_among_those_that_are_compared_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_COMPARED_AT_LEAST", 100)
    stored = unit(2_000, 64)
    codes = Codes.of(stored)
    components = Components.of([codes])
    projections = components.projected(codes)
    hits = 0
    for query in unit(20, 64, 5):
        exact = np.argsort(-(stored @ query))[:10]
        hits += np.isin(exact, closest_rows(projections, query @ components.basis, None)).sum()
    assert hits >= 0.98 * 200


def test_only_allowed_rows_are_compared_and_few_of_them_all() -> None:
    stored = unit(2_000, 16)
    codes = Codes.of(stored)
    components = Components.of([codes])
    projections, query = components.projected(codes), unit(1, 16, 3)[0] @ components.basis
    allowed = np.arange(2_000) % 2 == 0
    assert allowed[closest_rows(projections, query, allowed)].all()
    assert len(closest_rows(projections, query, allowed)) == vectors._COMPARED_AT_LEAST
    few = np.arange(2_000) < 5
    assert closest_rows(projections, query, few).tolist() == [0, 1, 2, 3, 4]
