"""Ranking again by what the evidence does not hold: the names of the documents, and the text around identifiers."""

from __future__ import annotations

import numpy as np

from doc_assets.search.identifiers import identifiers, occurs, share
from doc_assets.search.naming import named, names_of
from doc_assets.search.ranking import Bonus, Mode, Ranked, rank
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.evidence import Evidence, Terms
from doc_assets.store.search.places import contents_of, subjects_of
from doc_assets.store.search.scope import SearchScope

# For a query that names what a document is about, and nothing that the other candidates are about.
_NAME_WEIGHT = 0.1
# For a chunk in which identifiers that are all of the query stand as they were asked for.
_IDENTIFIER_WEIGHT = 0.2
# Chunks whose text is read for them, best first.
_CHUNKS_READ = 60


def refined(
    connection: Connection, query: str, terms: Terms, evidence: Evidence, mode: Mode, scope: SearchScope
) -> list[Ranked]:
    """Return the documents of the evidence, best first, as ``rank`` does, with what their names and texts add.

    By meaning alone nothing is added.
    """
    if mode == "vector" or not len(evidence.document):
        return rank(terms, evidence, mode)
    bonus = Bonus(
        _of_identifiers(connection, query, terms, evidence, mode),
        _of_names(connection, query, evidence, scope),
    )
    return rank(terms, evidence, mode, bonus)


def _of_names(connection: Connection, query: str, evidence: Evidence, scope: SearchScope) -> np.ndarray:
    subjects = subjects_of(connection, evidence.document_ids, scope.snapshots)
    names = [
        frozenset[str]().union(*(names_of(source, facts) for source, facts in subjects.get(document_id, ())))
        for document_id in evidence.document_ids
    ]
    return _NAME_WEIGHT * np.array(named(query, names), np.float64)


def _of_identifiers(connection: Connection, query: str, terms: Terms, evidence: Evidence, mode: Mode) -> np.ndarray:
    bonus = np.zeros(len(evidence.document))
    wanted = identifiers(query)
    if not wanted:
        return bonus
    row_of = {
        (evidence.document_ids[document], int(ordinal)): row
        for row, (document, ordinal) in enumerate(zip(evidence.document, evidence.ordinal, strict=True))
    }
    # Only chunks with words of the query can hold an identifier of it.
    chunks = [(r.document_id, chunk.ordinal) for r in rank(terms, evidence, mode) for chunk in r.chunks]
    read = contents_of(connection, [c for c in chunks if evidence.times[row_of[c]].any()][:_CHUNKS_READ])
    shares = {one: share(one, terms.lexemes, terms.weights.tolist()) for one in wanted}
    for chunk, content in read.items():
        text = "\n".join([content.title, *content.heading_path, content.text])
        bonus[row_of[chunk]] = min(1.0, sum(part for one, part in shares.items() if occurs(one, text)))
    return _IDENTIFIER_WEIGHT * bonus
