"""How a step reads tables: what keeps its cost from growing with the store, whatever size that has in a test."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

_READ = (
    "SELECT relname, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE schemaname = 'doc_assets'"
)


def reads(
    connection: psycopg.Connection, step: Callable[[], object], *, as_planned: bool = False
) -> dict[str, tuple[int, int]]:
    """Scans of whole tables and rows read, by table, where an index is used if one fits; tables not read are absent.

    The planner of a large store would look rows up in an index; that of a test's few rows needs to be told, unless the
    step sets that itself (``as_planned``).
    """
    with connection.transaction():
        if not as_planned:
            connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off")
            connection.execute("SET LOCAL enable_mergejoin = off")
        before = {table: (scans, rows) for table, scans, rows in connection.execute(_READ).fetchall()}
        step()
        after = {table: (scans, rows) for table, scans, rows in connection.execute(_READ).fetchall()}
    unread = {table: after[table] for table in after if after[table] == before.get(table, (0, 0))}
    return {
        table: (scans - before.get(table, (0, 0))[0], rows - before.get(table, (0, 0))[1])
        for table, (scans, rows) in after.items()
        if table not in unread
    }
