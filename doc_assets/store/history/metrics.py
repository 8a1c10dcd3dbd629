"""Figures for monitoring: what is live, what runs, new events, what waits in Dagster's queue.

Each query takes milliseconds on the full corpus and reads no table of content; slower ones are in ``costly``. A role
that only reads is enough. ``doc_assets.exporter`` and ``doc_assets.cli.status`` show the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from doc_assets.document.records import COUNTS, Counts
from doc_assets.store.partitions.partitions import busy_partitions


@dataclass(frozen=True, slots=True)
class PartitionState:
    """A partition, the counts of its live snapshot, and its abandoned staging snapshot.

    Attributes:
        partition: Partition name, ``<doc_type>/<key>``.
        snapshot: The live snapshot; None, like the next two, if nothing is live.
        published_at: When that snapshot was first published.
        counts: What that snapshot holds.
        abandoned_at: Last sign of life of a staging snapshot that no process works on; None without one.
        abandoned_snapshot: Id of that staging snapshot.
        held: A process holds the partition's lock: a load, a rollback or a gc.
    """

    partition: str
    snapshot: int | None
    published_at: datetime | None
    counts: Counts | None
    abandoned_at: datetime | None
    abandoned_snapshot: int | None
    held: bool


@dataclass(frozen=True, slots=True)
class Event:
    """The columns of a history row that figures are made of; ``counts`` as the action wrote them."""

    id: int
    at: datetime
    action: str
    result: str
    partition: str | None
    to_snapshot: int | None
    seconds: float | None
    counts: dict


@dataclass(frozen=True, slots=True)
class SpaceState:
    """An embedding space.

    Attributes:
        vectors: PostgreSQL's estimate of their number; None before statistics were first gathered.
        indexed: The space has a valid vector index.
        index_problem: Why the newest build or rebuild of the index failed; None if there is one since, or was no build.
        bytes: Size on disk, index included.
        live: Partitions whose live snapshot is in this space.
    """

    id: int
    name: str
    precision: str
    dimensions: int
    vectors: float | None
    indexed: bool
    index_problem: str | None
    bytes: int
    live: int


@dataclass(frozen=True, slots=True)
class Costly:
    """Size of the database and files in quarantine by partition, if any; too slow to read for each scrape."""

    database_bytes: int
    quarantined: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run that Dagster has not finished, with its status (``QUEUED``, ``STARTED`` …) and when it was submitted."""

    run_id: str
    job: str
    partition: str | None
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DagsterState:
    """Dagster's runs and daemons.

    Attributes:
        runs: Number of runs by unfinished status.
        oldest_queued: When the oldest queued run was submitted; None if none waits.
        failed: Job and partition (or "") of the failed ones of the newest 1,000 runs that no newer run superseded.
        heartbeats: When each daemon was last alive.
    """

    runs: Mapping[str, int]
    oldest_queued: datetime | None
    failed: Sequence[tuple[str, str]]
    heartbeats: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class LoadEnd:
    """How the last load of a partition ended."""

    partition: str
    at: datetime
    result: str
    run_id: str | None
    host: str | None
    error: str | None


