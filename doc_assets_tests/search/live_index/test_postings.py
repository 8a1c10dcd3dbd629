"""Merging of the segments' words."""

from __future__ import annotations

import numpy as np

from doc_assets.search.live_index.postings import Postings
from doc_assets.search.live_index.segment import Segment
from doc_assets.search.live_index.stored_words import TIMES, hash_of, parse_vectors
from doc_assets.search.live_index.vectors import Codes
from doc_assets.store.search.live_passages import StoredFiles


def segment(documents: list[list[str]]) -> Segment:
    """A segment of documents, each a list of search vectors."""
    texts = [text for document in documents for text in document]
    hashes, rows, positions = parse_vectors(texts)
    order = np.argsort(hashes, kind="stable")
    different, starts = np.unique(hashes[order], return_index=True)
    lengths = np.array([len(document) for document in documents])
    return Segment(
        document_ids=[bytes([number]) for number in range(len(documents))],
        document_tokens=lengths * 10,
        starts=np.cumsum(lengths) - lengths,
        chunk_keys=np.arange(len(texts), dtype=np.uint64),
        tokens=np.full(len(texts), 10, np.int32),
        hashes=different,
        offsets=np.append(starts, len(hashes)),
        rows=rows[order],
        positions=positions[order],
        codes=Codes.of(np.ones((len(texts), 4), np.float32)),
        files=StoredFiles({}, {}, {}),
    )


def merged() -> Postings:
    """Three documents in two segments; the last chunk is the same as the first."""
    segments = [segment([["'a':1A,2B 'b':3", "'a':1"], ["'c':1"]]), segment([["'b':1,2 'd'", "'a':1A,2B 'b':3"]])]
    document_of = np.array([0, 0, 1, 2, 2], np.int32)
    return Postings.of(segments, document_of, np.array([True, True, True, True, False]))


def test_postings_of_segments_are_merged_by_lexeme_and_row() -> None:
    postings = merged()
    a, b, d, absent = postings.find(np.array([hash_of(word) for word in ("a", "b", "d", "zz")], np.uint64)).tolist()
    assert absent == -1
    found = {name: postings.of_chunks(number, 0, 5) for name, number in (("a", a), ("b", b), ("d", d))}
    assert {name: (rows.tolist(), times.tolist()) for name, (rows, times) in found.items()} == {
        "a": ([0, 1, 4], [2, 1, 2]),
        "b": ([0, 3, 4], [1, 2, 1]),
        "d": ([3], [float(TIMES[0])]),
    }
    assert postings.of_chunks(a, 1, 4)[0].tolist() == [1]
    assert [part.tolist() for part in postings.of_documents(a, 0, 3)] == [[0, 2], [3, 2]]
    assert [part.tolist() for part in postings.of_documents(b, 1, 3)] == [[2], [3]]


def test_a_chunk_that_several_documents_hold_counts_once_in_frequencies() -> None:
    postings = merged()
    numbers = postings.find(np.array([hash_of(word) for word in "abcd"], np.uint64))
    assert postings.frequencies[numbers].tolist() == [2, 2, 1, 1]


def test_times_of_rows_are_those_of_their_postings_and_0_elsewhere() -> None:
    postings = merged()
    a, b = postings.find(np.array([hash_of("a"), hash_of("b")], np.uint64)).tolist()
    assert postings.times([a, b], np.array([0, 2, 3, 4])).tolist() == [[2, 1], [0, 0], [0, 2], [2, 1]]
    assert postings.times([a, b], np.array([], np.int64)).shape == (0, 2)
