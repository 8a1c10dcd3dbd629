"""Ranking of documents, and of the chunks to show of each, from evidence: pure functions of arrays.

What is known of the candidates is gathered elsewhere (``store.search.gathering``, or an index in memory). What needs
the chunks' texts or the documents' facts is in ``refinement``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from doc_assets.search.passages import chosen_rows, distinguishing
from doc_assets.store.search.evidence import Evidence, Terms

Mode = Literal["hybrid", "vector", "text"]

# BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the usual k1. Chunks are about
# equal in length, documents are not: hence the two values of b. Any k1 from 0.8 to 2 and b from 0.75 to 1 for documents
# ranks about as well.
_K1 = 1.2
_CHUNK_B = 0.75
_DOCUMENT_B = 0.9
# Share of the whole document in a score by words, the best chunk being the rest. On 90 questions over 114,000 chunks
# MRR@10 changes by less than 0.003 for any share from 0.3 to 0.6, hit@5 falls above 0.5.
_DOCUMENT_SHARE = 0.4
# Weight of the whole document in a search by words alone, beside the same weight of the best chunk: on the 90 questions
# hit@1, hit@5 and MRR@10 are 0.80, 0.93 and 0.85 with 0.8, and 0.77, 0.91 and 0.83 with 0.4.
_WHOLE_WITHOUT_MEANING = 0.8
# Weight of a cosine of 1 against a full score by words; 0.8 to 1.0 rank about as well. On 90 questions over 111,000
# chunks hit@1 and hit@5 were 0.76 and 0.91 by words, 0.58 and 0.86 by meaning, 0.82 and 0.99 by both. Reciprocal rank
# fusion (0.72 to 0.76 and 0.92 to 0.98, by its constants) discards by how much a document is ahead.
_MEANING_WEIGHT = 0.9
# Weight of a document's second chunk: one that says it in two places is more likely about it. Chosen on one half of the
# 90 questions, hit@1 and MRR@10 on the other were 0.856 and 0.909 with it, 0.846 and 0.903 without, in 400 divisions;
# 0.1 to 0.3 rank about as well. A document of one chunk is given the usual ratio of second and best.
_SECOND_WEIGHT = 0.2
_SECOND_OF_ONE = 0.7
# What a document loses by the logarithm of its number of chunks: of many chunks, one is near to any query by chance.
# Without it MRR@10 falls by 0.02; 0.02 and 0.03 rank about as well.
_LENGTH_WEIGHT = 0.02
# What a chunk loses by the logarithm of its ordinal, among those of its document: what a thing is stands before its
# details and examples.
_LATE_WEIGHT = 0.03
# Of a document's chunks, length is no fault: a longer one holds more of the answer.
_SHOWN_B = 0.0


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chunk of a ranked document.

    Attributes:
        score: Higher is better; comparable within one search only.
        words: Its score by words alone, from 0 to 1; None in a search by meaning alone.
        meaning: Its cosine with the query, None without a vector in the query's space.
    """

    ordinal: int
    score: float
    words: float | None = None
    meaning: float | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document and its score.

    Attributes:
        chunks: Its best chunks, best first; at least one, at most ``passages.PASSAGES``.
        score: Higher is better; comparable within one search only.
    """

    document_id: bytes
    chunks: tuple[RankedChunk, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the evidence's chunks, ``(C,) float64``, and documents, ``(D,) float64``.

    Attributes:
        words: Share of the highest possible score by words, of each chunk; 0 to 1.
        meaning: Cosine of each chunk and the query; -1 where it has no vector.
        chunks: What a chunk of a document is chosen by.
        documents: What documents are ranked by.
    """

    words: np.ndarray
    meaning: np.ndarray
    chunks: np.ndarray
    documents: np.ndarray


@dataclass(frozen=True, slots=True)
class Bonus:
    """What is added to the scores of chunks, ``(C,) float64``, and documents, ``(D,) float64``."""

    chunks: np.ndarray
    documents: np.ndarray

    @classmethod
    def none(cls, evidence: Evidence) -> Bonus:
        """Return zeros."""
        return cls(np.zeros(len(evidence.document)), np.zeros(len(evidence.document_ids)))


