"""Which snapshots are live, as one text to compare."""

from __future__ import annotations

import psycopg


def live_key(connection: psycopg.Connection) -> str:
    """Return a text that is another one whenever other snapshots are live, or those of the same ids hold other texts.

    A database that is restored or made anew under its URL, while a reader runs, gives ids of before again: the live
    snapshot with the highest id was then published at another time. The digests of all would take twice as long.
    """
    row = connection.execute(
        "SELECT coalesce(string_agg(id::text || ':' || published_snapshot_id, ',' ORDER BY id) || ("
        " SELECT coalesce(' ' || extract(epoch FROM s.published_at), '') FROM snapshot s"
        " WHERE s.id = max(published_snapshot_id)), '') FROM partition WHERE published_snapshot_id IS NOT NULL"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate
    return row[0]
