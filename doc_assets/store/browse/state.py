"""The visible state: which snapshots are live, or were at a moment, with a digest over all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.store.search.live_key import live_key
from doc_assets.store.versions.references import pointer_query, require_manifest


@dataclass(frozen=True, slots=True)
class VisibleSnapshot:
    """A snapshot that readers see.

    Attributes:
        partition: Partition name.
        digest: In hex.
        published_at: When it became live for the first time.
    """

    id: int
    partition: str
    doc_type: str
    source: str
    digest: str
    revision: str
    published_at: datetime | None
    documents: int
    chunks: int
    tokens: int


def visible_snapshots(connection: psycopg.Connection, at: int | datetime | None = None) -> list[VisibleSnapshot]:
    """Return the snapshots that hold documents, by partition name: live ones (None), those live at a moment, or one.

    Raises:
        NotFound: The snapshot of that id does not exist, or has no manifest.
    """
    if isinstance(at, int):
        require_manifest(connection, at)
    with connection.cursor(row_factory=class_row(VisibleSnapshot)) as cursor:
        return cursor.execute(
            sql.SQL(
                "SELECT s.id, p.name AS partition, p.doc_type, p.source, encode(s.digest, 'hex') AS digest, s.revision,"
                " s.published_at, s.documents, s.chunks, s.tokens"
                " FROM ({}) AS pointer (partition_id, snapshot_id)"
                " JOIN snapshot s ON s.id = pointer.snapshot_id JOIN partition p ON p.id = pointer.partition_id"
                ' WHERE s.chunks > 0 ORDER BY p.name COLLATE "C"'
            ).format(sql.SQL(pointer_query(at))),
            {"as_of": at},
        ).fetchall()


@dataclass(frozen=True, slots=True)
class VisibleState:
    """The snapshots that readers see, by partition name, and the digest over them.

    Attributes:
        live: Its ``live_key``; None for what was visible at another time.
    """

    snapshots: tuple[VisibleSnapshot, ...]
    digest: str
    live: str | None


class VisibleStates:
    """Reads what readers see: what is live only where that is another state than before. For many threads."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._live: VisibleState | None = None

    def of(self, connection: psycopg.Connection, at: int | datetime | None = None) -> VisibleState:
        """Return what is visible, as ``visible_snapshots``; the connection's transaction sees one state."""
        key = live_key(connection) if at is None else None
        if key is not None and (known := self._live) is not None and known.live == key:
            return known
        snapshots = tuple(visible_snapshots(connection, at))
        found = VisibleState(snapshots, state_digest(snapshots), key)
        if key is not None:
            self._live = found
        return found


def state_digest(snapshots: Iterable[VisibleSnapshot]) -> str:
    """Return the SHA-256 in hex over the names and digests of the partitions: equal digests, equal answers."""
    lines = sorted(f"{snapshot.partition}\0{snapshot.digest}\n" for snapshot in snapshots)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def of_source(snapshots: Sequence[VisibleSnapshot], doc_type: str, source: str) -> list[VisibleSnapshot]:
    """Return those of one source: one, or one for each shard."""
    return [one for one in snapshots if (one.doc_type, one.source) == (doc_type, source)]