# A staging snapshot is among the newest of its partition, since the next load resumes or discards it. Reading five of
# them keeps the query fast after years of nightly loads.
_PARTITIONS = sql.SQL("""
    SELECT p.name AS partition, s.id AS snapshot, s.published_at, {counts}, left_over.at AS abandoned_at,
        left_over.id AS abandoned_snapshot, p.id = ANY (%(busy)s) AS held
    FROM partition p LEFT JOIN snapshot s ON s.id = p.published_snapshot_id
    LEFT JOIN LATERAL (
        SELECT n.id, greatest(n.created_at, g.updated_at) AS at
        FROM (SELECT id, status, created_at FROM snapshot WHERE partition_id = p.id ORDER BY id DESC LIMIT 5) n
        LEFT JOIN progress g ON g.partition_id = p.id AND g.snapshot_id = n.id
        WHERE n.status = 'staging' ORDER BY n.id DESC LIMIT 1
    ) left_over ON NOT p.id = ANY (%(busy)s)
    ORDER BY p.doc_type COLLATE "C", p.key COLLATE "C"
""").format(counts=sql.SQL(", ").join(sql.Identifier("s", count) for count in COUNTS))
_EVENTS = """
    SELECT h.id, h.at, h.action, h.result, p.name AS partition, h.to_snapshot, h.seconds,
        h.counts - '{samples,machine}'::text[] AS counts
    FROM migration_history h LEFT JOIN partition p ON p.id = h.partition_id WHERE h.id > %s ORDER BY h.id
"""
_SPACES = """
    SELECT e.id, e.name, coalesce(e.description ->> 'precision', '?') AS precision, e.dimensions,
        nullif(c.reltuples, -1)::float8 AS vectors,
        index.valid AS indexed, CASE WHEN build.result = 'failed' AND (build.again OR NOT index.valid)
            THEN coalesce(build.error, '') END AS index_problem,
        coalesce(pg_total_relation_size(c.oid), 0) AS bytes,
        (SELECT count(*) FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id
            WHERE s.space_id = e.id) AS live
    FROM embedding_space e LEFT JOIN pg_class c ON c.oid = to_regclass('doc_assets.embedding_' || e.id)
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
            WHERE i.indrelid = c.oid AND a.amname = 'hnsw' AND i.indisvalid) AS valid
    ) index
    LEFT JOIN LATERAL (
        SELECT h.result, h.error, h.counts ? 'rebuild' AS again FROM migration_history h
        WHERE h.action = 'index' AND h.counts ->> 'space' = e.id::text ORDER BY h.id DESC LIMIT 1
    ) build ON true
    ORDER BY e.id
"""
# As ``store.versions.quarantine`` defines it. Sealed snapshots count their rejected files: those without are not read.
_QUARANTINED = """
    SELECT p.name, count(DISTINCT f.path)
    FROM partition p JOIN snapshot s ON s.partition_id = p.id JOIN snapshot_file f ON f.snapshot_id = s.id
    WHERE (s.id = p.published_snapshot_id OR s.id = (
            SELECT max(n.id) FROM snapshot n WHERE n.partition_id = p.id
                AND n.status IN ('staging', 'audited', 'rejected') AND n.id > coalesce(p.published_snapshot_id, 0)))
        AND (s.rejected IS NULL OR s.rejected > 0) AND f.outcome = 'rejected'
    GROUP BY 1
"""
# Read from PostgreSQL's catalogue, where a table that the role may not read causes no error.
_MAY_READ_DAGSTER = """
    SELECT count(*) = 2 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'dagster' AND c.relname IN ('runs', 'daemon_heartbeats')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
"""
_UNFINISHED = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]
# The newest run of a partition counts, of whichever job, since a schedule's run supersedes one started by hand. Only
# loads and validations do not supersede each other.
_FAILED_RUNS = """
    SELECT job, partition FROM (
        SELECT DISTINCT ON (r.partition IS NULL, coalesce(r.partition, r.pipeline_name), r.pipeline_name ~ '^validate_')
            r.pipeline_name AS job, coalesce(r.partition, '') AS partition, r.status
        FROM (SELECT id, pipeline_name, partition, status FROM dagster.runs ORDER BY id DESC LIMIT 1000) r
        ORDER BY r.partition IS NULL, coalesce(r.partition, r.pipeline_name), r.pipeline_name ~ '^validate_', r.id DESC
    ) newest WHERE status = 'FAILURE' ORDER BY 1, 2
"""
# A later survey that found the source unchanged supersedes a failure, also one recorded in a row of several partitions,
# and so does a retirement.
_FAILED_LOADS = """
    SELECT p.name AS partition, h.at, h.result, h.run_id, h.host, h.error
    FROM partition p CROSS JOIN LATERAL (
        SELECT id, at, result, run_id, host, error FROM migration_history
        WHERE partition_id = p.id AND action IN ('load', 'retire') ORDER BY id DESC LIMIT 1
    ) h
    WHERE h.result IN ('failed', 'rejected', 'interrupted') AND NOT EXISTS (
        SELECT FROM migration_history u WHERE u.id > h.id AND u.partition_id IS NULL AND u.result = 'unchanged'
            AND u.counts -> 'unchanged' ? (p.name))
    ORDER BY h.at DESC
"""


def bound(connection: psycopg.Connection, milliseconds: int) -> None:
    """Limit the statements of the transaction, and their waits for locks, to a time."""
    connection.execute(
        "SELECT set_config(name, %s, true) FROM unnest(ARRAY['statement_timeout', 'lock_timeout']) AS s (name)",
        (str(milliseconds),),
    )


def now(connection: psycopg.Connection) -> datetime:
    """Return the time by the database's clock, which dates all rows."""
    return connection.execute("SELECT clock_timestamp()").fetchall()[0][0]


