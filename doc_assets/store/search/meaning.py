"""Candidates by meaning: the chunks whose vectors are nearest to the query's.

The other chunks of their documents are read in ``gathering``; the scores are made in ``doc_assets.search.ranking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import ConfigurationError
from doc_assets.store.search.filters import metadata_filter
from doc_assets.store.search.scope import SearchScope
from doc_assets.store.spaces.spaces import SpaceTable, find_space
from doc_assets.store.spaces.vector_index import has_index

# Chunks per search, enough for 60 to 100 documents; also the width of the index's search (ef_search, 1,000 at most).
_NEAREST = 200
_MAX_NEAREST = 1_000
# An exact scan of so many chunks in scope takes under 20 ms.
_EXACT_CHUNKS = 10_000


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A query's vector, ``(dims,) float32`` of length 1, and its space."""

    space: SpaceTable
    vector: np.ndarray

    @property
    def literal(self) -> str:
        """Return the vector as PostgreSQL reads a ``halfvec``."""
        return HalfVector(self.vector).to_text()


def embed_query(connection: psycopg.Connection, embedder: Embedder, query: str, scope: SearchScope) -> QueryVector:
    """Return the query's vector, of its first tokens if it is longer than the model's window.

    Raises:
        ConfigurationError: Nothing in the scope was embedded in the embedder's space.
        EmbeddingError: The model failed.
    """
    space = _space(connection, embedder, scope)
    known = first_tokens(query, embedder.tokenizers.of(Role.QUERY))
    return QueryVector(space, embedder.embed([known], Role.QUERY)[0])


@dataclass(frozen=True, slots=True)
class NearChunk:
    """A chunk and its cosine similarity to the query."""

    document_id: bytes
    ordinal: int
    similarity: float


def nearest_chunks(
    connection: psycopg.Connection, query: QueryVector, scope: SearchScope, wanted: int
) -> list[NearChunk]:
    """Return chunks of at least ``wanted`` documents, if there are as many, nearest first.

    Changes settings of the connection's transaction.
    """
    limit = min(_MAX_NEAREST, max(_NEAREST, 4 * wanted))
    rows: list[tuple[bytes, int, float]] = []
    if (
        scope.searched_documents is None
        and scope.searched_chunks > _EXACT_CHUNKS
        and has_index(connection, query.space)
    ):
        rows = _nearest_by_index(connection, query, scope, limit)
    # The index's scan ends after 20,000 vectors: few matches far from the query need the exact scan.
    if len(rows) < min(limit, scope.searched_chunks):
        rows = _nearest(connection, query, scope, limit)
    return [NearChunk(*row) for row in rows]


def first_tokens(text: str, tokenizer: WindowTokenizer) -> str:
    """Return the text, or as much of its beginning as the model's window holds beside the prompt."""
    room = tokenizer.max_tokens - tokenizer.count([""])[0]
    # Repeated, since a word that is cut may give other tokens, and so may one that follows the prompt.
    while (excess := tokenizer.count([text])[0] - tokenizer.max_tokens) > 0:
        ends = [end for _, end in tokenizer.offsets(text)]
        text = text[: min(ends[min(room, max(1, len(ends) - excess)) - 1], len(text) - 1)]
    return text


def _space(connection: psycopg.Connection, embedder: Embedder, scope: SearchScope) -> SpaceTable:
    space = find_space(connection, embedder.space.fingerprint)
    if space is not None:
        row = connection.execute(
            "SELECT 1 FROM snapshot WHERE id = ANY (%s) AND space_id = %s LIMIT 1", (list(scope.snapshots), space.id)
        ).fetchone()
        if row is not None:
            return space
    used = connection.execute(
        "SELECT DISTINCT e.name FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = ANY (%s)"
        " ORDER BY e.name",
        (list(scope.snapshots),),
    ).fetchall()
    raise ConfigurationError(
        f"nothing that {scope.state} was embedded with {embedder.space.name} as it is set up now, only with "
        f"{', '.join(name for (name,) in used)}: set the model and precision back, "
        f"{'run doc-assets migrate, ' if scope.as_of is None else ''}or search with mode text"
    )


