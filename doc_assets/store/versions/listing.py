"""What readers may ask about snapshots: lists of them, and their manifests.

One of them in detail is in ``details``, two of them compared in ``comparison``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg.rows import class_row, dict_row

from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import partition_id_of
from doc_assets.store.versions.references import as_of, require_kept, resolve


class SnapshotStatus(StrEnum):
    """Where a snapshot is in its life; the words are explained in docs/store.md."""

    staging = "staging"
    audited = "audited"
    published = "published"
    rejected = "rejected"
    discarded = "discarded"
    collected = "collected"


class Outcome(StrEnum):
    """What a load made of a file."""

    loaded = "loaded"
    duplicate = "duplicate"
    skipped = "skipped"
    rejected = "rejected"


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which readers saw a snapshot; ``until`` is None while they do."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot as listed.

    Attributes:
        partition: ``<doc_type>/<key>``.
        id: Of the snapshot.
        status: A ``SnapshotStatus``.
        published: It is live.
        periods: When it was live, first time first.
        digest: In hex; it and the counts are None until the snapshot is sealed.
        documents: It holds.
        chunks: It holds.
        revision: Of the source.
        created_at: When its load began.
        sealed_at: When it was complete.
        published_at: When it was live for the first time.
        run_id: Of the run that loaded it.
    """

    partition: str
    id: int
    status: str
    published: bool
    periods: tuple[Period, ...]
    digest: str | None
    documents: int | None
    chunks: int | None
    revision: str
    created_at: datetime
    sealed_at: datetime | None
    published_at: datetime | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One discovered file of a snapshot; ``document`` is the hex id of the first document it gave."""

    path: str
    outcome: str
    reason: str | None
    document: str | None
    chunks: int


# A partition that is published again as it is stays live: such moves do not end a period.
_SNAPSHOTS = """
WITH period AS (
    SELECT to_snapshot, at AS since, lead(at) OVER (PARTITION BY partition_id ORDER BY id) AS until
    FROM publication WHERE from_snapshot IS DISTINCT FROM to_snapshot
), live AS (
    SELECT to_snapshot AS id, array_agg(since ORDER BY since) AS since, array_agg(until ORDER BY since) AS until
    FROM period WHERE to_snapshot IS NOT NULL GROUP BY to_snapshot
)
SELECT p.name AS partition, s.id, s.status,
    coalesce(p.published_snapshot_id = s.id, false) AS published, coalesce(l.since, '{}') AS since,
    coalesce(l.until, '{}') AS until, encode(s.digest, 'hex') AS digest, s.documents, s.chunks, s.revision,
    s.created_at, s.sealed_at, s.published_at, s.run_id
FROM snapshot s JOIN partition p ON p.id = s.partition_id LEFT JOIN live l ON l.id = s.id
WHERE (%(partition)s::text IS NULL OR p.name = %(partition)s)
    AND (%(id)s::bigint IS NULL OR s.id = %(id)s)
    AND (%(types)s::text[] IS NULL OR p.doc_type = ANY (%(types)s))
    AND (%(statuses)s::text[] IS NULL OR s.status = ANY (%(statuses)s))
ORDER BY s.id DESC LIMIT %(limit)s
"""


def snapshots(
    store: Store,
    partition: str | None = None,
    *,
    types: Sequence[str] = (),
    statuses: Sequence[str] = (),
    limit: int | None = None,
) -> list[SnapshotRow]:
    """Snapshots, newest first.

    Args:
        store: Where.
        partition: ``<doc_type>/<key>``; of all partitions without it.
        types: Documentation types, all if empty.
        statuses: Of ``SnapshotStatus``, all if empty.
        limit: How many at most.

    Raises:
        NotFound: The partition was never loaded.
    """
    with store.connect() as connection:
        if partition is not None:
            partition_id_of(connection, partition)
        return _rows(connection, partition, None, types, statuses, limit)


def snapshot_row(connection: psycopg.Connection, snapshot_id: int) -> SnapshotRow:
    """One of them.

    Raises:
        NotFound: It does not exist.
    """
    rows = _rows(connection, None, snapshot_id, (), (), 1)
    if not rows:
        raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    return rows[0]


def _rows(
    connection: psycopg.Connection,
    partition: str | None,
    snapshot_id: int | None,
    types: Sequence[str],
    statuses: Sequence[str],
    limit: int | None,
) -> list[SnapshotRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _SNAPSHOTS,
            {
                "partition": partition,
                "id": snapshot_id,
                "types": list(types) or None,
                "statuses": list(statuses) or None,
                "limit": limit,
            },
        ).fetchall()
    return [
        SnapshotRow(periods=tuple(map(Period, row.pop("since"), row.pop("until"))), **row)  # pyright: ignore[reportCallIssue]
        for row in rows
    ]


def manifest(
    store: Store, partition: str, at: str | int | datetime | None = None, outcome: str | None = None
) -> list[ManifestRow]:
    """Every file of a snapshot with its outcome, by path.

    Args:
        store: Where.
        partition: ``<doc_type>/<key>``.
        at: The snapshot that was live at this moment, or the snapshot of this id; the live one without it.
        outcome: An ``Outcome``; files with others are left out.

    Raises:
        NotFound: Nothing of that partition is or was live then, or the snapshot's manifest is gone.
    """
    with store.connect() as connection:
        snapshot_id = resolve(connection, partition, "live" if at is None else as_of(at))
        require_kept(connection, snapshot_id, partition)
        with connection.cursor(row_factory=class_row(ManifestRow)) as cursor:
            return cursor.execute(
                "SELECT f.path, f.outcome, f.reason,"
                " encode((array_agg(d.document_id ORDER BY d.part))[1], 'hex') AS document,"
                " coalesce(sum(o.chunk_count), 0)::int AS chunks FROM snapshot_file f"
                " LEFT JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id"
                " AND d.path = coalesce(f.duplicate_of, f.path) LEFT JOIN document o ON o.id = d.document_id"
                " WHERE f.snapshot_id = %(id)s AND (%(outcome)s::text IS NULL OR f.outcome = %(outcome)s)"
                " GROUP BY f.path, f.outcome, f.reason ORDER BY f.path",
                {"id": snapshot_id, "outcome": outcome},
            ).fetchall()


def live_partitions(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """Every published partition as ``<doc_type>/<key>`` with its live snapshot."""
    return connection.execute(
        "SELECT name, published_snapshot_id FROM partition WHERE published_snapshot_id IS NOT NULL ORDER BY 1"
    ).fetchall()
