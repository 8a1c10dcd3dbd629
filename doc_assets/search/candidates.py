"""The candidates of a query and the evidence on them, from PostgreSQL: documents found by words and by meaning.

What may answer but is not found here cannot be ranked, so each way finds more documents than are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from doc_assets.search.ranking import Mode
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.evidence import Evidence, Terms
from doc_assets.store.search.gathering import gather, of_nearest
from doc_assets.store.search.meaning import NearChunk, QueryVector, nearest_chunks
from doc_assets.store.search.scope import SearchScope
from doc_assets.store.search.words import QUICK, THOROUGH, query_terms, terms_of, word_candidates

# Number of documents nearest in meaning that are also scored by words. With 30 one question of 90 lost its answer, 70
# found no more; the time is the same.
_ALSO_BY_WORDS = 50


class Meaning(Protocol):
    """What a query is near to in meaning: the vectors of a space, or of some chosen chunks."""

    @property
    def stored(self) -> QueryVector | None:
        """The query's vector, if similarities are those of the vectors in its space."""
        ...

    def nearest(self, wanted: int) -> list[NearChunk]:
        """Return chunks of at least ``wanted`` documents, if there are as many, nearest first."""
        ...

    def similarities(self, chunks: Sequence[tuple[bytes, int]]) -> Mapping[tuple[bytes, int], float]:
        """Return the similarity of the query and each chunk (document, ordinal), asked where nothing is stored."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of the query's space, as ``Meaning``."""

    connection: Connection
    stored: QueryVector
    scope: SearchScope

    def nearest(self, wanted: int) -> list[NearChunk]:
        """See ``Meaning.nearest``."""
        return nearest_chunks(self.connection, self.stored, self.scope, wanted)

    def similarities(self, chunks: Sequence[tuple[bytes, int]]) -> Mapping[tuple[bytes, int], float]:
        """Return nothing: they are read with the rest of the evidence."""
        return {}


def evidence_of(
    connection: Connection, query: str, scope: SearchScope, wanted: int, mode: Mode, meaning: Meaning | None = None
) -> tuple[Terms, Evidence]:
    """Return the query's terms and what is known of its candidates.

    Args:
        connection: A transaction of ``searching``.
        query: What is asked.
        scope: What is searched.
        wanted: Number of documents to rank, if there are as many.
        mode: By what they are ranked.
        meaning: Similarities to the query; not needed for ``text``.
    """
    near = meaning.nearest(wanted) if meaning is not None and mode != "text" else []
    if mode == "vector":
        return Terms((), np.empty(0)), of_nearest(near, scope)
    terms = query_terms(connection, query, scope)
    effort = (THOROUGH if mode == "text" else QUICK).for_results(wanted)
    found = word_candidates(connection, terms, scope, effort)
    for chunk in _first_documents(near, max(_ALSO_BY_WORDS, 2 * wanted)):
        found.setdefault(chunk.document_id, []).append(chunk.ordinal)
    stored = meaning.stored if meaning is not None else None
    evidence = gather(connection, terms, found, scope, effort, stored)
    if meaning is not None and stored is None:
        evidence = _with_similarities(evidence, meaning)
    return terms_of(terms), evidence


def _first_documents(near: Sequence[NearChunk], documents: int) -> list[NearChunk]:
    """Return the chunks of the first so many documents."""
    first = dict.fromkeys(chunk.document_id for chunk in near)
    kept = set(list(first)[:documents])
    return [chunk for chunk in near if chunk.document_id in kept]


def _with_similarities(evidence: Evidence, meaning: Meaning) -> Evidence:
    places = [
        (evidence.document_ids[document], int(ordinal))
        for document, ordinal in zip(evidence.document, evidence.ordinal, strict=True)
    ]
    known = meaning.similarities(places)
    return replace(evidence, similarity=np.array([known.get(place, np.nan) for place in places], np.float32))