# The subquery is evaluated as the index yields its rows; a join would sort the whole space. A relaxed scan yields them
# nearly in order: ``+ 0`` keeps PostgreSQL 17 and later from taking the order of the CTE for granted, which left
# similarities rising in 3 of 12 queries over 18,000 vectors with 8 % live.
_BY_INDEX = """
WITH nearest AS MATERIALIZED (
    SELECT e.chunk_id, e.embedding <#> %(vector)s::halfvec AS distance FROM {vectors} e
    WHERE (
        SELECT true FROM document_chunk d JOIN snapshot_document s USING (document_id){documents}
        WHERE d.chunk_id = e.chunk_id AND s.snapshot_id = ANY (%(snapshots)s::bigint[]){matching} LIMIT 1
    )
    ORDER BY e.embedding <#> %(vector)s::halfvec LIMIT %(limit)s
)
SELECT d.document_id, d.ordinal, -n.distance FROM nearest n JOIN document_chunk d USING (chunk_id){documents}
WHERE EXISTS (
    SELECT FROM snapshot_document s
    WHERE s.document_id = d.document_id AND s.snapshot_id = ANY (%(snapshots)s::bigint[])
){matching}
ORDER BY n.distance + 0, d.document_id, d.ordinal LIMIT %(places)s
"""


def _nearest_by_index(
    connection: psycopg.Connection, query: QueryVector, scope: SearchScope, limit: int
) -> list[tuple[bytes, int, float]]:
    connection.execute("SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true)")
    connection.execute("SELECT set_config('hnsw.ef_search', %s, true)", (str(limit),))
    return connection.execute(*by_index(query, scope, limit)).fetchall()


def by_index(query: QueryVector, scope: SearchScope, limit: int) -> tuple[sql.Composed, dict[str, object]]:
    """Return the statement that reads the nearest chunks through the index, nearest first, and its parameters."""
    documents, matching, parameters = _filter(scope)
    return (
        sql.SQL(_BY_INDEX).format(vectors=query.space.table, documents=documents, matching=matching),
        {
            **parameters,
            "vector": query.literal,
            "snapshots": list(scope.snapshots),
            "limit": limit,
            "places": 4 * limit,
        },
    )


_EXACT = """
SELECT DISTINCT d.document_id, d.ordinal, -(e.embedding <#> %(vector)s::halfvec) AS similarity
FROM snapshot_document s
JOIN document_chunk d USING (document_id)
JOIN {vectors} e USING (chunk_id){documents}
WHERE s.snapshot_id = ANY (%(snapshots)s::bigint[]){matching}
ORDER BY similarity DESC, d.document_id, d.ordinal LIMIT %(limit)s
"""


def _nearest(
    connection: psycopg.Connection, query: QueryVector, scope: SearchScope, limit: int
) -> list[tuple[bytes, int, float]]:
    documents, matching, parameters = _filter(scope)
    if scope.searched_documents is not None:
        # Known already: their chunks are read through the index of document_chunk, a few microseconds each.
        documents, matching = sql.SQL(""), sql.SQL(" AND s.document_id = ANY (%(among)s::bytea[])")
        parameters = {"among": list(scope.searched_documents)}
    else:
        # This reads the whole scope, so the planner's choice of joins is right.
        for kind in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute("SELECT set_config(%s, 'on', true)", (f"enable_{kind}",))
    return connection.execute(
        sql.SQL(_EXACT).format(vectors=query.space.table, documents=documents, matching=matching),
        {**parameters, "vector": query.literal, "snapshots": list(scope.snapshots), "limit": limit},
    ).fetchall()


def _filter(scope: SearchScope) -> tuple[sql.Composable, sql.Composable, Mapping[str, object]]:
    """Return the join with ``document o`` if the filter needs it, its condition, and the condition's parameters."""
    matching, parameters = metadata_filter(scope.conditions)
    join = " JOIN document o ON o.id = d.document_id" if scope.conditions else ""
    return sql.SQL(join), matching, parameters
