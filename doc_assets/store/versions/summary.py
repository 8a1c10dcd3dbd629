"""A snapshot in short, for the report of the load or rollback that published it; in full it is in ``details``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row

from doc_assets.document.records import Counts
from doc_assets.store.snapshots.lifecycle import sealed_counts
from doc_assets.store.snapshots.missing_includes import lacking_in

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class SampleDocument:
    """A document of the snapshot."""

    path: str
    title: str
    format: str
    chunks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that were not loaded for the same reason."""

    outcome: str
    reason: str
    files: int


@dataclass(frozen=True, slots=True)
class Publication:
    """An earlier or the present publication of the partition; ``snapshot`` is None where it was taken down."""

    at: datetime
    action: str
    snapshot: int | None
    documents: int | None
    chunks: int | None


@dataclass(frozen=True, slots=True)
class SnapshotSummary:
    """A snapshot in short.

    Attributes:
        digest: In hex.
        sample: Its first documents by path.
        left_out: The commonest reasons for which files were not loaded.
        publications: The partition's last publications, newest first.
        documents_of_type: Documents that are live in the whole type.
    """

    digest: str
    revision: str
    counts: Counts
    includes_missing: int
    sample: list[SampleDocument]
    left_out: list[LeftOut]
    publications: list[Publication]
    documents_of_type: int


_SAMPLE = """
SELECT d.path, o.title, o.format, o.chunk_count AS chunks, o.token_count AS tokens
FROM snapshot_document d JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = %s
ORDER BY d.path, d.part LIMIT %s
"""
_LEFT_OUT = """
SELECT outcome, reason, count(*)::int AS files FROM snapshot_file
WHERE snapshot_id = %s AND outcome IN ('skipped', 'rejected')
GROUP BY outcome, reason ORDER BY files DESC, outcome, reason LIMIT %s
"""
_PUBLICATIONS = """
SELECT h.at, h.action, h.to_snapshot AS snapshot, s.documents, s.chunks
FROM publication h LEFT JOIN snapshot s ON s.id = h.to_snapshot
WHERE h.partition_id = (SELECT partition_id FROM snapshot WHERE id = %s) ORDER BY h.id DESC LIMIT %s
"""
_HEAD = """
SELECT encode(s.digest, 'hex'), s.revision, (
    SELECT coalesce(sum(l.documents), 0)::bigint FROM partition q JOIN snapshot l ON l.id = q.published_snapshot_id
    WHERE q.doc_type = p.doc_type)
FROM snapshot s JOIN partition p ON p.id = s.partition_id WHERE s.id = %s
"""


def summarise(connection: psycopg.Connection, snapshot: int, rows: int = 8) -> SnapshotSummary:
    """Return a sealed snapshot in short, with at most so many rows of each list.

    Raises:
        NotFound: No such sealed snapshot.
    """
    counts = sealed_counts(connection, snapshot)
    head = connection.execute(_HEAD, (snapshot,)).fetchone()
    assert head is not None  # noqa: S101 - it has counts
    return SnapshotSummary(
        head[0],
        head[1],
        counts,
        lacking_in(connection, snapshot).includes,
        _read(connection, SampleDocument, _SAMPLE, snapshot, rows),
        _read(connection, LeftOut, _LEFT_OUT, snapshot, rows),
        _read(connection, Publication, _PUBLICATIONS, snapshot, rows),
        head[2],
    )


def _read(
    connection: psycopg.Connection, kind: type[_Row], query: LiteralString, snapshot: int, rows: int
) -> list[_Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, (snapshot, rows)).fetchall()
