"""What PostgreSQL is told when the work is done, so that searches are fast: fresh statistics, indexes, no dead rows.

After the last of the loads that run side by side, in whatever processes, the vector index is built if there is none
(``index_when_last``). After a gc dead rows are cleared from tables and indexes (``keep_up``). There the vector index is
the hard part. VACUUM takes dead entries out of an HNSW graph by mending every node that pointed to
one, which is slower than making the graph anew long before most of it is dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.errors import StoreError
from doc_assets.runtime import shutdown
from doc_assets.store.database import locks
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.retention.unreachable import vector_tables
from doc_assets.store.spaces import spaces, vector_index

# Of the vectors. Mending an index of 144,000 (384 dimensions, two busy cores) took 0.5 s after 0.05 % were removed,
# 44 s after 1 % and 112 s after 5 %; making it anew took 127 s after 5 %, 55 s after 40 %.
REBUILD_SHARE = 0.05
# Fewer dead rows cost a search nothing that can be measured; autovacuum will come for them.
VACUUM_SHARE = 0.001
_PLAIN = ("snapshot_document", "snapshot_file", "near_duplicate", "document_signature", "document_chunk", "document")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One step: ``rebuild`` of a vector index or ``vacuum`` of a table, its seconds, and why it was not done."""

    table: str
    action: str
    seconds: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Indexed:
    """What became of the vector index.

    Attributes:
        built: It was built now; False where it was there, is not needed yet, or is left to who ends last.
        last: Nothing else was loading.
        seconds: Of it all.
    """

    built: bool
    last: bool
    seconds: float


@contextmanager
def loading(store: Store) -> Iterator[None]:
    """Within it other processes leave the index to whoever ends last; each load of a partition does so by itself.

    For those who load several partitions, and would otherwise end for a moment between two of them.
    """
    with closing(store.connect("doc-assets loading")) as connection, locks.shared_loading_lock(connection):
        yield


def index_when_last(store: Store, fingerprint: str, *, workers: int = 1, loaded: bool = True) -> Indexed:
    """Fresh statistics after a load, and the vector index if the space lacks one and nobody else is loading.

    Made while others load, the index would slow them down and be built from part of the vectors. Of processes that end
    together, one builds it. Searches go on meanwhile, loads of the space wait.

    Call it when the load is over and its session closed, in the main thread if a stop is to be heeded.

    Args:
        store: Where.
        fingerprint: Of the embedding space that was loaded into.
        workers: Parallel workers of the build beside the leader.
        loaded: Something was published, so that statistics are old.

    Raises:
        psycopg.Error: The database failed; it may be tried again.
        Stopped: A stop was asked for; an index that was being built is not there.
    """
    started = time.perf_counter()
    built = False
    with (
        shutdown.heeded(),
        store.connect("doc-assets index") as connection,
        locks.try_exclusive_loading_lock(connection) as last,
    ):
        if loaded:
            vector_index.analyze(connection)
        space = spaces.find_space(connection, fingerprint)
        if last and space is not None:
            built = vector_index.ensure_index(connection, space, workers=workers)
    return Indexed(built, last, time.perf_counter() - started)


def keep_up(connection: psycopg.Connection, removed: Mapping[str, int]) -> list[Upkeep]:
    """Clears what was removed from tables and indexes, while loads and searches go on.

    Args:
        connection: In autocommit mode, since neither step may stand in a transaction.
        removed: Rows by table. Dead ones that an earlier gc left count as well.

    Returns:
        What was done, and what could not be; the rows are gone in any case.
    """
    # Else the removal would be counted after the vacuum, and the next gc would take its rows for dead ones.
    connection.execute("SELECT pg_stat_force_next_flush()")
    retries = Retries(RetryPolicy(attempts=3, longest_wait=5.0))
    steps: list[Upkeep] = []
    unmended: set[str] = set()
    tables = vector_tables(connection)
    for table in tables:
        # An index that a rebuild left invalid says that there was a need; the statistics that said so may be gone.
        if vector_index.invalid_indexes(connection, table) or _is_large(connection, table, removed.get(table, 0)):
            step = _timed(
                connection,
                table,
                "rebuild",
                lambda table=table: retries.run(lambda: vector_index.rebuild(connection, table)),
            )
            steps.append(step)
            if step.problem:
                unmended.add(table)  # VACUUM would now take as long as the rebuild was to spare
    for table in (*_PLAIN, "chunk", *tables):
        if table not in unmended and _dead_share(connection, table, removed.get(table, 0)) >= VACUUM_SHARE:
            vacuum = sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier("doc_assets", table))
            steps.append(_timed(connection, table, "vacuum", lambda vacuum=vacuum: connection.execute(vacuum)))
    return steps


def _is_large(connection: psycopg.Connection, table: str, removed: int) -> bool:
    return _dead_share(connection, table, removed) >= REBUILD_SHARE and vector_index.exists(connection, table)


def _dead_share(connection: psycopg.Connection, table: str, removed: int) -> float:
    """Of a table's rows, those that were removed just now, or are dead as far as PostgreSQL's statistics know."""
    name = sql.Identifier("doc_assets", table)
    row = connection.execute(
        sql.SQL("SELECT (SELECT count(*) FROM {}), coalesce(pg_stat_get_dead_tuples({}::regclass), 0)").format(
            name, sql.Literal(name.as_string(connection))
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    dead = max(removed, row[1])
    return dead / max(1, row[0] + dead)


def _timed(connection: psycopg.Connection, table: str, action: str, step: Callable[[], object]) -> Upkeep:
    """Runs a step; what PostgreSQL refuses or skips becomes a sentence, for the content is removed already."""
    started = time.perf_counter()
    warnings: list[str] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary or "")

    connection.add_notice_handler(listen)
    try:
        step()
    except psycopg.Error as error:
        if connection.closed or connection.broken:
            raise
        warnings.append(str(error).splitlines()[0])
    except StoreError as error:
        warnings.append(str(error.__cause__ or error).splitlines()[0])
    finally:
        connection.remove_notice_handler(listen)
    problem = f"{action} of {table} was not done ({'; '.join(warnings)}): {_NEXT[action]}" if warnings else None
    return Upkeep(table, action, time.perf_counter() - started, problem)


_NEXT = {
    "rebuild": "run doc-assets gc again, as the role that owns the tables",
    "vacuum": "autovacuum will do it, or run doc-assets gc again as the role that owns the tables",
}
