"""Ranking from evidence: pure functions over small arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from doc_assets.search.passages import PASSAGES
from doc_assets.search.ranking import Bonus, ByWords, Mode, best_rows, rank
from doc_assets.store.search.evidence import Evidence, Terms

Chunks = Sequence[tuple[Sequence[float], float | None]]


def evidence(documents: dict[bytes, Chunks], tokens: int = 100) -> Evidence:
    """Each chunk is given as the occurrences of each term, and its similarity."""
    rows = [(d, n, *chunk) for d, chunks in enumerate(documents.values()) for n, chunk in enumerate(chunks)]
    return Evidence(
        document_ids=list(documents),
        document_tokens=np.array([tokens * len(chunks) for chunks in documents.values()]),
        document=np.array([row[0] for row in rows]),
        ordinal=np.array([row[1] for row in rows]),
        tokens=np.full(len(rows), tokens),
        times=np.array([row[2] for row in rows], np.float32),
        similarity=np.array([np.nan if row[3] is None else row[3] for row in rows], np.float32),
        mean_chunk_tokens=tokens,
        mean_document_tokens=3 * tokens,
    )


def terms(*weights: float) -> Terms:
    return Terms(tuple(f"term{n}" for n in range(len(weights))), np.array(weights))


def ranked(documents: dict[bytes, Chunks], weights: Sequence[float] = (1.0,), mode: Mode = "hybrid") -> list[bytes]:
    return [r.document_id for r in rank(terms(*weights), evidence(documents), mode)]


def test_one_chunk_that_has_both_beats_two_chunks_of_which_each_has_one() -> None:
    apart: Chunks = [((3,), 0.1), ((0,), 0.6), ((0,), 0.0)]
    together: Chunks = [((3,), 0.55), ((0,), 0.1), ((0,), 0.0)]
    assert ranked({b"apart": apart, b"together": together}) == [b"together", b"apart"]


def test_the_chunks_shown_are_the_best_by_words_and_meaning_together() -> None:
    documents: dict[bytes, Chunks] = {b"d": [((0,), 0.5), ((2,), 0.45), ((4,), 0.0), ((0,), 0.1), ((0,), None)]}
    (only,) = rank(terms(1.0), evidence(documents), "hybrid")
    assert [chunk.ordinal for chunk in only.chunks] == [1, 0, 2]
    assert len(only.chunks) == PASSAGES
    assert [chunk.score for chunk in only.chunks] == sorted((chunk.score for chunk in only.chunks), reverse=True)


def test_by_words_only_what_holds_a_word_counts_and_by_meaning_only_what_has_a_vector() -> None:
    documents: dict[bytes, Chunks] = {b"words": [((1,), None)], b"vector": [((0,), 0.9)], b"both": [((1,), 0.2)]}
    assert set(ranked(documents, mode="text")) == {b"words", b"both"}
    assert ranked(documents, mode="vector") == [b"vector", b"both"]
    assert set(ranked(documents)) == {b"words", b"vector", b"both"}
    (shown,) = (r for r in rank(terms(1.0), evidence({b"d": [((1,), 0.1), ((0,), 0.9)]}), "text"))
    assert [chunk.ordinal for chunk in shown.chunks] == [0]


def test_a_rare_word_outweighs_common_ones_and_scores_by_words_stay_below_one() -> None:
    documents: dict[bytes, Chunks] = {b"common": [((0, 50, 50), None)], b"rare": [((1, 0, 0), None)]}
    found = rank(terms(6.0, 0.5, 0.5), evidence(documents), "text")
    assert [r.document_id for r in found] == [b"rare", b"common"]
    assert all(0 < r.score < 1 for r in found)


def test_equal_documents_stand_in_the_order_of_their_ids_and_nothing_found_is_no_document() -> None:
    same: Chunks = [((1,), 0.3)]
    assert ranked({b"b": same, b"a": same}) == [b"a", b"b"]
    assert ranked({b"a": [((0,), None)]}, mode="text") == []
    none = Evidence(
        [], np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros(0, int),
        np.zeros((0, 0), np.float32), np.zeros(0, np.float32), 1.0, 1.0,
    )  # fmt: skip
    assert rank(terms(), none, "hybrid") == []


def test_a_bonus_moves_a_document_up_and_one_for_a_chunk_changes_what_is_shown() -> None:
    documents: dict[bytes, Chunks] = {b"a": [((1,), 0.5), ((1,), 0.48)], b"b": [((1,), 0.45), ((1,), 0.4)]}
    known = evidence(documents)
    none = Bonus.none(known)
    assert rank(terms(1.0), known, "hybrid", none) == rank(terms(1.0), known, "hybrid")
    for_b = Bonus(none.chunks, np.array([0.0, 0.1]))
    assert [r.document_id for r in rank(terms(1.0), known, "hybrid", for_b)] == [b"b", b"a"]
    for_second = Bonus(np.array([0.0, 0.1, 0.0, 0.0]), none.documents)
    assert rank(terms(1.0), known, "hybrid", for_second)[0].chunks[0].ordinal == 1


def test_of_equal_documents_the_shorter_and_of_equal_chunks_the_earlier_comes_first() -> None:
    same = ((1,), 0.5)
    documents: dict[bytes, Chunks] = {
        b"a": [((0,), 0.1), same, same, *[((0,), 0.1)] * 3],
        b"b": [((0,), 0.1), same, same],
    }
    whole = replace(evidence(documents), document_tokens=np.array([500, 500]))
    found = rank(terms(1.0), whole, "hybrid")
    assert [r.document_id for r in found] == [b"b", b"a"]
    assert [chunk.ordinal for chunk in found[1].chunks][:2] == [1, 2]


def test_a_search_by_meaning_alone_knows_no_score_by_words() -> None:
    (only,) = rank(Terms((), np.empty(0)), evidence({b"d": [((), 0.9)]}), "vector")
    assert (only.chunks[0].words, only.chunks[0].meaning) == (None, np.float32(0.9))


def test_rows_are_those_of_the_ranked_chunks_in_their_order() -> None:
    rng = np.random.default_rng(3)
    known = evidence(
        {
            bytes([n]): [(rng.integers(0, 3, 2).tolist(), float(rng.random())) for _ in range(1 + n % 5)]
            for n in range(20)
        }
    )
    for mode in ("hybrid", "text", "vector"):
        rows = best_rows(terms(1.0, 2.0), known, mode, ByWords.of(terms(1.0, 2.0), known))
        found = [(r.document_id, chunk.ordinal) for r in rank(terms(1.0, 2.0), known, mode) for chunk in r.chunks]
        assert [(known.document_ids[known.document[row]], known.ordinal[row]) for row in rows] == found


def test_of_two_chunks_as_good_as_each_other_the_second_counts_as_much_as_any_second() -> None:
    documents: dict[bytes, Chunks] = {b"near": [((1,), 0.5), ((1,), 0.49)], b"equal": [((1,), 0.5), ((1,), 0.5)]}
    assert ranked(documents) == [b"equal", b"near"]
