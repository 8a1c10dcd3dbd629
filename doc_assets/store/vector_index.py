"""The HNSW index of an embedding space: built after a first load, kept up in increments after that.

Until it is there, a search scans the space exactly: right, and up to some hundred thousand vectors fast enough.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from doc_assets.store.spaces import SpaceTable

# Below this an exact scan takes under 5 ms, and an index would only cost recall and insert time.
MINIMUM_ROWS = 5_000
# pgvector's defaults, written down because they decide recall; vectors have unit length, so inner product is cosine.
_M = 16
_EF_CONSTRUCTION = 64


def has_index(connection: psycopg.Connection, space: SpaceTable) -> bool:
    """True if the space has a valid HNSW index."""
    row = connection.execute(
        "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.oid = to_regclass(%s) AND i.indisvalid",
        (f"doc_assets.embedding_{space.id}_hnsw",),
    ).fetchone()
    return row is not None


def ensure_index(connection: psycopg.Connection, space: SpaceTable, workers: int = 1) -> bool:
    """Builds the index if it is absent and the space is large enough to need one.

    Args:
        connection: In autocommit mode; loads of the space wait while the index is built, searches do not.
        space: Whose vectors.
        workers: Parallel workers beside the leader (PostgreSQL's own limits apply).

    Returns:
        True if an index was built.
    """
    if has_index(connection, space):
        return False
    with connection.transaction():
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT %s) few").format(space.table), (MINIMUM_ROWS,)
        ).fetchone()
        if row is None or row[0] < MINIMUM_ROWS:
            return False
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(space.table))
        if has_index(connection, space):
            return False
        connection.execute("SELECT set_config('maintenance_work_mem', '512MB', true)")
        connection.execute("SELECT set_config('max_parallel_maintenance_workers', %s, true)", (str(workers),))
        create = sql.SQL(
            "CREATE INDEX {} ON {} USING hnsw (embedding halfvec_ip_ops) WITH (m = {}, ef_construction = {})"
        )
        name = sql.Identifier(f"embedding_{space.id}_hnsw")
        connection.execute(create.format(name, space.table, sql.Literal(_M), sql.Literal(_EF_CONSTRUCTION)))
    connection.execute(sql.SQL("ANALYZE {}").format(space.table))
    return True


def analyze(connection: psycopg.Connection) -> None:
    """Fresh statistics for the planner after a load, without waiting for autovacuum."""
    connection.execute("ANALYZE chunk, document_chunk, snapshot_document, snapshot_file")
