"""Going back: an earlier snapshot is published again, after its rows were proven to be what they were."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

from doc_assets.errors import StoreError
from doc_assets.store import pointers
from doc_assets.store.connection import Store
from doc_assets.store.partitions import find_partition, partition_lock, published
from doc_assets.store.snapshots import compute_digest


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """A pointer that was moved; ``digest`` (hex) was recomputed from the rows before it moved."""

    partition: str
    from_snapshot: int | None
    to_snapshot: int
    digest: str
    seconds: float


def rollback(store: Store, partition: str, to: str = "previous", run_id: str | None = None) -> RollbackResult:
    """Publishes an earlier snapshot again, after recomputing its digest from the rows.

    Args:
        store: Where.
        partition: ``<doc_type>/<key>``.
        to: A snapshot's id, or ``previous``: the newest published one before what is live.
        run_id: Dagster run, for the history.

    Raises:
        StoreError: No such snapshot, never published, or its rows no longer give the digest it was sealed with.
        PartitionLocked: A load of the partition runs.
    """
    started = time.perf_counter()
    with store.connect(f"doc-assets rollback {partition}") as connection:
        partition_id = find_partition(connection, partition)
        with partition_lock(connection, partition_id, partition):
            before = published(connection, partition)
            target = _target(connection, partition_id, partition, to, before)
            digest = compute_digest(connection, target)
            row = connection.execute("SELECT digest FROM snapshot WHERE id = %s", (target,)).fetchone()
            if row is None or row[0] != digest:
                raise StoreError(
                    f"snapshot {target} of {partition} does not give the digest it was sealed with: it was changed "
                    f"outside doc-assets; roll back to another one (doc-assets snapshots {partition})"
                )
            seconds = time.perf_counter() - started
            with connection.transaction():
                pointers.move(
                    connection,
                    {partition_id: target},
                    "rollback",
                    {partition_id: {"run_id": run_id, "seconds": seconds}},
                )
    return RollbackResult(partition, before, target, digest.hex(), time.perf_counter() - started)


def _target(connection: psycopg.Connection, partition_id: int, partition: str, to: str, before: int | None) -> int:
    if to != "previous" and not to.isdigit():
        raise StoreError(f"{to!r} is no snapshot: give an id from doc-assets snapshots {partition}, or 'previous'")
    row = connection.execute(
        "SELECT max(id) FROM snapshot WHERE partition_id = %(partition)s AND status = 'published'"
        " AND CASE WHEN %(id)s::bigint IS NULL THEN id < %(before)s ELSE id = %(id)s END",
        {"partition": partition_id, "before": before, "id": int(to) if to.isdigit() else None},
    ).fetchone()
    if row is None or row[0] is None:
        what = "no published snapshot before the live one" if to == "previous" else f"no published snapshot {to}"
        raise StoreError(f"partition {partition} has {what}: doc-assets snapshots {partition} lists what there is")
    return row[0]
