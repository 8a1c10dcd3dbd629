"""Candidates by words: the query's terms, and the documents whose chunks hold the rarest of them.

Both steps are bounded, whatever the query and however large the store. What these documents hold is read in
``gathering``; the scores are made in ``doc_assets.search.ranking``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from doc_assets.store.search.evidence import Terms
from doc_assets.store.search.filters import metadata_filter
from doc_assets.store.search.scope import SearchScope
from doc_assets.store.search.spelling import nearest_lexemes

# The order of candidates, before they are scored, is that of BM25 with the constants of ``search.ranking``.
K1 = 1.2
CHUNK_B = 0.75
DOCUMENT_B = 0.9
DOCUMENT_SHARE = 0.5
# Weight of a part of a CamelCase name against the whole name.
_PART_WEIGHT = 0.5
# Weight of a lexeme that stands for one that occurs nowhere: what is asked for may be another word after all.
_NEAR_WEIGHT = 0.7

# Of a long query the first lexemes are counted, at up to 1 ms each, and the rarest of them ranked.
MAX_LEXEMES = 100
_MAX_TERMS = 32
_MAX_POSTINGS_PER_TERM = 20_000
# For words in up to so many chunks only visible chunks count, at up to 10 us each, so that other snapshots do not
# change how rare a word is.
_FEW_POSTINGS = 100
# Beyond so many chunks of a document, only those that the first step found are read.
MAX_CHUNKS_PER_DOCUMENT = 1_000
# In a narrowed scope most candidates may be outside of it.
_NARROWED_FACTOR = 4
# The number of wanted documents that an effort is sufficient for.
_WANTED = 30


@dataclass(frozen=True, slots=True)
class Effort:
    """Bounds on the work of a ranking.

    Attributes:
        postings: Rows of the index to visit, at 1 to 5 us each.
        candidates: Chunks whose documents are read.
        documents: Documents to score, and so to return.
        chunks: Chunks of these documents to read.
    """

    postings: int
    candidates: int
    documents: int
    chunks: int

    def for_results(self, wanted: int) -> Effort:
        """Return bounds with more candidates, from as many postings, where more than 30 documents are wanted."""
        factor = max(1, math.ceil(wanted / _WANTED))
        return Effort(self.postings, factor * self.candidates, factor * self.documents, factor * self.chunks)


# 20,000 postings rank as 40,000 do but for one question of 90; with 8,000, hit@5 falls from 0.92 to 0.89.
THOROUGH = Effort(20_000, 2_000, 120, 4_000)
# For use beside a ranking by vectors: both together rank as well as with THOROUGH. 3,000 postings lose one question
# of 90.
QUICK = Effort(5_000, 500, 40, 1_200)


@dataclass(frozen=True, slots=True)
class Term:
    """A lexeme of the query that occurs.

    Attributes:
        lexeme: Not quoted.
        query: Quoted, as tsquery reads it.
        frequency: Number of chunks that hold it.
        weight: Its inverse document frequency, times its weight as a part of a name, or as one that is near.
        instead_of: The lexeme of the query that occurs nowhere, if this one stands for it.
    """

    lexeme: str
    query: str
    frequency: int
    weight: float
    instead_of: str | None = None


def terms_of(found: Sequence[Term]) -> Terms:
    """Return terms as evidence has them."""
    return Terms(
        tuple(term.lexeme for term in found),
        np.array([term.weight for term in found], np.float64),
        {term.instead_of: term.lexeme for term in found if term.instead_of is not None},
    )


# The lexemes are made as search_vector() makes them; stop words count where they are code, or all that is asked.
# Frequencies come from the planner's statistics where a word is common; a rare one is counted.
_TERMS = """
WITH lexeme AS (
    SELECT lexeme, bool_or(whole) AS whole FROM (
        SELECT * FROM query_lexemes(%(query)s) UNION ALL SELECT w, true, 1 FROM unnest(%(wanted)s::text[]) AS w
    ) asked (lexeme, whole, place)
    GROUP BY lexeme ORDER BY min(place), lexeme LIMIT %(lexemes)s
), common AS (
    SELECT u.lexeme, u.frequency * (SELECT reltuples FROM pg_class WHERE oid = 'doc_assets.chunk'::regclass) AS rows
    FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS u (lexeme, frequency)
    WHERE s.schemaname = 'doc_assets' AND s.tablename = 'chunk' AND s.attname = 'tsv' AND u.lexeme IS NOT NULL
)
SELECT l.lexeme, quote_literal(l.lexeme), l.whole, coalesce(c.rows, (
    SELECT count(*) FROM (
        SELECT FROM chunk WHERE tsv @@ quote_literal(l.lexeme)::tsquery LIMIT %(cap)s
    ) counted
))::bigint
FROM lexeme l LEFT JOIN common c USING (lexeme)
"""

_VISIBLE = """
SELECT l.lexeme, count(*) FROM unnest(%(lexemes)s::text[]) AS l (lexeme)
CROSS JOIN LATERAL (SELECT id FROM chunk WHERE tsv @@ l.lexeme::tsquery LIMIT %(cap)s) k
WHERE EXISTS (
    SELECT FROM document_chunk d JOIN snapshot_document s USING (document_id)
    WHERE d.chunk_id = k.id AND s.snapshot_id = ANY (%(snapshots)s::bigint[])
)
GROUP BY l.lexeme
"""


def query_terms(connection: psycopg.Connection, query: str, scope: SearchScope) -> list[Term]:
    """Return the query's lexemes that occur, rarest first, and the nearest ones in place of those that do not."""
    counted = _counted(connection, query, (), scope)
    of_near = misspelt(connection, counted)
    if of_near:
        counted += _counted(connection, "", list(of_near), scope)
    return weighted(counted, scope.visible_chunks, of_near)