@dataclass(frozen=True, slots=True)
class ByWords:
    """Scores by words, of 0 to 1, which no bonus changes.

    Attributes:
        chunks: Of each chunk, ``(C,) float64``.
        documents: Of each whole document, ``(D,) float64``.
        shown: Of each chunk without regard to its length, ``(C,) float64``.
    """

    chunks: np.ndarray
    documents: np.ndarray
    shown: np.ndarray

    @classmethod
    def of(cls, terms: Terms, evidence: Evidence) -> ByWords:
        """Return BM25 for all terms, as a share of the highest possible score."""
        of_document = np.zeros((len(evidence.document_ids), len(terms.weights)))
        counts = _chunk_counts(evidence)
        if len(evidence.document):
            of_document[counts > 0] = np.add.reduceat(
                evidence.times, _starts(counts)[counts > 0], axis=0, dtype=np.float64
            )
        length = evidence.tokens / evidence.mean_chunk_tokens
        lengths = evidence.document_tokens / evidence.mean_document_tokens
        return cls(
            _weighted(terms, _saturated(evidence.times, length, _CHUNK_B)),
            _weighted(terms, _saturated(of_document, lengths, _DOCUMENT_B)),
            _weighted(terms, _saturated(evidence.times, length, _SHOWN_B)),
        )


def rank(
    terms: Terms, evidence: Evidence, mode: Mode, bonus: Bonus | None = None, by_words: ByWords | None = None
) -> list[Ranked]:
    """Return the documents of the evidence, best first, each with its best chunks.

    By words alone (``text``), documents that hold no term are left out; by meaning alone (``vector``), those without a
    vector in the query's space. ``by_words`` is ``ByWords.of`` these terms, if that is known.
    """
    by_words = by_words or ByWords.of(terms, evidence)
    found = score(terms, evidence, mode, bonus, by_words)
    rows, shown = _shown(terms, evidence, mode, found, by_words)
    chunks: dict[int, list[RankedChunk]] = {}
    for document, chunk in zip(
        evidence.document[rows].tolist(), _chunks(evidence, found, rows, shown, mode), strict=True
    ):
        chunks.setdefault(document, []).append(chunk)
    ranked = [
        Ranked(document_id, tuple(chunks[document]), total)
        for document, (document_id, total) in enumerate(
            zip(evidence.document_ids, found.documents.tolist(), strict=True)
        )
        # The best chunk has a score, or its document would have none.
        if math.isfinite(total)
    ]
    return sorted(ranked, key=lambda r: (-r.score, r.document_id))


def best_rows(terms: Terms, evidence: Evidence, mode: Mode, by_words: ByWords) -> np.ndarray:
    """Return the rows of the chunks that ``rank`` returns, in its order, ``(n,) int64``."""
    found = score(terms, evidence, mode, None, by_words)
    rows, _ = _shown(terms, evidence, mode, found, by_words)
    totals = found.documents.tolist()
    place = np.empty(len(totals), np.int64)
    place[sorted(range(len(totals)), key=lambda n: (-totals[n], evidence.document_ids[n]))] = np.arange(len(totals))
    rows = rows[np.isfinite(found.documents[evidence.document[rows]])]
    return rows[np.argsort(place[evidence.document[rows]], kind="stable")]


