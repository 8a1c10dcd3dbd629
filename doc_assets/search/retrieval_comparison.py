"""Retrieval by two embeddings of the same chunks, question by question: hybrid and by vectors alone.

Where the store holds both embeddings, each ranks all that is live, as a search does (``StoredVectors``). Otherwise they
rank *candidates*: what a search by words finds for each question, the documents that answer it, and a random sample
(``CandidateVectors``). Candidates are the chunks that could push an answer down, so few of them tell two embeddings
apart; random ones alone would leave nearly every answer on the first rank of both.

No candidate is chosen by vectors. Those nearest in one space are the worst competitors of that embedding and not of the
other: over 117,000 chunks and 90 questions, ten documents a question so chosen cost an embedding 0.044 of hit@5 by
vectors against another, where 20 chunks a question cost it 0.022 and 70 cost it 0.011.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from doc_assets.search.candidates import Meaning
from doc_assets.search.evaluation import Question, figures_of, rank_of
from doc_assets.search.ranking import Mode
from doc_assets.search.results import SearchResult, results_of
from doc_assets.search.search import ranked_by, searching
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.search.meaning import NearChunk, QueryVector
from doc_assets.store.search.sampling import chunks_at, documents_at, places_of_chunks
from doc_assets.store.search.scope import SearchScope

MODES: tuple[Mode, ...] = ("hybrid", "vector")

_DEPTH = 10  # documents of a ranking that count in the figures
_COMPETING = 30  # documents that become candidates for a question
_ANSWERING = 5  # documents of a question's files that do: a file of rustdoc JSON holds hundreds
_PASSAGES = 40  # most chunks of each of these, evenly spread
_NEAREST = 200  # chunks found by meaning, as in ``store.search.meaning``


@dataclass(frozen=True, slots=True)
class PairedFigures:
    """Figures of one mode for both embeddings over the same questions.

    Attributes:
        subject: hit@1, hit@5, hit@10 and mrr@10 of the examined embedding.
        reference: Those of the one that it is compared with.
        loss: What the subject lacks of each; negative where it is better.
        error: The standard error of each loss, from the questions.
        better: Questions that the subject answers on an earlier rank.
        worse: Questions that it answers on a later one.
    """

    subject: Mapping[str, float]
    reference: Mapping[str, float]
    loss: Mapping[str, float]
    error: Mapping[str, float]
    better: int
    worse: int


Ranks = Sequence[int | None]


def paired(subject: Ranks, reference: Ranks) -> PairedFigures:
    """Return the figures of two lists of ranks, of the same questions in the same order."""
    figures, others = figures_of(subject), figures_of(reference)
    earlier = [_place(b) - _place(a) for a, b in zip(subject, reference, strict=True)]
    loss = {name: others[name] - figures[name] for name in figures}
    one_by_one = [(figures_of([b]), figures_of([a])) for a, b in zip(subject, reference, strict=True)]
    error = {
        name: float(np.std([b[name] - a[name] for b, a in one_by_one]) / len(one_by_one) ** 0.5) for name in figures
    }
    return PairedFigures(figures, others, loss, error, sum(d > 0 for d in earlier), sum(d < 0 for d in earlier))


def _place(rank: int | None) -> int:
    return _DEPTH + 1 if rank is None else rank


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks of a store that both embeddings rank.

    Attributes:
        chunks: Ids, each once; the row of its vector is its position.
        documents: Documents that hold them, with their numbers of chunks.
        places: Document, ordinal and row of every place of the chunks.
    """

    chunks: Sequence[bytes]
    documents: Mapping[bytes, int]
    places: Sequence[tuple[bytes, int, int]]

    @classmethod
    def of(cls, store: Store, scope: SearchScope, chunk_ids: Sequence[bytes]) -> Candidates:
        """Look up the places of the chunks in the scope."""
        rows = {chunk_id: row for row, chunk_id in enumerate(chunk_ids)}
        with store.reading("doc-assets embedder check", one_state=True) as connection:
            found = places_of_chunks(connection, scope.snapshots, chunk_ids)
        return cls(
            chunk_ids,
            {document_id: count for _, document_id, _, count in found},
            [(document_id, ordinal, rows[chunk_id]) for chunk_id, document_id, ordinal, _ in found],
        )

    def scope(self, scope: SearchScope) -> SearchScope:
        """Return the scope narrowed to the documents; how rare a word is still counts over all that is visible."""
        return replace(
            scope, searched_documents=self.documents, searched_chunks=sum(self.documents.values()), narrowed=True
        )


