"""Vectors of earlier queries."""

from __future__ import annotations

import numpy as np

from doc_assets.search.live_index.query_vectors import QueryVectors


def test_a_query_is_embedded_once_for_each_space_and_those_not_used_lately_are_forgotten() -> None:
    asked: list[str] = []

    def embed(text: str) -> np.ndarray:
        asked.append(text)
        return np.full(3, len(asked), np.float32)

    vectors = QueryVectors(kept=2)
    assert vectors.of("a", "one", embed) is vectors.of("a", "one", embed)
    vectors.of("b", "one", embed)
    vectors.of("a", "one", embed)
    vectors.of("a", "two", embed)
    assert asked == ["one", "one", "two"]
    vectors.of("a", "one", embed)
    vectors.of("b", "one", embed)
    assert asked == ["one", "one", "two", "one"]
