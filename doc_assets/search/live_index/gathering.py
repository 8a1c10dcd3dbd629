"""Evidence on the candidates of a query, from a state in memory; from PostgreSQL it is gathered in ``candidates``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from doc_assets.search.live_index.state import FoundTerms, LiveState, Rows
from doc_assets.search.live_index.stored_words import hash_of
from doc_assets.search.live_index.vectors import closest_rows, product
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.evidence import Evidence, Terms
from doc_assets.store.search.words import (
    DOCUMENT_SHARE,
    MAX_CHUNKS_PER_DOCUMENT,
    misspelt,
    terms_of,
    weighted,
)

# Postings of the rarest terms, at least two, by which candidates are found; the other terms only score them. At 20 ns
# each. All terms of most questions are within.
_POSTINGS = 60_000
# Documents, and the chunks of these, that are scored, by words and by meaning; with words alone more of them.
_DOCUMENTS = 60
_CHUNKS = 1_200
_BY_WORDS_ALONE = 2
# Chunks found by meaning.
_NEAREST = 200
_MAX_NEAREST = 1_000
# Number of wanted documents that these are sufficient for.
_WANTED = 30


NO_TERMS = FoundTerms(Terms((), np.empty(0)), ())


def find_terms(connection: Connection, state: LiveState, lexemes: Sequence[tuple[str, bool]]) -> FoundTerms:
    """Return the lexemes that occur, weighted by how rare they are, and the nearest ones in place of those that do not.

    Args:
        connection: Asked for the nearest lexemes, if one is missing.
        state: What is live.
        lexemes: Those that the query asks for, each with whether it is more than a part of a name.
    """
    counted = _counted(state, lexemes)
    of_near = misspelt(connection, counted)
    terms = weighted(counted + _counted(state, [(near, True) for near in of_near]), state.visible_chunks, of_near)
    return FoundTerms(terms_of(terms), tuple(_numbers(state, [term.lexeme for term in terms])))


def _counted(state: LiveState, lexemes: Sequence[tuple[str, bool]]) -> list[tuple[str, str, bool, int]]:
    numbers = _numbers(state, [lexeme for lexeme, _ in lexemes])
    return [
        (lexeme, lexeme, whole, int(state.postings.frequencies[number]) if number >= 0 else 0)
        for (lexeme, whole), number in zip(lexemes, numbers, strict=True)
    ]


def _numbers(state: LiveState, lexemes: Sequence[str]) -> list[int]:
    return state.postings.find(np.array([hash_of(lexeme) for lexeme in lexemes], np.uint64)).tolist()


def gather(
    state: LiveState, rows: Rows, found: FoundTerms, vector: np.ndarray | None, wanted: int, *, all_chunks: bool = True
) -> Evidence:
    """Return what is known of the candidates by words and by meaning.

    Args:
        state: What is live.
        rows: What is searched of it.
        found: The query's terms.
        vector: The query's vector, ``(dims,) float32``; None to find by words alone.
        wanted: Number of documents to rank, if there are as many.
        all_chunks: Also of the other chunks of the documents that are found by meaning.
    """
    factor = max(1, math.ceil(wanted / _WANTED)) * (_BY_WORDS_ALONE if vector is None else 1)
    near, cosines = _nearest(state, rows, vector, wanted)
    if all_chunks:
        by_words, far = _by_words(state, rows, found, factor)
        by_meaning = _first_documents(state, near[np.argsort(-cosines, kind="stable")], factor)
        documents = np.union1d(by_words, by_meaning)
        beside = np.concatenate([far, near])
        chunks = _chunks_of(state, documents, beside[np.isin(state.document_of[beside], documents)])
    else:
        chunks = near
        documents = np.unique(state.document_of[chunks])
    return Evidence(
        document_ids=[state.document_ids[document] for document in documents.tolist()],
        document_tokens=state.document_tokens[documents],
        document=np.searchsorted(documents, state.document_of[chunks]),
        ordinal=chunks - state.starts[state.document_of[chunks]],
        tokens=state.tokens[chunks].astype(np.int64),
        times=state.postings.times(found.numbers, chunks),
        similarity=np.full(len(chunks), np.nan, np.float32) if vector is None else state.cosines(chunks, vector),
        mean_chunk_tokens=state.mean_chunk_tokens,
        mean_document_tokens=state.mean_document_tokens,
    )


def _nearest(state: LiveState, rows: Rows, vector: np.ndarray | None, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the chunks nearest in meaning, ascending, and their cosines."""
    if vector is None:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    first, end = rows.chunks
    query = product(state.components.basis.T, vector)
    closest = closest_rows(state.projections[first:end], query, rows.allowed_chunks) + first
    cosines = state.cosines(closest, vector)
    known = ~np.isnan(cosines)
    closest, cosines = closest[known], cosines[known]
    limit = min(_MAX_NEAREST, max(_NEAREST, 4 * wanted))
    if len(closest) > limit:
        best = np.sort(np.argpartition(cosines, -limit)[-limit:])
        closest, cosines = closest[best], cosines[best]
    return closest, cosines