class CandidateVectors:
    """The candidates' similarities to one query, as ``Meaning``."""

    def __init__(self, candidates: Candidates, similar: np.ndarray) -> None:
        """Take the similarity of each chunk, ``(n,) float32``."""
        self._at: dict[tuple[bytes, int], float] = {}
        self._of_document: dict[bytes, float] = {}
        self._nearest: list[NearChunk] = []
        places = [(float(similar[row]), document_id, ordinal) for document_id, ordinal, row in candidates.places]
        for value, document_id, ordinal in sorted(places, key=lambda place: (-place[0], *place[1:])):
            self._at[document_id, ordinal] = value
            self._of_document.setdefault(document_id, value)
            if len(self._at) <= _NEAREST:
                self._nearest.append(NearChunk(document_id, ordinal, value))

    @property
    def stored(self) -> QueryVector | None:
        """None: these vectors are not the store's."""
        return None

    def nearest(self, wanted: int) -> list[NearChunk]:
        """See ``Meaning.nearest``."""
        return self._nearest

    def similarities(self, chunks: Sequence[tuple[bytes, int]]) -> Mapping[tuple[bytes, int], float]:
        """See ``Meaning.similarities``; a chunk that is no candidate counts as the nearest one of its document."""
        return {
            (document_id, ordinal): self._at.get((document_id, ordinal), self._of_document[document_id])
            for document_id, ordinal in chunks
            if document_id in self._of_document
        }


def find_candidates(store: Store, scope: SearchScope, questions: Sequence[Question]) -> set[bytes]:
    """Return the chunks that rank first for a question by words, and those of its answers."""
    files = {place for question in questions for place in question.relevant}
    with store.reading("doc-assets embedder check", one_state=True) as connection:
        answering = documents_at(connection, scope.snapshots, files)
    found: set[bytes] = set()
    for question in questions:
        with searching(store) as connection:
            ranked = ranked_by(connection, question.query, scope, _COMPETING, "text")[:_COMPETING]
            places = {(r.document_id, r.chunks[0].ordinal) for r in ranked}
            if documents := {k: n for place in question.relevant for k, n in answering.get(place, {}).items()}:
                narrow = Candidates((), documents, ()).scope(scope)
                of_answers = ranked_by(connection, question.query, narrow, _ANSWERING, "text")[:_ANSWERING]
                places |= {(r.document_id, chunk.ordinal) for r in of_answers for chunk in r.chunks}
                # Words may find none of them.
                for document_id in list(dict.fromkeys([*(r.document_id for r in of_answers), *documents]))[:_ANSWERING]:
                    places |= {(document_id, ordinal) for ordinal in _spread(documents[document_id])}
            found |= chunks_at(connection, places)
    return found


def _spread(chunks: int) -> set[int]:
    """Return the ordinals of so many chunks, of more than are wanted evenly spread ones."""
    wanted = min(chunks, _PASSAGES)
    return {number * chunks // wanted for number in range(wanted)}


def ranks_in_store(
    store: Store,
    scope: SearchScope,
    questions: Sequence[Question],
    meaning: Callable[[Connection, int], Meaning],
    mode: Mode,
    *,
    words: SearchScope | None = None,
) -> list[int | None]:
    """Return the rank of each question's first answer, as a search with these vectors would have it.

    Args:
        store: The store.
        scope: What is searched.
        questions: The questions.
        meaning: Gives the vectors for a connection and the number of a question.
        mode: ``hybrid`` or ``vector``.
        words: What is ranked by words, if not the whole scope.
    """
    found = []
    for number, question in enumerate(questions):
        with searching(store) as connection:
            near = meaning(connection, number)
            ranked = ranked_by(connection, question.query, words or scope, _DEPTH, mode, near)
            found.append(rank_of(results_of(connection, question.query, ranked, scope, _DEPTH), question.relevant))
    return found


def ranks_in_memory(
    questions: Sequence[Question], places: Sequence[tuple[str, str, str]], similar: np.ndarray
) -> list[int | None]:
    """Return the rank of each question's first answer by vectors alone.

    Args:
        questions: The questions.
        places: Type, source and path of each chunk's file.
        similar: Similarity of each question and chunk, ``(questions, chunks) float32``.
    """
    ranks = []
    for question, row in zip(questions, similar, strict=True):
        ranked = ((places[i], float(row[i])) for i in np.argsort(-row, kind="stable").tolist())
        results = (
            SearchResult(doc_type, source, path, "", score, "", None) for (doc_type, source, path), score in ranked
        )
        ranks.append(rank_of(results, question.relevant))
    return ranks
