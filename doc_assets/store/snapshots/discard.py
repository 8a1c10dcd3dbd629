"""Discarding snapshots on request: unfinished and rejected ones, never one that was published.

Only the manifest is dropped. Other loads may reuse the content until garbage collection removes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from doc_assets.errors import NotFound, PartitionLocked, Refused
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import to_store_error
from doc_assets.store.history.progress import clear_progress
from doc_assets.store.partitions.partitions import partition_id_of, partition_lock
from doc_assets.store.snapshots import lifecycle


@dataclass(frozen=True, slots=True)
class Discarded:
    """A discarded snapshot, its status before, and the files and documents that its manifest held."""

    partition: str
    snapshot: int
    status: str
    files: int
    documents: int


@dataclass(frozen=True, slots=True)
class DiscardResult:
    """The snapshots that one call discarded, and for each partition in use the sentence that names its user."""

    dropped: list[Discarded]
    held: list[str]


@dataclass(frozen=True, slots=True)
class _Unfinished:
    partition_id: int
    partition: str
    snapshot: int
    status: str


def discard(store: Store, what: int | str | None = None, run_id: str | None = None) -> DiscardResult:
    """Discard snapshots that were never published and whose partition no session works on.

    ``what`` is a snapshot's id, a partition name (``<doc_type>/<key>``), or None for all partitions.

    Raises:
        NotFound: No such snapshot or partition.
        Refused: The snapshot was published or discarded before.
        PartitionLocked: Another session works on the partition that ``what`` names; the message names the session.
    """
    dropped: list[Discarded] = []
    held: list[str] = []
    try:
        with store.connect("doc-assets discard") as connection:
            unfinished = _unfinished(connection, what)
            for partition_id, partition in sorted({(u.partition_id, u.partition) for u in unfinished}):
                try:
                    with partition_lock(connection, partition_id, partition):
                        dropped += _drop(connection, [u for u in unfinished if u.partition == partition], run_id)
                except PartitionLocked as error:
                    if what is not None:
                        raise
                    held.append(str(error))
    except psycopg.OperationalError as error:
        raise to_store_error(error) from error
    return DiscardResult(dropped, held)


def _drop(connection: psycopg.Connection, unfinished: list[_Unfinished], run_id: str | None) -> list[Discarded]:
    """Discard the snapshots of one partition, without those whose status changed before it was locked."""
    ids = [u.snapshot for u in unfinished]
    statuses = dict(connection.execute("SELECT id, status FROM snapshot WHERE id = ANY (%s)", (ids,)).fetchall())
    dropped = [
        Discarded(u.partition, u.snapshot, u.status, *lifecycle.discard(connection, u.snapshot, run_id))
        for u in unfinished
        if statuses[u.snapshot] == u.status
    ]
    clear_progress(connection, unfinished[0].partition_id)  # left by a load that died, since we hold the lock
    return dropped


def _unfinished(connection: psycopg.Connection, what: int | str | None) -> list[_Unfinished]:
    if isinstance(what, int):
        return [_one(connection, what)]
    partition_id = partition_id_of(connection, what) if what is not None else None
    rows = connection.execute(
        "SELECT p.id, p.name, s.id, s.status FROM snapshot s JOIN partition p"
        " ON p.id = s.partition_id WHERE s.status IN ('staging', 'audited', 'rejected')"
        " AND (%(id)s::int IS NULL OR p.id = %(id)s) ORDER BY p.id, s.id",
        {"id": partition_id},
    ).fetchall()
    return [_Unfinished(*row) for row in rows]


def _one(connection: psycopg.Connection, snapshot_id: int) -> _Unfinished:
    row = connection.execute(
        "SELECT p.id, p.name, s.id, s.status, coalesce(p.published_snapshot_id = s.id, false)"
        " FROM snapshot s JOIN partition p ON p.id = s.partition_id WHERE s.id = %s",
        (snapshot_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    *unfinished, live = row
    snapshot = _Unfinished(*unfinished)
    if live:
        raise Refused(
            f"snapshot {snapshot_id} is what is live of {snapshot.partition}: doc-assets rollback {snapshot.partition} "
            "goes back to the one before"
        )
    if snapshot.status in ("published", "collected"):
        raise Refused(
            f"snapshot {snapshot_id} of {snapshot.partition} was published once and is kept to go back to: doc-assets "
            "gc removes old ones"
        )
    if snapshot.status == "discarded":
        raise Refused(f"snapshot {snapshot_id} of {snapshot.partition} was discarded before: nothing is to do")
    return snapshot
