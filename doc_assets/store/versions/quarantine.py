"""The quarantine: rejected files of the live snapshots and of newer ones that were not published.

Its entries are the rows of rejected files in the manifests. Retrying them is ``doc_assets.cli.quarantine``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import NotFound
from doc_assets.store.partitions.partitions import partition_id_of


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A rejected file.

    Attributes:
        reason: Why the newest snapshot rejected it.
        size: In bytes.
        sha256: Fingerprint in hex; None if the bytes could not be read.
        snapshot: The newest snapshot that rejected it.
        live: Whether that snapshot is live.
        since: When the first snapshot that rejected the same bytes was opened.
        attempts: Number of snapshots that rejected the same bytes.
        file_limit: The snapshot's limit of files, None without one.
    """

    partition: str
    path: str
    reason: str
    size: int
    sha256: str | None
    snapshot: int
    live: bool
    since: datetime
    attempts: int
    file_limit: int | None


@dataclass(frozen=True, slots=True)
class FileEvent:
    """A file in one snapshot: its row in the manifest, with the fingerprint in hex."""

    snapshot: int
    at: datetime
    status: str
    live: bool
    outcome: str
    reason: str | None
    size: int
    sha256: str | None


# Of each partition the live snapshot and, if newer, the last one with a manifest: staged, audited or rejected.
_QUARANTINE = """
WITH listed AS (
    SELECT p.id AS partition_id, p.name AS partition, s.id, s.file_limit,
        s.id IS NOT DISTINCT FROM p.published_snapshot_id AS live
    FROM partition p JOIN snapshot s ON s.partition_id = p.id
    WHERE s.id = p.published_snapshot_id OR s.id = (
        SELECT max(n.id) FROM snapshot n WHERE n.partition_id = p.id
            AND n.status IN ('staging', 'audited', 'rejected') AND n.id > coalesce(p.published_snapshot_id, 0))
), newest AS (
    SELECT DISTINCT ON (l.partition_id, f.path) l.*, f.path, f.reason, f.size, f.fingerprint
    FROM listed l JOIN snapshot_file f ON f.snapshot_id = l.id
    WHERE f.outcome = 'rejected'
        AND (%(partitions)s::text[] IS NULL OR l.partition = ANY (%(partitions)s))
        AND (%(path)s::text IS NULL OR f.path = %(path)s)
    ORDER BY l.partition_id, f.path, l.id DESC
)
SELECT n.partition, n.path, n.reason, n.size, encode(n.fingerprint, 'hex') AS sha256, n.id AS snapshot, n.live,
    before.since, before.attempts, n.file_limit
FROM newest n, LATERAL (
    SELECT min(s.created_at) AS since, count(*)::int AS attempts
    FROM snapshot s JOIN snapshot_file f ON f.snapshot_id = s.id
    WHERE s.partition_id = n.partition_id AND f.path = n.path AND f.outcome = 'rejected'
        AND f.fingerprint IS NOT DISTINCT FROM n.fingerprint
) before
ORDER BY n.partition COLLATE "C", n.path
"""


def quarantined(
    connection: psycopg.Connection, partitions: Sequence[str] = (), path: str | None = None
) -> list[QuarantinedFile]:
    """Return the rejected files by partition and path, of all partitions if none is named.

    Raises:
        NotFound: A partition was never loaded.
    """
    for partition in partitions:
        partition_id_of(connection, partition)
    with connection.cursor(row_factory=class_row(QuarantinedFile)) as cursor:
        return cursor.execute(_QUARANTINE, {"partitions": list(partitions) or None, "path": path}).fetchall()


def file_history(connection: psycopg.Connection, partition: str, path: str) -> list[FileEvent]:
    """Return a file's row in every snapshot that has its manifest, newest first.

    Raises:
        NotFound: The partition was never loaded, or no snapshot of it knows the file.
    """
    partition_id = partition_id_of(connection, partition)
    with connection.cursor(row_factory=class_row(FileEvent)) as cursor:
        events = cursor.execute(
            "SELECT s.id AS snapshot, s.created_at AS at, s.status, s.id IS NOT DISTINCT FROM p.published_snapshot_id"
            " AS live, f.outcome, f.reason, f.size, encode(f.fingerprint, 'hex') AS sha256"
            " FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN snapshot_file f ON f.snapshot_id = s.id"
            " WHERE s.partition_id = %s AND f.path = %s ORDER BY s.id DESC",
            (partition_id, path),
        ).fetchall()
    if not events:
        raise NotFound(f"no snapshot of {partition} knows {path!r}: doc-assets manifest {partition} lists its files")
    return events