def misspelt(connection: psycopg.Connection, counted: Sequence[tuple[str, str, bool, int]]) -> dict[str, str]:
    """Return the lexemes to ask for, each with the one that it stands for, which occurs nowhere; see ``weighted``."""
    missing = [lexeme for lexeme, _, whole, frequency in counted if whole and not frequency]
    instead = nearest_lexemes(connection, missing) if missing else {}
    asked = {lexeme for lexeme, *_ in counted}
    return {near: lexeme for lexeme, near in instead.items() if near not in asked}


def _counted(
    connection: psycopg.Connection, query: str, lexemes: Sequence[str], scope: SearchScope
) -> list[tuple[str, str, bool, int]]:
    """Return the lexemes, plain and quoted, whether each is a whole word, and in how many chunks it is."""
    rows = connection.execute(
        _TERMS, {"query": query, "wanted": list(lexemes), "cap": _MAX_POSTINGS_PER_TERM, "lexemes": MAX_LEXEMES}
    ).fetchall()
    visible = _visible(connection, [quoted for _, quoted, _, stored in rows if 0 < stored <= _FEW_POSTINGS], scope)
    return [(lexeme, quoted, whole, visible.get(quoted, stored)) for lexeme, quoted, whole, stored in rows]


def weighted(
    lexemes: Iterable[tuple[str, str, bool, int]], visible_chunks: int, instead_of: Mapping[str, str] | None = None
) -> list[Term]:
    """Return the lexemes that occur, rarest first, at most 32.

    Args:
        lexemes: Each plain and quoted, with whether it is more than a part of a name, and the number of chunks that
            hold it.
        visible_chunks: Number of chunks among which it is rare or common.
        instead_of: For lexemes that stand for one of the query that occurs nowhere, that one.
    """
    of_near = instead_of or {}
    terms = []
    for lexeme, quoted, whole, frequency in lexemes:
        if frequency:
            total = max(visible_chunks, frequency)
            inverse = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            weight = inverse * (1 if whole else _PART_WEIGHT) * (_NEAR_WEIGHT if lexeme in of_near else 1)
            terms.append(Term(lexeme, quoted, frequency, weight, of_near.get(lexeme)))
    terms.sort(key=lambda term: (term.frequency, term.query))
    return terms[:_MAX_TERMS]


def _visible(connection: psycopg.Connection, rare: Sequence[str], scope: SearchScope) -> dict[str, int]:
    """Return the number of visible chunks that hold each lexeme, 0 included."""
    if not rare:
        return {}
    rows = connection.execute(
        _VISIBLE, {"lexemes": list(rare), "cap": _MAX_POSTINGS_PER_TERM, "snapshots": list(scope.visible_snapshots)}
    ).fetchall()
    return dict.fromkeys(rare, 0) | dict(rows)


def _finding(terms: Sequence[Term], effort: Effort) -> list[Term]:
    """Return the rarest terms, at least two, within the bound on postings."""
    chosen: list[Term] = []
    postings = 0
    for term in terms:
        postings += min(term.frequency, _MAX_POSTINGS_PER_TERM)
        if len(chosen) >= 2 and postings > effort.postings:
            break
        chosen.append(term)
    return chosen


