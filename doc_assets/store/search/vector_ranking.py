"""Ranking by meaning: the passages whose vectors are nearest to the query's, by document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import ConfigurationError
from doc_assets.store.search.filters import meeting
from doc_assets.store.search.scope import Scope
from doc_assets.store.search.text_ranking import Ranked
from doc_assets.store.spaces.spaces import SpaceTable, find_space
from doc_assets.store.spaces.vector_index import has_index

# Passages per search: enough for 60 to 100 documents. Also the width of the index's search (ef_search, 1,000 at most).
_NEAREST = 200
_MAX_NEAREST = 1_000
# Below this an exact scan of the passages in scope takes under 20 ms.
_EXACT_PASSAGES = 10_000


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A query as the model sees it, and the space to compare it in; ``vector`` is ``(dims,) float32`` of length 1."""

    space: SpaceTable
    vector: np.ndarray

    @property
    def literal(self) -> str:
        """As PostgreSQL reads a ``halfvec``."""
        return HalfVector(self.vector).to_text()


def embed_query(connection: psycopg.Connection, embedder: Embedder, query: str, scope: Scope) -> QueryVector:
    """The query's vector; of a query longer than the model's window, that of its first tokens.

    Raises:
        ConfigurationError: Nothing in the scope was embedded in the embedder's space.
        EmbeddingError: The model failed.
    """
    space = _space(connection, embedder, scope)
    return QueryVector(space, embedder.embed([first_tokens(query, embedder.tokenizer)])[0])


def rank_vectors(connection: psycopg.Connection, query: QueryVector, scope: Scope, wanted: int) -> list[Ranked]:
    """Live documents by the cosine similarity of their nearest passage, best first.

    Args:
        connection: Inside a transaction, whose settings it changes.
        query: What to be near to.
        scope: What is searched.
        wanted: Documents to rank at least, where there are as many.
    """
    limit = min(_MAX_NEAREST, max(_NEAREST, 4 * wanted))
    rows: Sequence[tuple[bytes, int, float]] = []
    if scope.among is None and scope.passages > _EXACT_PASSAGES and has_index(connection, query.space):
        rows = _nearest_by_index(connection, query, scope, limit)
    # The index's scan ends after 20,000 vectors: what is rare and far from the query needs the exact way.
    if len(rows) < min(limit, scope.passages):
        rows = _nearest(connection, query, scope, limit)
    best: dict[bytes, Ranked] = {}
    for document_id, ordinal, similarity in rows:
        best.setdefault(document_id, Ranked(document_id, (ordinal,), similarity))
    return list(best.values())


def similarities(
    connection: psycopg.Connection, query: QueryVector, passages: Sequence[tuple[bytes, int]]
) -> dict[tuple[bytes, int], float]:
    """Cosine similarity of the query and each passage (document, ordinal) that has a vector in the space."""
    rows = connection.execute(
        sql.SQL(
            "SELECT d.document_id, d.ordinal, -(e.embedding <#> %s::halfvec)"
            " FROM unnest(%s::bytea[], %s::int[]) AS wanted (document_id, ordinal)"
            " JOIN document_chunk d USING (document_id, ordinal) JOIN {} e USING (chunk_id)"
        ).format(query.space.table),
        (query.literal, [document_id for document_id, _ in passages], [ordinal for _, ordinal in passages]),
    ).fetchall()
    return {(document_id, ordinal): similarity for document_id, ordinal, similarity in rows}


def first_tokens(text: str, tokenizer: WindowTokenizer) -> str:
    """The text, or as much of its beginning as the model's window holds."""
    special = tokenizer.count([""])[0]
    room = tokenizer.max_tokens - special
    # Counted again, since a word that is cut may fall into other tokens.
    while len(ends := [end for _, end in tokenizer.offsets(text)]) > room:
        text = text[: min(ends[room - 1], len(text) - 1)]
    return text


def _space(connection: psycopg.Connection, embedder: Embedder, scope: Scope) -> SpaceTable:
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


# The subquery is evaluated as the index gives its rows, nearest first; a join would sort the whole space.
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
ORDER BY n.distance, d.document_id, d.ordinal LIMIT %(places)s
"""


def _nearest_by_index(
    connection: psycopg.Connection, query: QueryVector, scope: Scope, limit: int
) -> list[tuple[bytes, int, float]]:
    connection.execute("SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true)")
    connection.execute("SELECT set_config('hnsw.ef_search', %s, true)", (str(limit),))
    documents, matching, parameters = _filter(scope)
    return connection.execute(
        sql.SQL(_BY_INDEX).format(vectors=query.space.table, documents=documents, matching=matching),
        {
            **parameters,
            "vector": query.literal,
            "snapshots": list(scope.snapshots),
            "limit": limit,
            "places": 4 * limit,
        },
    ).fetchall()


_EXACT = """
SELECT DISTINCT d.document_id, d.ordinal, -(e.embedding <#> %(vector)s::halfvec) AS similarity
FROM snapshot_document s
JOIN document_chunk d USING (document_id)
JOIN {vectors} e USING (chunk_id){documents}
WHERE s.snapshot_id = ANY (%(snapshots)s::bigint[]){matching}
ORDER BY similarity DESC, d.document_id, d.ordinal LIMIT %(limit)s
"""


def _nearest(
    connection: psycopg.Connection, query: QueryVector, scope: Scope, limit: int
) -> list[tuple[bytes, int, float]]:
    documents, matching, parameters = _filter(scope)
    if scope.among is not None:
        # Already looked up: their passages are read through the index, a few microseconds each.
        documents, matching = sql.SQL(""), sql.SQL(" AND s.document_id = ANY (%(among)s::bytea[])")
        parameters = {"among": list(scope.among)}
    else:
        # Reads all of the scope, so the planner may join as it likes.
        for kind in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute("SELECT set_config(%s, 'on', true)", (f"enable_{kind}",))
    return connection.execute(
        sql.SQL(_EXACT).format(vectors=query.space.table, documents=documents, matching=matching),
        {**parameters, "vector": query.literal, "snapshots": list(scope.snapshots), "limit": limit},
    ).fetchall()


def _filter(scope: Scope) -> tuple[sql.Composable, sql.Composable, Mapping[str, object]]:
    """The join with ``document o`` where the filter needs it, its condition, and the condition's parameters."""
    matching, parameters = meeting(scope.wanted)
    join = " JOIN document o ON o.id = d.document_id" if scope.wanted else ""
    return sql.SQL(join), matching, parameters
