"""Lists of snapshots, and their manifests; one snapshot in full is in ``details``, two compared in ``comparison``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg.rows import class_row, dict_row

from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import partition_id_of, require_types
from doc_assets.store.versions.references import parse_id_or_moment, require_manifest, resolve


class SnapshotStatus(StrEnum):
    """The state of a snapshot, as docs/store.md explains it."""

    staging = "staging"
    audited = "audited"
    published = "published"
    rejected = "rejected"
    discarded = "discarded"
    collected = "collected"


class Outcome(StrEnum):
    """The outcome of a file in a load."""

    loaded = "loaded"
    duplicate = "duplicate"
    skipped = "skipped"
    rejected = "rejected"


@dataclass(frozen=True, slots=True)
class Period:
    """A period in which a snapshot was live; ``until`` is None while it is."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot as listed.

    Attributes:
        status: A ``SnapshotStatus``.
        published: Whether it is live.
        periods: When it was live, oldest first.
        digest: In hex; None, as the counts, until the snapshot is sealed.
        revision: The source's revision.
        created_at: When its load began.
        published_at: When it became live for the first time.
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
    """One discovered file of a snapshot; ``document`` is the hex id of the first document it gave.

    ``includes_missing`` counts the includes that its documents lack; ``first_include_missing`` is the first of them.
    """

    path: str
    outcome: str
    reason: str | None
    document: str | None
    chunks: int
    includes_missing: int = 0
    first_include_missing: str | None = None


# Publishing the live snapshot again does not end a period.
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
    """Return at most ``limit`` snapshots of a partition, of some types and in some states (all if empty), newest first.

    Raises:
        NotFound: The partition, or any of a type, was never loaded.
    """
    with store.reading("doc-assets snapshots") as connection:
        if partition is not None:
            partition_id_of(connection, partition)
        require_types(connection, types)
        return _rows(connection, partition, None, types, statuses, limit)


def snapshot_row(connection: psycopg.Connection, snapshot_id: int) -> SnapshotRow:
    """Return one snapshot; raises NotFound if it does not exist."""
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
    return [SnapshotRow(periods=tuple(map(Period, row.pop("since"), row.pop("until"))), **row) for row in rows]


def manifest(
    store: Store, partition: str, at: str | int | datetime | None = None, outcome: str | None = None
) -> list[ManifestRow]:
    """Return every file of a snapshot, or those with one ``Outcome``, by path.

    The snapshot is the live one, the one that was live at a moment, or the one of an id.

    Raises:
        NotFound: Nothing of that partition is or was live then, or the snapshot's manifest is gone.
    """
    with store.reading("doc-assets manifest", one_state=True) as connection:
        snapshot_id = resolve(connection, partition, "live" if at is None else parse_id_or_moment(at))
        require_manifest(connection, snapshot_id, partition)
        with connection.cursor(row_factory=class_row(ManifestRow)) as cursor:
            return cursor.execute(
                "SELECT f.path, f.outcome, f.reason,"
                " encode((array_agg(d.document_id ORDER BY d.part))[1], 'hex') AS document,"
                " coalesce(sum(o.chunk_count), 0)::int AS chunks,"
                " coalesce(sum((o.metadata ->> 'includes_missing')::numeric) FILTER (WHERE"
                " jsonb_typeof(o.metadata -> 'includes_missing') = 'number'), 0)::int AS includes_missing,"
                " (array_agg(o.metadata ->> 'first_include_missing' ORDER BY d.part) FILTER (WHERE"
                " o.metadata ? 'first_include_missing'))[1] AS first_include_missing FROM snapshot_file f"
                " LEFT JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id"
                " AND d.path = coalesce(f.duplicate_of, f.path) LEFT JOIN document o ON o.id = d.document_id"
                " WHERE f.snapshot_id = %(id)s AND (%(outcome)s::text IS NULL OR f.outcome = %(outcome)s)"
                " GROUP BY f.path, f.outcome, f.reason ORDER BY f.path",
                {"id": snapshot_id, "outcome": outcome},
            ).fetchall()


def live_partitions(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """Return name and live snapshot of every partition that has one."""
    return connection.execute(
        "SELECT name, published_snapshot_id FROM partition WHERE published_snapshot_id IS NOT NULL ORDER BY 1"
    ).fetchall()
