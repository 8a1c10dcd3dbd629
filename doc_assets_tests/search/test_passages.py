"""Which chunks of a document are shown, and which of them stands first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from doc_assets.search.passages import chosen_rows
from doc_assets.search.ranking import rank
from doc_assets.store.search.evidence import Evidence, Terms

TERMS = Terms(("title", "rare", "other"), np.array([2.0, 2.0, 2.0]))


def evidence(times: Sequence[Sequence[float]], similarity: Sequence[float]) -> Evidence:
    """Return one document of chunks of equal length."""
    chunks = len(times)
    return Evidence(
        [b"d"], np.array([100 * chunks]), np.zeros(chunks, np.int64), np.arange(chunks), np.full(chunks, 100),
        np.array(times, np.float32), np.array(similarity, np.float32), 100.0, 300.0,
    )  # fmt: skip


def test_a_further_passage_is_one_with_words_that_those_before_it_lack() -> None:
    known = evidence([(2, 2, 0), (1, 1, 0), (1, 1, 0), (0, 0, 1)], [0.6, 0.5, 0.5, 0.5])
    scores = np.array([1.0, 0.9, 0.89, 0.85])
    assert chosen_rows(TERMS, known, scores).tolist() == [0, 3, 1]
    assert chosen_rows(Terms((), np.empty(0)), evidence([()] * 4, [0.5] * 4), scores).tolist() == [0, 1, 2]


def test_the_best_chunk_is_always_shown_and_one_without_a_score_never() -> None:
    known = evidence([(0, 0, 0), (5, 5, 5)], [0.9, 0.1])
    assert chosen_rows(TERMS, known, np.array([1.0, -np.inf])).tolist() == [0]


def test_first_stands_the_passage_with_the_word_that_sets_it_apart_in_its_document() -> None:
    # All chunks hold the title; the first one repeats it, the second alone has the other word of the query.
    known = evidence([(9, 0, 0), (1, 1, 0), (1, 0, 0), (1, 0, 0)], [0.52, 0.5, 0.1, 0.1])
    (found,) = rank(TERMS, known, "hybrid")
    assert [chunk.ordinal for chunk in found.chunks][:2] == [1, 0]
    assert [chunk.score for chunk in found.chunks] == sorted((chunk.score for chunk in found.chunks), reverse=True)
