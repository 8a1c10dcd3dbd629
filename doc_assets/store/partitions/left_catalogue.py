"""Partitions that left the catalogue but are still live: a renamed source, another number of shards, a removed type.

Loads never take them down, since a catalogue may be one of several. ``versions.retirement`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from doc_assets.catalogue import Catalogue
from doc_assets.errors import Refused
from doc_assets.runtime.progress import count_of
from doc_assets.store.partitions.partitions import live_partitions


@dataclass(frozen=True, slots=True)
class LeftPartition:
    """A live partition that the catalogue does not list.

    Attributes:
        reason: Why the catalogue does not list it: no such type, no such source, other shards.
        documents: Its live documents.
        elsewhere: How many of them are live in other partitions too, ``also_in`` by name.
        command: The command that takes it down.
    """

    partition: str
    reason: str
    snapshot: int
    published_at: datetime
    documents: int
    elsewhere: int
    also_in: list[str]
    command: str

    def __str__(self) -> str:
        """Return it in one sentence with the command."""
        twice = f", {self.elsewhere:,} of them live twice: also in {_listed(self.also_in)}" if self.elsewhere else ""
        return (
            f"{self.partition} is live with {count_of(self.documents, 'document')} but left the catalogue "
            f"({self.reason}){twice}; {self.command} takes it down"
        )


# Document ids cover title, text and metadata: a source that was renamed or sharded gives the same ones again.
_TWICE = """
WITH own AS (
    SELECT p.id, p.name, d.document_id FROM partition p
    JOIN snapshot_document d ON d.snapshot_id = p.published_snapshot_id
    WHERE p.name = ANY (%s)
)
SELECT o.name, count(DISTINCT o.document_id)::int, array_agg(DISTINCT q.name ORDER BY q.name)
FROM own o JOIN snapshot_document e ON e.document_id = o.document_id
JOIN partition q ON q.published_snapshot_id = e.snapshot_id AND q.id <> o.id
GROUP BY 1
"""


def left_catalogue(connection: psycopg.Connection, catalogue: Catalogue) -> list[LeftPartition]:
    """Return the live partitions that the catalogue does not list, by name."""
    rows = connection.execute(
        "SELECT p.name, p.doc_type, p.source, s.id, s.published_at, s.documents FROM partition p"
        " JOIN snapshot s ON s.id = p.published_snapshot_id ORDER BY p.name"
    ).fetchall()
    listed = {partition.name for partition in catalogue.partitions()}
    left = [row for row in rows if row[0] not in listed]
    if not left:
        return []
    found = connection.execute(_TWICE, ([row[0] for row in left],)).fetchall()
    twice: dict[str, tuple[int, list[str]]] = {name: (count, also_in) for name, count, also_in in found}
    return [
        LeftPartition(
            name,
            catalogue.absence(doc_type, source),
            snapshot,
            published_at,
            documents,
            elsewhere=twice.get(name, (0, []))[0],
            also_in=twice.get(name, (0, []))[1],
            command=f"doc-assets retire {name}",
        )
        for name, doc_type, source, snapshot, published_at, documents in left
    ]


def names_to_retire(connection: psycopg.Connection, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the live partitions that the catalogue does not list.

    Raises:
        Refused: It lists nothing that is live: it is the catalogue of something else, or was not loaded yet.
    """
    left = tuple(one.partition for one in left_catalogue(connection, catalogue))
    live = live_partitions(connection)
    if left and len(left) == len(live):
        raise Refused(
            f"{catalogue.path or 'the catalogue'} lists none of the {len(live):,} live partitions, so everything would "
            "be taken down: is it the right catalogue? Load it first with doc-assets migrate, or name what is to be "
            "taken down with doc-assets retire PARTITION…"
        )
    return left


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
