"""What readers may ask about snapshots: lists of them, and the manifest of what is live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import StoreError
from doc_assets.store.connection import Store
from doc_assets.store.partitions import find_partition, published


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot as listed: ``digest`` is hex, counts are None until it is sealed."""

    partition: str
    id: int
    status: str
    published: bool
    digest: str | None
    documents: int | None
    chunks: int | None
    created_at: datetime
    published_at: datetime | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One discovered file of the published snapshot; ``document`` is the hex id of the first document it gave."""

    path: str
    outcome: str
    reason: str | None
    document: str | None
    chunks: int


def snapshots(store: Store, partition: str | None = None) -> list[SnapshotRow]:
    """All snapshots, newest first; of one partition where given."""
    with store.connect() as connection:
        if partition is not None:
            find_partition(connection, partition)
        with connection.cursor(row_factory=class_row(SnapshotRow)) as cursor:
            return cursor.execute(
                "SELECT p.doc_type || '/' || p.key AS partition, s.id, s.status,"
                " coalesce(p.published_snapshot_id = s.id, false) AS published, encode(s.digest, 'hex') AS digest,"
                " s.documents, s.chunks, s.created_at, s.published_at, s.run_id"
                " FROM snapshot s JOIN partition p ON p.id = s.partition_id"
                " WHERE %(partition)s::text IS NULL OR p.doc_type || '/' || p.key = %(partition)s"
                " ORDER BY p.doc_type, p.key, s.id DESC",
                {"partition": partition},
            ).fetchall()


def manifest(store: Store, partition: str) -> list[ManifestRow]:
    """Every file of the live snapshot with its outcome, by path.

    Raises:
        StoreError: Nothing of that partition is published.
    """
    with store.connect() as connection:
        snapshot_id = published(connection, partition)
        if snapshot_id is None:
            raise StoreError(f"partition {partition} has nothing published: doc-assets snapshots lists what there is")
        with connection.cursor(row_factory=class_row(ManifestRow)) as cursor:
            return cursor.execute(
                "SELECT f.path, f.outcome, f.reason,"
                " encode((array_agg(d.document_id ORDER BY d.part))[1], 'hex') AS document,"
                " coalesce(sum(o.chunk_count), 0)::int AS chunks FROM snapshot_file f"
                " LEFT JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id"
                " AND d.path = coalesce(f.duplicate_of, f.path) LEFT JOIN document o ON o.id = d.document_id"
                " WHERE f.snapshot_id = %s GROUP BY f.path, f.outcome, f.reason ORDER BY f.path",
                (snapshot_id,),
            ).fetchall()


def live_partitions(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """Every published partition as ``<doc_type>/<key>`` with its live snapshot."""
    return connection.execute(
        "SELECT doc_type || '/' || key, published_snapshot_id FROM partition WHERE published_snapshot_id IS NOT NULL"
        " ORDER BY 1"
    ).fetchall()
