"""Ranking by words: BM25 over chunks and over whole documents, in plain PostgreSQL.

``ts_rank`` ignores how rare a word is and how long a text is, so it only serves to read how often a word occurs in a
chunk. First the rarest words of the query find candidates through the GIN index, then every chunk of the best
candidates is scored. Both steps are bounded, whatever the query and however large the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.store.search.filters import metadata_filter
from doc_assets.store.search.scope import SearchScope

# BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the usual k1. Chunks are about
# equal in length, documents are not: hence the two values of b. Any k1 from 0.8 to 2 and b from 0.75 to 1 for documents
# ranks about as well.
_K1 = 1.2
_CHUNK_B = 0.75
_DOCUMENT_B = 0.9
# Share of the whole document in a score, the best chunk being the rest. On 90 questions over 140,000 chunks hit@1 was
# 0.66 for chunks alone, 0.68 for documents alone, and 0.71 to 0.75 for any share from 0.3 to 0.7.
_DOCUMENT_SHARE = 0.5
# Weight of a part of a CamelCase name against the whole name.
_PART_WEIGHT = 0.5

# Of a long query the first lexemes are counted, at up to 1 ms each, and the rarest of them ranked.
_MAX_LEXEMES = 100
_MAX_TERMS = 32
_MAX_POSTINGS_PER_TERM = 20_000
# For words in up to so many chunks only visible chunks count, at up to 10 us each, so that other snapshots do not
# change how rare a word is.
_FEW_POSTINGS = 100
# Beyond so many chunks of a document, only those that the first step found are read.
_MAX_CHUNKS_PER_DOCUMENT = 1_000
_ORDINALS_RETURNED = 3
# In a narrowed scope most candidates may be outside of it.
_NARROWED_FACTOR = 4
# The number of wanted documents that an effort is sufficient for.
_WANTED = 30


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document and its score.

    Attributes:
        ordinals: Its best chunks, best first; at least one.
        score: From 0 to 1 by words, from -1 to 1 by vectors; higher is better.
    """

    document_id: bytes
    ordinals: tuple[int, ...]
    score: float


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

    def times(self, factor: int) -> Effort:
        """Return bounds with ``factor`` times the candidates from as many postings."""
        return Effort(self.postings, factor * self.candidates, factor * self.documents, factor * self.chunks)


# 20,000 postings rank as 40,000 do but for one question of 90; with 8,000, hit@5 falls from 0.92 to 0.89.
THOROUGH = Effort(20_000, 2_000, 120, 4_000)
# For use beside a ranking by vectors: both together rank as well as with THOROUGH. 3,000 postings lose one question
# of 90.
QUICK = Effort(5_000, 500, 40, 1_200)


@dataclass(frozen=True, slots=True)
class _Term:
    query: str  # one lexeme, quoted as tsquery reads it
    frequency: int
    weight: float


def rank_text(
    connection: psycopg.Connection,
    query: str,
    scope: SearchScope,
    wanted: int = 10,
    effort: Effort = THOROUGH,
    also: Sequence[Ranked] = (),
) -> list[Ranked]:
    """Return documents that hold words of the query, best first, scored as a share of the highest possible score.

    The effort grows with the documents ``wanted`` above 30. Documents in ``also`` are scored beside those found.
    """
    terms = _terms(connection, query, scope)
    if not terms:
        return []
    effort = effort.times(max(1, math.ceil(wanted / _WANTED)))
    if scope.searched_documents is not None and scope.searched_chunks <= effort.chunks:
        found: dict[bytes, list[int]] = {document_id: [] for document_id in scope.searched_documents}
    else:
        found = _candidates(connection, terms, scope, effort)
    for ranked in also:
        found.setdefault(ranked.document_id, []).extend(ranked.ordinals)
    return _scores(connection, terms, found, scope, effort) if found else []


# The lexemes are made as search_vector() makes them; stop words count where they are code, or all that is asked.
# Frequencies come from the planner's statistics where a word is common; a rare one is counted.
_TERMS = """
WITH lexeme AS (
    SELECT lexeme, bool_or(whole) AS whole FROM query_lexemes(%(query)s)
    GROUP BY lexeme ORDER BY min(place), lexeme LIMIT %(lexemes)s
), common AS (
    SELECT u.lexeme, u.frequency * (SELECT reltuples FROM pg_class WHERE oid = 'doc_assets.chunk'::regclass) AS rows
    FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS u (lexeme, frequency)
    WHERE s.schemaname = 'doc_assets' AND s.tablename = 'chunk' AND s.attname = 'tsv' AND u.lexeme IS NOT NULL
)
SELECT quote_literal(l.lexeme), l.whole, coalesce(c.rows, (
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


def _terms(connection: psycopg.Connection, query: str, scope: SearchScope) -> list[_Term]:
    """Return the query's lexemes that occur, rarest first."""
    rows = connection.execute(
        _TERMS,
        {"query": query, "cap": _MAX_POSTINGS_PER_TERM, "lexemes": _MAX_LEXEMES},
    ).fetchall()
    visible = _visible(connection, [quoted for quoted, _, stored in rows if 0 < stored <= _FEW_POSTINGS], scope)
    terms = []
    for quoted, whole, stored in rows:
        if frequency := visible.get(quoted, stored):
            total = max(scope.visible_chunks, frequency)
            inverse = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            terms.append(_Term(quoted, frequency, inverse * (1 if whole else _PART_WEIGHT)))
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


def _finding(terms: Sequence[_Term], effort: Effort) -> list[_Term]:
    """Return the rarest terms, at least two, within the bound on postings."""
    chosen: list[_Term] = []
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


