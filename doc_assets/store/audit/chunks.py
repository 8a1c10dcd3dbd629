"""Questions about chunks and their vectors."""

from __future__ import annotations

import math

import psycopg
from psycopg import sql

from doc_assets.store.audit.consistent_read import CONTENT, Scope
from doc_assets.store.audit.finding import Offender
from doc_assets.store.spaces.spaces import table_of

# Half precision rounds each of 384 components by at most 2^-11 of its size, so the norm stays within 0.001 of 1.
_LEAST_NORM, _GREATEST_NORM = 0.998, 1.002

_CHUNKS = (
    CONTENT
    + """
SELECT k.id, k.id IS DISTINCT FROM chunk_digest(k.breadcrumb, k.text), k.token_count,
    btrim(k.text, E' \\t\\n') = '' OR btrim(k.breadcrumb) = ''
FROM chunks s JOIN chunk k ON k.id = s.chunk_id
WHERE k.id IS DISTINCT FROM chunk_digest(k.breadcrumb, k.text) OR k.token_count > %(max_tokens)s
    OR btrim(k.text, E' \\t\\n') = '' OR btrim(k.breadcrumb) = ''
"""
)

# A chunk that does not exist needs no vector.
_VECTORS = (
    CONTENT  # noqa: S608 - constants of this module
    + """
SELECT s.chunk_id, e.chunk_id IS NULL, e.sha256 IS DISTINCT FROM sha256(halfvec_send(e.embedding)),
    vector_dims(e.embedding), l2_norm(e.embedding)
FROM chunks s LEFT JOIN {vectors} e ON e.chunk_id = s.chunk_id
WHERE CASE WHEN e.chunk_id IS NULL THEN EXISTS (SELECT FROM chunk k WHERE k.id = s.chunk_id)
    ELSE e.sha256 IS DISTINCT FROM sha256(halfvec_send(e.embedding)) OR vector_dims(e.embedding) <> %(dimensions)s
        OR NOT l2_norm(e.embedding) BETWEEN {least} AND {greatest} END
"""
)

_SEARCH_VECTORS = (
    CONTENT
    + """
SELECT k.id FROM chunks s JOIN chunk k ON k.id = s.chunk_id
WHERE CASE WHEN k.id = chunk_digest(k.breadcrumb, k.text)
    THEN k.tsv IS DISTINCT FROM search_vector(k.breadcrumb, k.text) END
"""
)


def chunks(connection: psycopg.Connection, scope: Scope, **only: list[bytes]) -> list[Offender]:
    """Chunks whose id is not that of their content, that are too long for the model, or say nothing."""
    found = []
    for key, damaged, tokens, empty in connection.execute(_CHUNKS, {**scope.parameters, **only}):  # pyright: ignore[reportArgumentType]
        name = f"chunk {key.hex()}"
        if damaged:
            found.append(Offender("chunk_checksum", name, chunk=key))
        elif empty:
            found.append(Offender("empty_chunk", name, chunk=key))
        if scope.space is not None and tokens > scope.max_tokens:
            found.append(Offender("window", f"{name} has {tokens} tokens", chunk=key))
    return found


def vectors(connection: psycopg.Connection, scope: Scope, **only: list[bytes]) -> list[Offender]:
    """Chunks without a vector, and vectors that are not what was written, or are no unit vectors of the space."""
    if scope.space is None:
        return []
    query = sql.SQL(_VECTORS).format(
        vectors=table_of(scope.space), least=sql.Literal(_LEAST_NORM), greatest=sql.Literal(_GREATEST_NORM)
    )
    found = []
    for key, missing, damaged, dimensions, norm in connection.execute(query, {**scope.parameters, **only}):
        name = f"vector of chunk {key.hex()}"
        if missing:
            found.append(Offender("chunk_without_vector", f"chunk {key.hex()}", chunk=key))
        elif damaged:
            found.append(Offender("vector_checksum", name, chunk=key))
        elif dimensions != scope.dimensions:
            found.append(Offender("dimensions", f"{name} has {dimensions} dimensions", chunk=key))
        elif not math.isfinite(norm):
            found.append(Offender("finite", name, chunk=key))
        else:
            found.append(Offender("unit_norm", f"{name} has length {norm:.4f}", chunk=key))
    return found


def search_vectors(connection: psycopg.Connection, scope: Scope, **only: list[bytes]) -> list[Offender]:
    """Chunks whose full-text vector is not that of their text: 0.55 ms a chunk, 80 s for 144,000."""
    rows = connection.execute(_SEARCH_VECTORS, {**scope.parameters, **only})
    return [Offender("search_vector", f"search vector of chunk {key.hex()}", chunk=key) for (key,) in rows]
