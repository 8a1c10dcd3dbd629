"""The retention policy, and the query for the snapshots that it does not keep.

Removing them, and the content that no manifest reaches then, is in ``garbage_collection``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import Misuse
from doc_assets.store.partitions.partitions import partition_id_of, require_types


@dataclass(frozen=True, slots=True)
class Policy:
    """The snapshots that are kept of each partition, beside the live one; either rule keeps a snapshot.

    Attributes:
        keep: Number of snapshots that were live last, the live one included. Three leave two to roll back to: the state
            before a bad load, and the one before its repair.
        days: Age in days up to which everything that was live is kept. A month covers an error that is found late.
        unfinished_days: Age in days up to which staging and rejected snapshots are kept.
    """

    keep: int = 3
    days: float = 30.0
    unfinished_days: float = 30.0

    def __post_init__(self) -> None:
        """Raise Misuse if a value is negative or not a number: everything would be removed by mistake."""
        for name, value in (("keep", self.keep), ("days", self.days), ("unfinished_days", self.unfinished_days)):
            if not 0 <= value <= _MOST:
                raise Misuse(f"retention cannot have {name} = {value}: a number from 0 to {_MOST:,} is needed")

    @classmethod
    def of(cls, keep: int | None, days: float | None) -> Policy:
        """Return the policy of the given rules, the default without any.

        A single rule is the whole policy: with ``keep=2``, the default 30 days would keep what the caller wants
        removed. ``days`` alone keeps the last snapshot even of a partition that was taken down.
        """
        if keep is None and days is None:
            return cls()
        unfinished = cls().unfinished_days if days is None else days
        return cls(1 if keep is None else keep, 0.0 if days is None else days, unfinished)


_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class ExpiredSnapshot:
    """A snapshot that the policy does not keep: ``published``, ``staging``, ``audited`` or ``rejected``."""

    partition_id: int
    partition: str
    snapshot: int
    status: str


# The quarantine shows the newest snapshot after the live one that was not published: that one stays, whatever its age.
# A gc asks once for each partition that it drops manifests of, so only that partition's part of the history is read;
# each row of the history that names a snapshot names its partition.
_EXPIRED = """
WITH moment AS (
    SELECT now() - %(days)s * interval '1 day' AS published, now() - %(unfinished)s * interval '1 day' AS unfinished
), happened AS (
    SELECT from_snapshot, to_snapshot, at, result IN ('published', 'unpublished') AS moved FROM migration_history
    WHERE %(partitions)s::int[] IS NULL OR partition_id = ANY (%(partitions)s)
), seen AS (
    SELECT snapshot_id, max(at) AS at, max(at) FILTER (WHERE moved) AS moved_at FROM (
        SELECT from_snapshot AS snapshot_id, at, moved FROM happened
        UNION ALL SELECT to_snapshot, at, moved FROM happened
    ) h GROUP BY snapshot_id
), chosen AS (
    SELECT p.id AS partition_id, p.name AS partition, p.published_snapshot_id AS live_id,
        s.id AS snapshot, s.status, coalesce(p.published_snapshot_id = s.id, false) AS live,
        coalesce(n.moved_at, s.published_at, s.created_at) AS last_live,
        greatest(s.created_at, s.sealed_at, n.at) AS last_seen,
        max(s.id) FILTER (WHERE s.status IN ('published', 'collected')) OVER (PARTITION BY p.id) AS newest
    FROM partition p JOIN snapshot s ON s.partition_id = p.id
    LEFT JOIN seen n ON n.snapshot_id = s.id
    WHERE %(partitions)s::int[] IS NULL OR p.id = ANY (%(partitions)s)
), published AS (
    SELECT c.*, row_number() OVER (PARTITION BY partition_id ORDER BY live DESC, last_live DESC, snapshot DESC) AS place
    FROM chosen c WHERE status = 'published'
), unfinished AS (
    SELECT c.*, max(snapshot) FILTER (WHERE snapshot > coalesce(live_id, 0)
        AND (status = 'rejected' OR last_seen >= m.unfinished)) OVER (PARTITION BY partition_id) AS shown
    FROM chosen c, moment m WHERE status IN ('staging', 'audited', 'rejected')
)
SELECT partition_id, partition, snapshot, status FROM published, moment m
WHERE NOT live AND place > %(keep)s AND last_live < m.published
UNION ALL
SELECT partition_id, partition, snapshot, status FROM unfinished, moment m
WHERE snapshot IS DISTINCT FROM shown AND (last_seen < m.unfinished OR (status = 'rejected' AND snapshot < newest))
ORDER BY partition_id, snapshot
"""


def expired_snapshots(
    connection: psycopg.Connection, policy: Policy, partition_ids: Sequence[int] | None = None
) -> list[ExpiredSnapshot]:
    """Return the snapshots that the policy does not keep, by partition and id, of all partitions if none is named.

    May include a snapshot that is being loaded: only the partition's lock shows that.
    """
    with connection.cursor(row_factory=class_row(ExpiredSnapshot)) as cursor:
        return cursor.execute(
            _EXPIRED,
            {
                "keep": policy.keep,
                "days": policy.days,
                "unfinished": policy.unfinished_days,
                "partitions": None if partition_ids is None else list(partition_ids),
            },
        ).fetchall()


def chosen_partitions(
    connection: psycopg.Connection, types: Sequence[str], partitions: Sequence[str]
) -> list[int] | None:
    """Return the ids of the partitions of these types and names, None for all; raises NotFound for unknown ones."""
    if not types and not partitions:
        return None
    require_types(connection, types)
    named = [partition_id_of(connection, partition) for partition in partitions]
    rows = connection.execute(
        "SELECT id FROM partition WHERE (%(types)s::text[] = '{}' OR doc_type = ANY (%(types)s))"
        " AND (%(named)s::int[] = '{}' OR id = ANY (%(named)s)) ORDER BY id",
        {"types": list(types), "named": named},
    ).fetchall()
    return [row[0] for row in rows]