def _shown(
    terms: Terms, evidence: Evidence, mode: Mode, found: Scores, by_words: ByWords
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of each document's best chunks, best first, by document, and what they are ordered by."""
    rows = chosen_rows(terms, evidence, found.chunks)
    scores = found.chunks[rows]
    if mode != "vector":
        saturated = _saturated(evidence.times[rows], evidence.tokens[rows] / evidence.mean_chunk_tokens, _SHOWN_B)
        rare = distinguishing(terms, evidence, saturated, rows)
        scores = scores + (1 - _DOCUMENT_SHARE) * (rare - by_words.shown[rows])
    # Stable: of equals the one that was chosen first comes first.
    order = np.lexsort((-scores, evidence.document[rows]))
    return rows[order], scores[order]


def _chunks(evidence: Evidence, found: Scores, rows: np.ndarray, shown: np.ndarray, mode: Mode) -> list[RankedChunk]:
    return [
        RankedChunk(ordinal, score, None if mode == "vector" else words, None if math.isnan(similarity) else similarity)
        for ordinal, score, words, similarity in zip(
            evidence.ordinal[rows].tolist(),
            shown.tolist(),
            found.words[rows].tolist(),
            evidence.similarity[rows].tolist(),
            strict=True,
        )
    ]


def score(
    terms: Terms, evidence: Evidence, mode: Mode, bonus: Bonus | None = None, by_words: ByWords | None = None
) -> Scores:
    """Return the scores of chunks and documents; ``-inf`` for those that have nothing to do with the query."""
    bonus = bonus or Bonus.none(evidence)
    by_words = by_words or ByWords.of(terms, evidence)
    words, whole = by_words.chunks, by_words.documents
    of_documents = bonus.documents - _LENGTH_WEIGHT * np.log1p(_chunk_counts(evidence))
    known = ~np.isnan(evidence.similarity)
    meaning = np.where(known, evidence.similarity, -1.0).astype(np.float64)
    # Which of its chunks a document shows differs from what it is ranked by.
    other = (1 - _DOCUMENT_SHARE) * (by_words.shown - words) - _LATE_WEIGHT * np.log1p(evidence.ordinal)
    if mode == "vector":
        chunks = np.where(known, meaning, -np.inf)
        return Scores(words, meaning, chunks, _best(evidence, chunks))
    if mode == "text":
        chunks = np.where(words > 0, (1 - _DOCUMENT_SHARE) * words + bonus.chunks, -np.inf)
        return Scores(
            words, meaning, chunks + other, _best_two(evidence, chunks) + _WHOLE_WITHOUT_MEANING * whole + of_documents
        )
    # Documents without a vector in this space (live in another one) compete by their words alone.
    chunks = (1 - _DOCUMENT_SHARE) * words + _MEANING_WEIGHT * np.where(known, meaning, 0.0) + bonus.chunks
    return Scores(words, meaning, chunks + other, _best_two(evidence, chunks) + _DOCUMENT_SHARE * whole + of_documents)


def _weighted(terms: Terms, saturated: np.ndarray) -> np.ndarray:
    most = float(terms.weights.sum())
    # By this thread alone: OpenBLAS would take all cores for it and keep them busy for a while.
    return np.einsum("ij,j->i", saturated, terms.weights / most) if most else np.zeros(len(saturated))


def _saturated(times: np.ndarray, length: np.ndarray, b: float) -> np.ndarray:
    return times / (times + _K1 * (1 - b + b * length)[:, None])


def _best(evidence: Evidence, scores: np.ndarray) -> np.ndarray:
    """Return each document's best score; ``-inf`` for one without chunks."""
    best = np.full(len(evidence.document_ids), -np.inf)
    np.maximum.at(best, evidence.document, scores)
    return best


def _best_two(evidence: Evidence, scores: np.ndarray) -> np.ndarray:
    """Return each document's best score and a part of its second; ``-inf`` for one whose chunks have none."""
    best = _best(evidence, scores)
    second = np.where(np.isfinite(best), _SECOND_OF_ONE * best, 0.0)
    is_best = scores == best[evidence.document]
    bests = np.bincount(evidence.document[is_best], minlength=len(best))
    found = np.where(bests > 1, best, _best(evidence, np.where(is_best, -np.inf, scores)))
    several = _chunk_counts(evidence) > 1
    second[several] = np.where(np.isfinite(found), found, 0.0)[several]
    return best + _SECOND_WEIGHT * second


def _chunk_counts(evidence: Evidence) -> np.ndarray:
    return np.bincount(evidence.document, minlength=len(evidence.document_ids))


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.cumsum(counts) - counts
