"""The HNSW index of an embedding space: built after a first load, updated by later ones, rebuilt after a large gc.

Without it, a search scans the space exactly, fast enough up to some hundred thousand vectors. When to rebuild it is
decided in ``store.retention.maintenance``.
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import psycopg
from psycopg import sql

from doc_assets.machine import usable_memory
from doc_assets.store.database.shared_memory import with_fewer_workers
from doc_assets.store.spaces.spaces import SpaceTable

# Below this an exact scan takes under 5 ms, and an index would only cost recall and insert time.
MINIMUM_ROWS = 5_000
# pgvector's defaults, explicit because they decide recall. Vectors have unit length, so inner product is cosine.
_M = 16
_EF_CONSTRUCTION = 64
# Measured with 20,000 vectors of 384 dimensions on a busy core (AVX2): 0.7 ms a vector to build, 2.5 ms to insert one
# into an index that is there. So an embedder that gives 80 vectors a second and core keeps 80 % of its rate.
# What a build may take in any case. A graph that does not fit is written out and gone on with on disk, several times
# slower; one of 100,000 vectors of 384 dimensions takes 150 MB.
_LEAST_MEMORY, _USUAL_MEMORY = 128 << 20, 512 << 20


@dataclass(frozen=True, slots=True)
class IndexBuild:
    """A build or rebuild of a space's index that is under way; ``share`` of the vectors are in it, 0 to 1."""

    space: int
    share: float

    def __str__(self) -> str:
        """The sentence that ``migrate`` and ``status`` print."""
        done = f"{self.share:.0%} of its vectors are in it"
        return f"the vector index of embedding space {self.space} is being built: {done}"


def has_index(connection: psycopg.Connection, space: SpaceTable) -> bool:
    """Return True if the space has a valid HNSW index."""
    row = connection.execute(
        "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.oid = to_regclass(%s) AND i.indisvalid",
        (f"doc_assets.embedding_{space.id}_hnsw",),
    ).fetchone()
    return row is not None


def ensure_index(connection: psycopg.Connection, space: SpaceTable, workers: int = 1) -> bool:
    """Build the index if it is absent and the space is large enough to need one; return True if it was built.

    Loads of the space wait meanwhile, searches do not. The connection is in autocommit mode; ``workers`` are parallel
    ones beside the leader (PostgreSQL's own limits apply), none if there is no shared memory for them.
    """
    if has_index(connection, space):
        return False
    # Counted before the transaction: with a lock on the table, this build and a rebuild would wait for each other.
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT %s) few").format(space.table), (MINIMUM_ROWS,)
    ).fetchone()
    if row is None or row[0] < MINIMUM_ROWS:
        return False
    table = f"embedding_{space.id}"
    if exists(connection, table):  # invalid, since its build was interrupted: no search would ever use it
        try:
            _drop(connection, _name(table))
        except psycopg.errors.InsufficientPrivilege:
            return False  # a load's role need not own the table; a gc of the owner drops it

    def build(workers: int) -> None:
        with connection.transaction():
            _set_build_memory(connection, table, workers, local=True)
            connection.execute("SELECT make_vector_index(%s, %s, %s)", (space.id, _M, _EF_CONSTRUCTION))

    with_fewer_workers(build, workers)
    return True


def exists(connection: psycopg.Connection, table: str) -> bool:
    """Return True if the table of vectors has its index, valid or not."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"doc_assets.{_name(table)}",)).fetchone()
    return row is not None and row[0]


def invalid_indexes(connection: psycopg.Connection, table: str) -> list[str]:
    """Return the invalid indexes of a table of vectors, left by interrupted rebuilds; each load pays to update them."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = to_regclass(%s) AND NOT i.indisvalid AND starts_with(c.relname, %s) ORDER BY 1",
        (f"doc_assets.{table}", _name(table)),  # an index of another name may just be being built by its owner
    ).fetchall()
    return [row[0] for row in rows]


def drop_invalid_indexes(connection: psycopg.Connection, table: str) -> list[str]:
    """Drop the invalid indexes, while loads and searches go on, and return their names."""
    names = invalid_indexes(connection, table)
    for name in names:
        _drop(connection, name)
    return names


def drop(connection: psycopg.Connection, space: SpaceTable) -> bool:
    """Drop the index and return True; False if something holds it for half a second, or the role does not own it.

    Searches then compare every vector; the next load to end builds it again. Not CONCURRENTLY: that waits for the end
    of every transaction that reads the table, a dump for instance, and leaves an invalid index if it is interrupted.
    """
    index = sql.Identifier("doc_assets", _name(f"embedding_{space.id}"))
    try:
        with connection.transaction():
            # New searches queue behind this wait.
            connection.execute("SET LOCAL lock_timeout = '500ms'")
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(index))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable):
        return False
    return True


