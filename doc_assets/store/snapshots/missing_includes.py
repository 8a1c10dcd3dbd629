"""The documents of a snapshot that lack files which they include, from what each states in its metadata.

Documents that were loaded before they stated it lack nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class LackingDocuments:
    """Documents that lack includes.

    Attributes:
        documents: Their number.
        includes: The number of includes that they lack.
        first: The first of these as its page writes it; "" where no document states it.
        path: That page.
    """

    documents: int = 0
    includes: int = 0
    first: str = ""
    path: str = ""

    def __str__(self) -> str:
        """Return it in one sentence with the likeliest reason."""
        lack = "document lacks" if self.documents == 1 else "documents lack"
        includes = "include" if self.includes == 1 else "includes"
        first = f", first {self.first} in {self.path}" if self.first else ""
        why = "`subfolders` in the catalogue may leave them out"
        return f"{self.documents:,} {lack} {self.includes:,} {includes}{first}: {why}"

    def __add__(self, other: LackingDocuments) -> LackingDocuments:
        """Add those of other files; the first is the first by path."""
        first = min((one for one in (self, other) if one.documents), key=lambda one: one.path, default=self)
        return LackingDocuments(
            self.documents + other.documents, self.includes + other.includes, first.first, first.path
        )


_LACKING = """
SELECT count(*)::int AS documents, coalesce(sum((o.metadata ->> 'includes_missing')::numeric), 0)::bigint AS includes,
    coalesce((array_agg(o.metadata ->> 'first_include_missing' ORDER BY d.path, d.part))[1], '') AS first,
    coalesce((array_agg(d.path ORDER BY d.path, d.part))[1], '') AS path
FROM snapshot_document d JOIN document o ON o.id = d.document_id
WHERE d.snapshot_id = %s AND jsonb_typeof(o.metadata -> 'includes_missing') = 'number'
"""
_LACKING_AMONG = """
SELECT count(*)::int AS documents, coalesce(sum((o.metadata ->> 'includes_missing')::numeric), 0)::bigint AS includes,
    coalesce((array_agg(o.metadata ->> 'first_include_missing' ORDER BY d.path))[1], '') AS first,
    coalesce((array_agg(d.path ORDER BY d.path))[1], '') AS path
FROM unnest(%s::text[], %s::bytea[]) AS d (path, document_id) JOIN document o ON o.id = d.document_id
WHERE jsonb_typeof(o.metadata -> 'includes_missing') = 'number'
"""
# Live snapshots whose load counted such includes, or did not count yet: a status reads the documents of no others.
_MAY_LACK = """
SELECT p.published_snapshot_id FROM partition p WHERE p.published_snapshot_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM migration_history h WHERE h.partition_id = p.id AND h.to_snapshot = p.published_snapshot_id
        AND h.action = 'load' AND h.counts ->> 'includes_missing' = '0')
"""
_BY_PARTITION = """
SELECT p.name, count(*)::int, coalesce(sum((o.metadata ->> 'includes_missing')::numeric), 0)::bigint,
    coalesce((array_agg(o.metadata ->> 'first_include_missing' ORDER BY d.path, d.part))[1], ''),
    (array_agg(d.path ORDER BY d.path, d.part))[1]
FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN snapshot_document d ON d.snapshot_id = s.id
JOIN document o ON o.id = d.document_id
WHERE s.id = ANY (%s) AND jsonb_typeof(o.metadata -> 'includes_missing') = 'number'
GROUP BY p.name ORDER BY p.name
"""


def lacking_in(connection: psycopg.Connection, snapshot_id: int) -> LackingDocuments:
    """Return the documents of a snapshot that lack includes."""
    with connection.cursor(row_factory=class_row(LackingDocuments)) as cursor:
        row = cursor.execute(_LACKING, (snapshot_id,)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row


def lacking_among(connection: psycopg.Connection, documents: Sequence[tuple[str, bytes]]) -> LackingDocuments:
    """Return those of the documents, given by path and id, that lack includes."""
    paths, ids = [path for path, _ in documents], [key for _, key in documents]
    with connection.cursor(row_factory=class_row(LackingDocuments)) as cursor:
        row = cursor.execute(_LACKING_AMONG, (paths, ids)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row


def lacking_live(connection: psycopg.Connection) -> list[tuple[str, LackingDocuments]]:
    """Return the live partitions with documents that lack includes, by name."""
    snapshots = [row[0] for row in connection.execute(_MAY_LACK).fetchall()]
    return lacking_by_partition(connection, snapshots) if snapshots else []


def lacking_by_partition(
    connection: psycopg.Connection, snapshots: Sequence[int]
) -> list[tuple[str, LackingDocuments]]:
    """Return the partitions by name whose documents lack includes in one of the snapshots."""
    rows = connection.execute(_BY_PARTITION, (list(snapshots),)).fetchall()
    return [(name, LackingDocuments(*row)) for name, *row in rows]
