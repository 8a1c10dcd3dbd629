"""Evidence from PostgreSQL: what the chunks of the candidates by words and by meaning hold, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import psycopg
from psycopg import sql

from doc_assets.store.search.evidence import Evidence
from doc_assets.store.search.meaning import NearChunk, QueryVector
from doc_assets.store.search.scope import SearchScope
from doc_assets.store.search.words import MAX_CHUNKS_PER_DOCUMENT, Effort, Term

# ts_rank of a single word that occurs n times is (1 + 1/4 + ... + 1/n^2) / (pi^2/6), from which n follows to within
# 5 %; reading the positions (unnest) costs three times as much. Weight D is that of words without position, the parts
# of CamelCase names, which thus count 0.4 times.
_ROWS = """
WITH place AS (
    SELECT c.* FROM unnest(%(documents)s::bytea[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT document_id, ordinal, chunk_id FROM document_chunk
        WHERE document_id = wanted.id AND ordinal < %(longest)s
    ) c LIMIT %(chunks)s
), far AS (
    SELECT d.document_id, d.ordinal, d.chunk_id
    FROM unnest(%(far_documents)s::bytea[], %(far_ordinals)s::int[]) AS f (document_id, ordinal)
    JOIN document_chunk d USING (document_id, ordinal)
)
SELECT d.document_id, d.ordinal, o.token_count, k.token_count, ARRAY(
    SELECT ts_rank('{{0.5, 1, 1, 1}}', k.tsv, t.query) FROM unnest(%(queries)s::tsquery[]) AS t (query)
), {similarity}
FROM (SELECT * FROM place UNION SELECT * FROM far) d
JOIN chunk k ON k.id = d.chunk_id
JOIN document o ON o.id = d.document_id{vectors}
"""


def gather(
    connection: psycopg.Connection,
    terms: Sequence[Term],
    documents: Mapping[bytes, Sequence[int]],
    scope: SearchScope,
    effort: Effort,
    query: QueryVector | None = None,
) -> Evidence:
    """Return what is known of these documents, given with the chunks that were found in each.

    Without a query's vector no similarity is known.
    """
    far = [
        (document_id, ordinal)
        for document_id, ordinals in documents.items()
        for ordinal in ordinals
        if ordinal >= MAX_CHUNKS_PER_DOCUMENT
    ]
    similarity, vectors = sql.SQL("NULL::float8"), sql.SQL("")
    if query is not None:
        similarity = sql.SQL("-(e.embedding <#> %(vector)s::halfvec)")
        vectors = sql.SQL(" LEFT JOIN {} e ON e.chunk_id = k.id").format(query.space.table)
    rows = connection.execute(
        sql.SQL(_ROWS).format(similarity=similarity, vectors=vectors),
        {
            "queries": [term.query for term in terms],
            "documents": list(documents),
            "longest": MAX_CHUNKS_PER_DOCUMENT,
            "chunks": 2 * effort.chunks,
            "far_documents": [document_id for document_id, _ in far],
            "far_ordinals": [ordinal for _, ordinal in far],
            **({} if query is None else {"vector": query.literal}),
        },
    ).fetchall()
    return _evidence(rows, len(terms), scope)


def of_nearest(near: Sequence[NearChunk], scope: SearchScope) -> Evidence:
    """Return what is known of the nearest chunks alone: their similarities."""
    return _evidence([(chunk.document_id, chunk.ordinal, 1, 1, (), chunk.similarity) for chunk in near], 0, scope)


def _evidence(rows: Sequence[tuple], terms: int, scope: SearchScope) -> Evidence:
    rows = sorted(rows, key=lambda row: (row[0], row[1]))
    ids = list(dict.fromkeys(row[0] for row in rows))
    index = {document_id: n for n, document_id in enumerate(ids)}
    tokens = {row[0]: row[2] for row in rows}
    ranks = np.array([row[4] for row in rows], np.float32).reshape(len(rows), terms)
    return Evidence(
        document_ids=ids,
        document_tokens=np.array([tokens[document_id] for document_id in ids], np.int64),
        document=np.array([index[row[0]] for row in rows], np.int64),
        ordinal=np.array([row[1] for row in rows], np.int64),
        tokens=np.array([row[3] for row in rows], np.int64),
        times=np.where(ranks > 0.1, 0.608 / (1 - np.minimum(ranks, 0.999)) - 0.5, 0).astype(np.float32),
        similarity=np.array([np.nan if row[5] is None else row[5] for row in rows], np.float32),
        mean_chunk_tokens=scope.visible_tokens / scope.visible_chunks,
        mean_document_tokens=scope.visible_tokens / scope.visible_documents,
    )