def rebuild(connection: psycopg.Connection, table: str) -> None:
    """Rebuild the index; searches use the old one until the new one is ready, and loads go on.

    It waits for all transactions that began before it, so one that stays open for hours delays it. The connection is in
    autocommit mode and its role owns the table. Parallel workers are as many as PostgreSQL's own settings allow.

    Raises:
        psycopg.Error: The rebuild was refused or interrupted; ``drop_invalid_indexes`` removes what it left.
    """

    def build(workers: int) -> None:
        drop_invalid_indexes(connection, table)  # also what a first attempt left
        if not exists(connection, table):
            return  # the index was invalid itself; the next load builds it
        _set_build_memory(connection, table, workers, local=False)
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(sql.Identifier("doc_assets", _name(table))))

    row = connection.execute("SELECT current_setting('max_parallel_maintenance_workers')::int").fetchone()
    try:
        with_fewer_workers(build, row[0] if row else 0)
    finally:
        if not (connection.closed or connection.broken):
            connection.execute("RESET maintenance_work_mem; RESET max_parallel_maintenance_workers")


def analyze(connection: psycopg.Connection) -> None:
    """Update the planner's statistics after a load, without waiting for autovacuum."""
    connection.execute("SELECT analyze_content()")


def space_of(table: str) -> int:
    """Return the id of the space whose vectors are in the table."""
    return int(table.removeprefix("embedding_"))


def _name(table: str) -> str:
    return f"{table}_hnsw"


def _drop(connection: psycopg.Connection, index: str) -> None:
    connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier("doc_assets", index)))


def count_vectors(connection: psycopg.Connection, space: SpaceTable) -> int:
    """Return the number of vectors of the space."""
    return connection.execute(sql.SQL("SELECT count(*) FROM {}").format(space.table)).fetchall()[0][0]


def _set_build_memory(connection: psycopg.Connection, table: str, workers: int, *, local: bool) -> None:
    """Allow the memory that the graph of the table's vectors takes, as far as the machine has it.

    With workers all of it is allocated at once, as shared memory; without, as the graph grows.
    """
    name = sql.Identifier("doc_assets", table)
    row = connection.execute(
        sql.SQL(
            "SELECT (SELECT count(*) FROM {}), (SELECT atttypmod FROM pg_attribute WHERE attrelid = {}::regclass AND"
            " attname = 'embedding'), pg_size_bytes((SELECT reset_val || unit FROM pg_settings WHERE name ="
            " 'maintenance_work_mem'))"
        ).format(name, sql.Literal(name.as_string(connection)))
    ).fetchone()
    assert row is not None  # noqa: S101 - aggregates without a table give a row
    vectors, dimensions, configured = row
    # Of a server on another machine only its own setting is known.
    own = usable_memory() // 4 if _is_here(connection) else 0
    memory = build_memory(vectors, dimensions, most=max(_USUAL_MEMORY, configured, own))
    connection.execute(
        "SELECT set_config('maintenance_work_mem', %(memory)s, %(local)s),"
        " set_config('max_parallel_maintenance_workers', %(workers)s, %(local)s)",
        {"memory": f"{memory >> 10}kB", "local": local, "workers": str(workers)},
    )


def _is_here(connection: psycopg.Connection) -> bool:
    """Return whether the server is a process beside this one; behind a Unix socket may also be a proxy or a pool."""
    if not connection.info.host.startswith("/"):
        return False
    try:
        return psutil.Process(connection.info.backend_pid).name().startswith("postgres")
    except (psutil.Error, ValueError):  # a pool makes up any number
        return False


def build_memory(vectors: int, dimensions: int, most: int) -> int:
    """Return the bytes to allow for a graph of that many ``halfvec``, at most ``most``, and 128 MB at least.

    A node holds its vector, 2 m neighbours of 16 bytes in the lowest layer, a fifteenth of that in the others, and
    160 bytes of its own (pgvector 0.8, ``hnsw.h``). A fifth more is for the allocator.
    """
    node = 2 * dimensions + 2 * _M * 16 * (1 + 1 / (_M - 1)) + 160
    return min(most, max(_LEAST_MEMORY, int(1.2 * vectors * node)))


def builds(connection: psycopg.Connection) -> list[IndexBuild]:
    """Return the builds and rebuilds that are under way; of other roles only those that this one may see."""
    rows = connection.execute(
        "SELECT c.relname, coalesce(p.blocks_done::float8 / nullif(p.blocks_total, 0), 0)"
        " FROM pg_stat_progress_create_index p JOIN pg_class c ON c.oid = p.relid"
        " WHERE p.datname = current_database() AND c.relnamespace = 'doc_assets'::regnamespace"
        " AND c.relname ~ '^embedding_[0-9]+$' ORDER BY 1"
    ).fetchall()
    return [IndexBuild(space_of(table), share) for table, share in rows]
