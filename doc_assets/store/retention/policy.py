"""Which snapshots are kept, and which a gc drops: the policy, and the question to the database.

Dropping them, and what no manifest reaches then, is in ``collection``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import Misuse, NotFound
from doc_assets.store.partitions.partitions import partition_id_of


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept of each partition, beside what is live; either rule keeps a snapshot.

    Attributes:
        keep: The last so many snapshots that were live, in the order in which they last were; what is live is the
            first of them. Three leave two to go back to: the state before a bad load, and the one before its repair.
        days: Everything that was live within so many days. A month covers a release that is found wrong late.
        unfinished_days: Staging snapshots that were left so many days ago are no longer resumed, and rejected ones no
            longer looked into.
    """

    keep: int = 3
    days: float = 30.0
    unfinished_days: float = 30.0

    def __post_init__(self) -> None:
        """Refuses negative numbers, with which everything would be dropped by mistake.

        Raises:
            Misuse: One is negative or no number.
        """
        for name, value in (("keep", self.keep), ("days", self.days), ("unfinished_days", self.unfinished_days)):
            if not 0 <= value <= _MOST:
                raise Misuse(f"retention cannot have {name} = {value}: a number from 0 to {_MOST:,} is needed")

    @classmethod
    def of(cls, keep: int | None, days: float | None) -> Policy:
        """What somebody means who names one rule, both or none.

        A rule that is named alone is the whole rule: with ``keep=2`` alone, the default 30 days would keep what the
        caller wants to see dropped. ``days`` alone keeps the last snapshot even of a partition that was taken down.
        """
        if keep is None and days is None:
            return cls()
        unfinished = cls().unfinished_days if days is None else days
        return cls(1 if keep is None else keep, 0.0 if days is None else days, unfinished)


_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Doomed:
    """A snapshot that the policy does not keep.

    Attributes:
        partition_id: Whose.
        partition: The same as ``<doc_type>/<key>``.
        snapshot: Its id.
        status: What it is now: ``published``, ``staging``, ``audited`` or ``rejected``.
    """

    partition_id: int
    partition: str
    snapshot: int
    status: str


# The quarantine shows the newest snapshot after the live one that was not published: that one stays, whatever its age.
_DOOMED = """
WITH moment AS (
    SELECT now() - %(days)s * interval '1 day' AS published, now() - %(unfinished)s * interval '1 day' AS unfinished
), seen AS (
    SELECT snapshot_id, max(at) AS at FROM (
        SELECT from_snapshot AS snapshot_id, at FROM migration_history
        UNION ALL SELECT to_snapshot, at FROM migration_history
    ) h GROUP BY snapshot_id
), moved AS (
    SELECT snapshot_id, max(at) AS at FROM (
        SELECT from_snapshot AS snapshot_id, at FROM publication UNION ALL SELECT to_snapshot, at FROM publication
    ) h GROUP BY snapshot_id
), chosen AS (
    SELECT p.id AS partition_id, p.name AS partition, p.published_snapshot_id AS live_id,
        s.id AS snapshot, s.status, coalesce(p.published_snapshot_id = s.id, false) AS live,
        coalesce(m.at, s.published_at, s.created_at) AS last_live,
        greatest(s.created_at, s.sealed_at, n.at) AS last_seen,
        max(s.id) FILTER (WHERE s.status IN ('published', 'collected')) OVER (PARTITION BY p.id) AS newest
    FROM partition p JOIN snapshot s ON s.partition_id = p.id
    LEFT JOIN moved m ON m.snapshot_id = s.id LEFT JOIN seen n ON n.snapshot_id = s.id
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


def doomed(connection: psycopg.Connection, policy: Policy, partition_ids: Sequence[int] | None = None) -> list[Doomed]:
    """Snapshots that the policy does not keep, by partition and id; of all partitions where none is named.

    What is being loaded right now looks as if nobody worked on it: that is for the partition's lock to say.
    """
    with connection.cursor(row_factory=class_row(Doomed)) as cursor:
        return cursor.execute(
            _DOOMED,
            {
                "keep": policy.keep,
                "days": policy.days,
                "unfinished": policy.unfinished_days,
                "partitions": None if partition_ids is None else list(partition_ids),
            },
        ).fetchall()


def scope(connection: psycopg.Connection, types: Sequence[str], partitions: Sequence[str]) -> list[int] | None:
    """Ids of the partitions meant, None for all of them.

    Raises:
        NotFound: Nothing of that type or name was ever loaded.
    """
    if not types and not partitions:
        return None
    for doc_type in types:
        if not connection.execute("SELECT FROM partition WHERE doc_type = %s LIMIT 1", (doc_type,)).fetchall():
            raise NotFound(f"nothing of type {doc_type} was ever loaded here: doc-assets snapshots lists what was")
    named = [partition_id_of(connection, partition) for partition in partitions]
    rows = connection.execute(
        "SELECT id FROM partition WHERE (%(types)s::text[] = '{}' OR doc_type = ANY (%(types)s))"
        " AND (%(named)s::int[] = '{}' OR id = ANY (%(named)s)) ORDER BY id",
        {"types": list(types), "named": named},
    ).fetchall()
    return [row[0] for row in rows]