# A chunk is returned once for each document of the scope that holds it, with the terms it holds as bits.
_CANDIDATES = """
WITH term AS (
    SELECT * FROM unnest(%(queries)s::tsquery[], %(weights)s::float8[]) WITH ORDINALITY AS t (query, weight, n)
), among AS MATERIALIZED (
    SELECT chunk_id FROM document_chunk WHERE document_id = ANY (%(among)s::bytea[])
), hit AS (
    SELECT k.id, bit_or(1::bigint << t.n::int) AS terms,
        sum(t.weight) / (1 - %(b)s::float8 + %(b)s::float8 * k.token_count / %(mean)s::float8 + %(k1)s::float8) AS score
    FROM term t
    CROSS JOIN LATERAL (SELECT id, token_count FROM chunk WHERE tsv @@ t.query{few} LIMIT %(cap)s) k
    GROUP BY k.id, k.token_count
    ORDER BY score DESC, k.id LIMIT %(limit)s
)
SELECT d.document_id, d.ordinal, o.chunk_count, h.score, h.terms
FROM hit h
JOIN document_chunk d ON d.chunk_id = h.id
JOIN document o ON o.id = d.document_id
WHERE EXISTS (
    SELECT FROM snapshot_document s
    WHERE s.document_id = d.document_id AND s.snapshot_id = ANY (%(snapshots)s::bigint[])
){matching}
ORDER BY h.score DESC, d.document_id, d.ordinal LIMIT %(places)s
"""


# CASE keeps it a look-up in a hash table; by its estimates the planner would make it a join.
_AMONG = " AND CASE WHEN id IN (SELECT chunk_id FROM among) THEN true END"


@dataclass(slots=True)
class _Candidate:
    chunk_count: int
    best: float
    counts: dict[int, int]
    ordinals: list[int]


def word_candidates(
    connection: psycopg.Connection, terms: Sequence[Term], scope: SearchScope, effort: Effort
) -> dict[bytes, list[int]]:
    """Return the documents to score, most promising first, each with the chunks found in it."""
    if not terms:
        return {}
    if scope.searched_documents is not None and _may_take_all(scope, effort):
        return {document_id: [] for document_id in scope.searched_documents}
    finding = _finding(terms, effort)
    limit = effort.candidates * (_NARROWED_FACTOR if scope.narrowed and scope.searched_documents is None else 1)
    matching, parameters = metadata_filter(scope.conditions)
    rows = connection.execute(
        sql.SQL(_CANDIDATES).format(few=sql.SQL("" if scope.searched_documents is None else _AMONG), matching=matching),
        {
            **parameters,
            "among": list(scope.searched_documents or ()),
            "queries": [term.query for term in finding],
            "weights": [term.weight for term in finding],
            "snapshots": list(scope.snapshots),
            "b": CHUNK_B,
            "k1": K1,
            "mean": scope.visible_tokens / scope.visible_chunks,
            "cap": _MAX_POSTINGS_PER_TERM,
            "limit": limit,
            "places": 2 * limit,
        },
    ).fetchall()
    found: dict[bytes, _Candidate] = {}
    for document_id, ordinal, chunk_count, score, bits in rows:
        candidate = found.setdefault(document_id, _Candidate(chunk_count, score, {}, []))
        candidate.ordinals.append(ordinal)
        for n in range(len(finding)):
            if bits >> (n + 1) & 1:
                candidate.counts[n] = candidate.counts.get(n, 0) + 1
    return {key: found[key].ordinals for key in _closest(found, finding, scope, effort)}


def _may_take_all(scope: SearchScope, effort: Effort) -> bool:
    return scope.searched_chunks <= effort.chunks


def _closest(
    found: dict[bytes, _Candidate], finding: Sequence[Term], scope: SearchScope, effort: Effort
) -> list[bytes]:
    """Return the best candidates within the bounds, by chunks with a term in place of its frequency in the document."""
    mean = scope.visible_chunks / scope.visible_documents

    def promise(candidate: _Candidate) -> float:
        norm = K1 * (1 - DOCUMENT_B + DOCUMENT_B * candidate.chunk_count / mean)
        whole = sum(finding[n].weight * count / (count + norm) for n, count in candidate.counts.items())
        return (1 - DOCUMENT_SHARE) * candidate.best + DOCUMENT_SHARE * whole

    chosen: list[bytes] = []
    chunks = 0
    for document_id, candidate in sorted(found.items(), key=lambda item: (-promise(item[1]), item[0])):
        chunks += min(candidate.chunk_count, MAX_CHUNKS_PER_DOCUMENT)
        if chosen and (chunks > effort.chunks or len(chosen) == effort.documents):
            break
        chosen.append(document_id)
    return chosen
