"""What PostgreSQL is told after a gc: dead rows are cleared from tables and indexes, so that they cost nothing.

The vector index is the hard part. VACUUM takes dead entries out of an HNSW graph by mending every node that pointed to
one, which is slower than making the graph anew long before most of it is dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.errors import StoreError
from doc_assets.store import vector_index
from doc_assets.store.retries import Retries, RetryPolicy
from doc_assets.store.unreachable import vector_tables

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
        if vector_index.leftovers(connection, table) or _is_large(connection, table, removed.get(table, 0)):
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