def partitions(connection: psycopg.Connection, busy_before: Set[int] = frozenset()) -> list[PartitionState]:
    """Return the state of every partition, by name.

    Locks are read as they are now, rows as of the transaction's state. ``busy_before`` are the partitions that were
    busy before that state: the row of a load that ends meanwhile is still there, its lock is not.
    """
    busy = busy_before | busy_partitions(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_PARTITIONS, {"busy": sorted(busy)}).fetchall()
    states = []
    for row in rows:
        counts = {count: row.pop(count) for count in COUNTS}
        states.append(PartitionState(counts=None if row["snapshot"] is None else Counts(**counts), **row))
    return states


def events(connection: psycopg.Connection, after: int) -> Iterator[Event]:
    """Yield the events after the row with that id, oldest first, fetched 2,000 at a time; needs a transaction.

    Rows become visible in the order in which transactions commit, which need not be that of their ids.
    """
    with connection.cursor("events", row_factory=class_row(Event)) as cursor:
        cursor.itersize = 2000
        cursor.execute(_EVENTS, (after,))
        yield from cursor


def spaces(connection: psycopg.Connection) -> list[SpaceState]:
    """Return the state of every embedding space, oldest first."""
    with connection.cursor(row_factory=class_row(SpaceState)) as cursor:
        return cursor.execute(_SPACES).fetchall()


def costly(connection: psycopg.Connection, milliseconds: int) -> Costly | None:
    """Return size and quarantine (5 ms for the full corpus), or None if a statement exceeds the limit."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))
            size = connection.execute("SELECT pg_database_size(current_database())").fetchall()[0][0]
            return Costly(size, dict(connection.execute(_QUARANTINED).fetchall()))
    except psycopg.errors.QueryCanceled:
        return None


def dagster(connection: psycopg.Connection) -> DagsterState | None:
    """Return Dagster's runs and daemons; None if Dagster has no tables here or the role may not read them."""
    if not _may_read_dagster(connection):
        return None
    rows = connection.execute(
        "SELECT status, count(*), min(create_timestamp AT TIME ZONE 'UTC') FROM dagster.runs"
        " WHERE status = ANY (%s) GROUP BY 1",
        (_UNFINISHED,),
    ).fetchall()
    beats = connection.execute(
        "SELECT daemon_type, max(timestamp AT TIME ZONE 'UTC') FROM dagster.daemon_heartbeats GROUP BY 1"
    ).fetchall()
    runs: dict[str, int] = dict.fromkeys(_UNFINISHED, 0) | {status: count for status, count, _ in rows}
    oldest = {status: since for status, _, since in rows}.get("QUEUED")
    return DagsterState(runs, oldest, connection.execute(_FAILED_RUNS).fetchall(), dict(beats))


def unfinished_runs(connection: psycopg.Connection, limit: int = 1000) -> list[QueuedRun]:
    """Return the runs that Dagster has not finished, oldest first; none if the role may not read them."""
    if not _may_read_dagster(connection):
        return []
    with connection.cursor(row_factory=class_row(QueuedRun)) as cursor:
        return cursor.execute(
            "SELECT run_id, pipeline_name AS job, partition, status, create_timestamp AT TIME ZONE 'UTC' AS created_at"
            " FROM dagster.runs WHERE status = ANY (%s) ORDER BY id LIMIT %s",
            (_UNFINISHED, limit),
        ).fetchall()


def failed_loads(connection: psycopg.Connection) -> list[LoadEnd]:
    """Return the last loads that failed, were rejected or interrupted, one per partition, newest first."""
    with connection.cursor(row_factory=class_row(LoadEnd)) as cursor:
        return cursor.execute(_FAILED_LOADS).fetchall()


def ends_of_runs(connection: psycopg.Connection, run_ids: Sequence[str]) -> dict[str, LoadEnd]:
    """Return the last event of each of these runs; runs without an event are absent."""
    with connection.cursor(row_factory=class_row(LoadEnd)) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (h.run_id) coalesce(p.name, '') AS partition, h.at,"
            " h.action || ' ' || h.result AS result, h.run_id, h.host, h.error FROM migration_history h"
            " LEFT JOIN partition p ON p.id = h.partition_id WHERE h.run_id = ANY (%s) ORDER BY h.run_id, h.id DESC",
            (list(run_ids),),
        ).fetchall()
    return {row.run_id: row for row in rows if row.run_id is not None}


def _may_read_dagster(connection: psycopg.Connection) -> bool:
    return connection.execute(_MAY_READ_DAGSTER).fetchall()[0][0]