def _candidates(
    connection: psycopg.Connection, terms: Sequence[_Term], scope: SearchScope, effort: Effort
) -> dict[bytes, list[int]]:
    """Return the documents to score, most promising first, each with the chunks found in it."""
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
            "b": _CHUNK_B,
            "k1": _K1,
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


def _closest(
    found: dict[bytes, _Candidate], finding: Sequence[_Term], scope: SearchScope, effort: Effort
) -> list[bytes]:
    """Return the best candidates within the bounds, by chunks with a term in place of its frequency in the document."""
    mean = scope.visible_chunks / scope.visible_documents

    def promise(candidate: _Candidate) -> float:
        norm = _K1 * (1 - _DOCUMENT_B + _DOCUMENT_B * candidate.chunk_count / mean)
        whole = sum(finding[n].weight * count / (count + norm) for n, count in candidate.counts.items())
        return (1 - _DOCUMENT_SHARE) * candidate.best + _DOCUMENT_SHARE * whole

    chosen: list[bytes] = []
    chunks = 0
    for document_id, candidate in sorted(found.items(), key=lambda item: (-promise(item[1]), item[0])):
        chunks += min(candidate.chunk_count, _MAX_CHUNKS_PER_DOCUMENT)
        if chosen and (chunks > effort.chunks or len(chosen) == effort.documents):
            break
        chosen.append(document_id)
    return chosen


# ts_rank of a single word that occurs n times is (1 + 1/4 + ... + 1/n^2) / (pi^2/6), from which n follows to within
# 5 %; reading the positions (unnest) costs three times as much. Weight D is that of words without position, the parts
# of CamelCase names, which thus count 0.4 times.
_SCORES = """
WITH term AS (
    SELECT * FROM unnest(%(queries)s::tsquery[], %(weights)s::float8[]) WITH ORDINALITY AS t (query, weight, n)
), place AS (
    SELECT c.* FROM unnest(%(documents)s::bytea[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT document_id, ordinal, chunk_id FROM document_chunk
        WHERE document_id = wanted.id AND ordinal < %(longest)s
    ) c LIMIT %(chunks)s
), far AS (
    SELECT d.document_id, d.ordinal, d.chunk_id
    FROM unnest(%(far_documents)s::bytea[], %(far_ordinals)s::int[]) AS f (document_id, ordinal)
    JOIN document_chunk d USING (document_id, ordinal)
), occurrence AS MATERIALIZED (
    SELECT d.document_id, d.ordinal, k.token_count, t.n, t.weight, 0.608 / (1 - least(r.rank, 0.999)) - 0.5 AS times
    FROM (SELECT * FROM place UNION SELECT * FROM far) d
    JOIN chunk k ON k.id = d.chunk_id
    CROSS JOIN term t
    CROSS JOIN LATERAL (SELECT ts_rank('{0.5, 1, 1, 1}', k.tsv, t.query)::float8 AS rank) r
    WHERE r.rank > 0.1
), best_chunk AS (
    SELECT document_id, max(score) AS score, (array_agg(ordinal ORDER BY score DESC, ordinal))[:%(shown)s] AS ordinals
    FROM (
        SELECT document_id, ordinal, sum(weight * times / (times + %(k1)s::float8 * (
            1 - %(chunk_b)s::float8 + %(chunk_b)s::float8 * token_count / %(chunk_mean)s::float8))) AS score
        FROM occurrence GROUP BY document_id, ordinal, token_count
    ) each GROUP BY document_id
), whole AS (
    SELECT document_id, sum(weight * times / (times + %(k1)s::float8 * (
        1 - %(document_b)s::float8 + %(document_b)s::float8 * o.token_count / %(document_mean)s::float8))) AS score
    FROM (
        SELECT document_id, n, weight, sum(times) AS times FROM occurrence GROUP BY document_id, n, weight
    ) each
    JOIN document o ON o.id = document_id GROUP BY document_id
)
SELECT document_id, p.ordinals, (1 - %(share)s::float8) * p.score + %(share)s::float8 * w.score AS score
FROM best_chunk p JOIN whole w USING (document_id)
ORDER BY score DESC, document_id
"""


def _scores(
    connection: psycopg.Connection,
    terms: Sequence[_Term],
    documents: Mapping[bytes, Sequence[int]],
    scope: SearchScope,
    effort: Effort,
) -> list[Ranked]:
    """Return the documents' BM25 scores for all terms, best first; the chunks named are read whatever their ordinal."""
    far = [
        (document_id, ordinal)
        for document_id, ordinals in documents.items()
        for ordinal in ordinals
        if ordinal >= _MAX_CHUNKS_PER_DOCUMENT
    ]
    rows = connection.execute(
        _SCORES,
        {
            "queries": [term.query for term in terms],
            "weights": [term.weight for term in terms],
            "documents": list(documents),
            "longest": _MAX_CHUNKS_PER_DOCUMENT,
            "chunks": 2 * effort.chunks,
            "far_documents": [document_id for document_id, _ in far],
            "far_ordinals": [ordinal for _, ordinal in far],
            "shown": _ORDINALS_RETURNED,
            "k1": _K1,
            "chunk_b": _CHUNK_B,
            "chunk_mean": scope.visible_tokens / scope.visible_chunks,
            "document_b": _DOCUMENT_B,
            "document_mean": scope.visible_tokens / scope.visible_documents,
            "share": _DOCUMENT_SHARE,
        },
    ).fetchall()
    most = sum(term.weight for term in terms)
    return [Ranked(document_id, tuple(ordinals), score / most) for document_id, ordinals, score in rows]
