"""Partitions: their rows, their locks, and which snapshot of each is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg

from doc_assets.errors import NotFound, PartitionLocked, nearest
from doc_assets.store.database.locks import PARTITION_CLASS

GC_APPLICATION = "doc-assets gc"
_LATELY = timedelta(minutes=5)  # a batch takes a minute on two slow cores, and replication lags


def ensure_partition(connection: psycopg.Connection, doc_type: str, key: str, source: str) -> int:
    """Return the partition id; create the row if it is absent."""
    connection.execute(
        "INSERT INTO partition (doc_type, key, source) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (doc_type, key, source),
    )
    return partition_id_of(connection, f"{doc_type}/{key}")


def partition_id_of(connection: psycopg.Connection, name: str) -> int:
    """Return the id of the partition of that name, ``<doc_type>/<key>``.

    Raises:
        NotFound: No partition of that name was ever loaded.
    """
    row = connection.execute("SELECT id FROM partition WHERE name = %s", (name,)).fetchone()
    if row is None:
        known = [row[0] for row in connection.execute("SELECT name FROM partition").fetchall()]
        bare = [one for one in known if one.partition("/")[2] == name]
        near = f" (did you mean {bare[0]!r}?)" if bare else nearest(name, known)
        raise NotFound(f"partition {name} was never loaded here{near}: doc-assets snapshots lists what was")
    return row[0]


def require_types(connection: psycopg.Connection, types: Iterable[str]) -> None:
    """Raise NotFound for a type of which nothing was ever loaded; names those of which something was."""
    known = [row[0] for row in connection.execute("SELECT DISTINCT doc_type FROM partition ORDER BY 1").fetchall()]
    there_are = f"there are {', '.join(known)}" if known else "doc-assets migrate loads documents"
    for one in types:
        if one not in known:
            raise NotFound(f"nothing of type {one!r} was ever loaded here{nearest(one, known)}: {there_are}")


@contextmanager
def partition_lock(connection: psycopg.Connection, partition_id: int, name: str) -> Iterator[None]:
    """Hold the partition's advisory lock on this session; PostgreSQL releases it if the process dies.

    A gc holds the lock only while it drops old manifests, and is waited for.

    Raises:
        PartitionLocked: Another session holds it; the message names that session.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (PARTITION_CLASS, partition_id)).fetchone()
    if not (row and row[0]) and not _wait_for_gc(connection, partition_id):
        raise PartitionLocked(f"partition {name} is being worked on by {_holder(connection, partition_id)}")
    try:
        yield
    finally:
        # A session that was cut has released the lock already, and the error of the block is on its way up.
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", (PARTITION_CLASS, partition_id))


def _wait_for_gc(connection: psycopg.Connection, partition_id: int) -> bool:
    """Return True if the lock was taken after a gc released it, or after its holder was gone already."""
    key = (PARTITION_CLASS, partition_id)
    holders = connection.execute(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
        " AND l.classid = %s AND l.objid = %s AND l.granted",
        key,
    ).fetchall()
    if any(application != GC_APPLICATION for (application,) in holders):
        return False
    connection.execute("SET lock_timeout = '30s'")  # a manifest of a million files takes ten
    try:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", key)
    except psycopg.errors.LockNotAvailable:
        return False
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SET lock_timeout = 0")  # RESET would bring back what the role has
    return True


def _holder(connection: psycopg.Connection, partition_id: int) -> str:
    row = connection.execute(
        "SELECT a.application_name, coalesce(g.started_at, a.backend_start), g.host, g.pid, g.run_id FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) LEFT JOIN progress g ON g.partition_id = %(id)s"
        " WHERE l.locktype = 'advisory' AND l.classid = %(class)s AND l.objid = %(id)s AND l.granted",
        {"id": partition_id, "class": PARTITION_CLASS},
    ).fetchone()
    if row is None:
        return "a session that has just ended: try again"
    application, since, host, pid, run_id = row
    who = f"process {pid} on {host}" if pid else application
    started = f"{since.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{who} (run {run_id or 'none'}, since {started}): wait for it, or end that process"


def live_snapshot(connection: psycopg.Connection, partition: str) -> int | None:
    """Return the live snapshot of the partition of that name, None if nothing is live."""
    row = connection.execute("SELECT published_snapshot_id FROM partition WHERE name = %s", (partition,)).fetchone()
    return row[0] if row else None


def live_partitions(connection: psycopg.Connection) -> list[str]:
    """Return the names of the partitions that have a live snapshot."""
    rows = connection.execute(
        "SELECT name FROM partition WHERE published_snapshot_id IS NOT NULL ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def locked_partitions(connection: psycopg.Connection) -> set[int]:
    """Return the ids of the partitions whose lock a session holds now."""
    rows = connection.execute(
        "SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (PARTITION_CLASS,),
    ).fetchall()
    return {row[0] for row in rows}


def busy_partitions(connection: psycopg.Connection) -> set[int]:
    """Return the ids of the partitions that a process works on now.

    A hot standby does not know the primary's locks: there they are those of loads that made progress lately.
    """
    rows = connection.execute(
        "SELECT partition_id FROM progress WHERE pg_is_in_recovery() AND updated_at > clock_timestamp() - %s",
        (_LATELY,),
    ).fetchall()
    return locked_partitions(connection) | {row[0] for row in rows}
