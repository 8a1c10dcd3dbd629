"""The HNSW index of an embedding space: built after a first load, kept up in increments, made anew after a large gc.

Until it is there, a search scans the space exactly: right, and up to some hundred thousand vectors fast enough. When it
is worth making anew is decided in ``upkeep``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from doc_assets.store.spaces.spaces import SpaceTable

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
    # Before the transaction: with a lock on the table, this one and a rebuild would wait for each other.
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT %s) few").format(space.table), (MINIMUM_ROWS,)
    ).fetchone()
    if row is None or row[0] < MINIMUM_ROWS:
        return False
    table = f"embedding_{space.id}"
    if exists(connection, table):  # invalid: whoever built it was ended, and searches would never use it
        try:
            _drop(connection, _name(table))
        except psycopg.errors.InsufficientPrivilege:
            return False  # a load's role need not own the table; a gc of the owner drops it
    with connection.transaction():
        _give_memory(connection, local=True)
        connection.execute("SELECT set_config('max_parallel_maintenance_workers', %s, true)", (str(workers),))
        connection.execute("SELECT make_vector_index(%s, %s, %s)", (space.id, _M, _EF_CONSTRUCTION))
    return True


def exists(connection: psycopg.Connection, table: str) -> bool:
    """True if the table of vectors has its index, valid or not."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"doc_assets.{_name(table)}",)).fetchone()
    return row is not None and row[0]


def leftovers(connection: psycopg.Connection, table: str) -> list[str]:
    """Invalid indexes of a table of vectors: what a rebuild left that was ended, kept up by every load for nothing."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = to_regclass(%s) AND NOT i.indisvalid AND starts_with(c.relname, %s) ORDER BY 1",
        (f"doc_assets.{table}", _name(table)),  # somebody's own index may just be on its way
    ).fetchall()
    return [row[0] for row in rows]


def drop_leftovers(connection: psycopg.Connection, table: str) -> list[str]:
    """Drops them, while loads and searches go on; returns their names."""
    names = leftovers(connection, table)
    for name in names:
        _drop(connection, name)
    return names


def rebuild(connection: psycopg.Connection, table: str) -> None:
    """Makes the index anew from the rows that are there; searches use the old one until the new one is ready.

    Loads go on. Waits for transactions that began before it, so a reader who keeps one open for hours holds it up.

    Args:
        connection: In autocommit mode; its role owns the table.
        table: ``embedding_<space>``, with an index.

    Raises:
        psycopg.Error: It was refused or ended; what is left of it, ``drop_leftovers`` finds.
    """
    drop_leftovers(connection, table)
    if not exists(connection, table):
        return  # it was itself invalid; the next load builds it
    _give_memory(connection, local=False)
    try:
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(sql.Identifier("doc_assets", _name(table))))
    finally:
        if not (connection.closed or connection.broken):
            connection.execute("RESET maintenance_work_mem")


def analyze(connection: psycopg.Connection) -> None:
    """Fresh statistics for the planner after a load, without waiting for autovacuum."""
    connection.execute("SELECT analyze_content()")


def _name(table: str) -> str:
    return f"{table}_hnsw"


def _drop(connection: psycopg.Connection, index: str) -> None:
    connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier("doc_assets", index)))


def _give_memory(connection: psycopg.Connection, *, local: bool) -> None:
    """What a graph of some hundred thousand vectors needs to be built without spilling."""
    connection.execute("SELECT set_config('maintenance_work_mem', '512MB', %s)", (local,))
