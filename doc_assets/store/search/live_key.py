"""Which snapshots are live, as one text to compare."""

from __future__ import annotations

import psycopg


def live_key(connection: psycopg.Connection) -> str:
    """Return a text that is another one whenever other snapshots are live."""
    row = connection.execute(
        "SELECT coalesce(string_agg(id::text || ':' || published_snapshot_id, ',' ORDER BY id), '') FROM partition"
        " WHERE published_snapshot_id IS NOT NULL"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate
    return row[0]