def _first_documents(state: LiveState, nearest: np.ndarray, factor: int) -> np.ndarray:
    """Return the documents of chunks that come nearest first, within the bounds."""
    documents = state.document_of[nearest]
    _, first = np.unique(documents, return_index=True)
    return _bounded(state, documents[np.sort(first)], factor)


def _bounded(state: LiveState, documents: np.ndarray, factor: int) -> np.ndarray:
    """Return the first of the documents, which come best first: so many, or as have so many chunks."""
    documents = documents[: _DOCUMENTS * factor]
    chunks = np.minimum(state.starts[documents + 1] - state.starts[documents], MAX_CHUNKS_PER_DOCUMENT)
    return documents[: max(1, int(np.searchsorted(np.cumsum(chunks), _CHUNKS * factor, side="right")))]


def _by_words(state: LiveState, rows: Rows, found: FoundTerms, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best documents by BM25, and their best chunks beyond those that are scored of any document."""
    if not found.numbers:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    (first, end), (first_document, end_document) = rows.chunks, rows.documents
    chunks = np.zeros(end - first, np.float32)
    whole = np.zeros(end_document - first_document, np.float32)
    chunk_norm, whole_norm = state.chunk_norms[first:end], state.document_norms[first_document:end_document]
    postings = 0
    for number, (lexeme, weight) in enumerate(zip(found.numbers, found.terms.weights.astype(np.float32), strict=True)):
        holding, times = state.postings.of_chunks(lexeme, first, end)
        postings += len(holding)
        if number >= 2 and postings > _POSTINGS:
            break
        holding = holding - first
        chunks[holding] += weight * times / (times + chunk_norm[holding])
        holding, times = state.postings.of_documents(lexeme, first_document, end_document)
        holding = holding - first_document
        whole[holding] += weight * times / (times + whole_norm[holding])
    starts = state.starts[first_document:end_document] - first
    scores = (1 - DOCUMENT_SHARE) * np.maximum.reduceat(chunks, starts) + DOCUMENT_SHARE * whole
    if rows.allowed is not None:
        scores[~rows.allowed] = 0
    most = _DOCUMENTS * factor
    best = np.argpartition(scores, -most)[-most:] if len(scores) > most else np.arange(len(scores))
    best = best[np.argsort(-scores[best], kind="stable")]
    documents = _bounded(state, best[scores[best] > 0] + first_document, factor)
    return documents, _far_chunks(state, documents, chunks, first)


def _far_chunks(state: LiveState, documents: np.ndarray, scores: np.ndarray, first: int) -> np.ndarray:
    """Return the best 100 chunks by words of each long document beyond its first 1,000."""
    found = [np.empty(0, np.int64)]
    for document in documents[np.diff(state.starts)[documents] > MAX_CHUNKS_PER_DOCUMENT].tolist():
        start = int(state.starts[document]) + MAX_CHUNKS_PER_DOCUMENT
        here = scores[start - first : int(state.starts[document + 1]) - first]
        best = np.argsort(-here, kind="stable")[:100]
        found.append(best[here[best] > 0] + start)
    return np.concatenate(found)


def _chunks_of(state: LiveState, documents: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Return the rows of documents, of long ones the first 1,000, and the rows ``beside``; ascending, each once."""
    starts = state.starts[documents]
    lengths = np.minimum(state.starts[documents + 1] - starts, MAX_CHUNKS_PER_DOCUMENT)
    rows = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
    missing = beside[beside - state.starts[state.document_of[beside]] >= MAX_CHUNKS_PER_DOCUMENT]
    return np.union1d(rows, missing) if len(missing) else rows
