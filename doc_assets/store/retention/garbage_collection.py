"""Garbage collection: removes the manifests that the policy does not keep, then the content that no manifest reaches.

Safe at any time: manifests are removed under their partition's lock, content in short transactions beside the loads,
and readers keep what they saw when their transaction began. Killed at any time, it is resumed by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import psycopg
from psycopg import sql

from doc_assets.errors import PartitionLocked
from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import gc_lock
from doc_assets.store.database.retries import to_store_error
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import GC_APPLICATION, locked_partitions, partition_lock
from doc_assets.store.retention import unreachable
from doc_assets.store.retention.maintenance import MaintenanceStep, clear_dead_rows
from doc_assets.store.retention.policy import ExpiredSnapshot, Policy, chosen_partitions, expired_snapshots
from doc_assets.store.retention.unreachable import RowCounts
from doc_assets.store.snapshots import lifecycle

_MANIFEST = ("snapshot_document", "snapshot_file")


@dataclass(frozen=True, slots=True)
class GarbageCollection:
    """What a garbage collection removed, or would remove.

    Attributes:
        collected: Published snapshots whose manifest was removed, by partition.
        discarded: The same for snapshots that were never published.
        busy: Partitions whose lock is held by another session; their snapshots stay until the next time.
        snapshots: Number of snapshots of both kinds.
        manifest_rows: Files and documents of their manifests.
        vectors: In all embedding spaces.
        links: Signatures and pairs of near duplicates.
        bytes: Size of all these rows as stored, without indexes.
        longest_wait_seconds: The longest time for which loads waited for one removal.
        upkeep: Maintenance of the tables afterwards.
    """

    dry_run: bool
    collected: dict[str, list[int]]
    discarded: dict[str, list[int]]
    busy: list[str]
    snapshots: int
    manifest_rows: int
    documents: int
    chunks: int
    vectors: int
    links: int
    bytes: int
    seconds: float = 0.0
    longest_wait_seconds: float = 0.0
    upkeep: tuple[MaintenanceStep, ...] = ()


def collect_garbage(
    store: Store,
    policy: Policy | None = None,
    *,
    types: Sequence[str] = (),
    partitions: Sequence[str] = (),
    dry_run: bool = False,
    run_id: str | None = None,
) -> GarbageCollection:
    """Remove what the policy does not keep, or report what would be removed (dry run).

    Types and partitions limit the manifests that are removed. Content that no manifest reaches is removed in any case.

    Raises:
        NotFound: A type or partition was never loaded.
        Transient: Another gc runs.
        StoreError: The database failed: what was committed stays, and the next gc resumes.
    """
    started = time.perf_counter()
    policy = policy or Policy()
    try:
        with store.connect(GC_APPLICATION) as connection:
            chosen = chosen_partitions(connection, types, partitions)
            if dry_run:
                return replace(_plan(connection, policy, chosen), seconds=time.perf_counter() - started)
            with gc_lock(connection):
                return _collect(connection, policy, chosen, run_id, started)
    except psycopg.Error as error:
        raise to_store_error(error) from error


def _plan(connection: psycopg.Connection, policy: Policy, chosen: Sequence[int] | None) -> GarbageCollection:
    counts = RowCounts()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        locked = locked_partitions(connection)
        expired = expired_snapshots(connection, policy, chosen)
        dropped = [snapshot for snapshot in expired if snapshot.partition_id not in locked]
        ids = [snapshot.snapshot for snapshot in dropped]
        for table in _MANIFEST:
            where = sql.SQL("o.snapshot_id = ANY (%(ids)s)")
            counts.add(table, *unreachable.measure(connection, table, where, {"ids": ids}))
        unreachable.count(connection, ids, counts)
    return _summary(dropped, {e.partition for e in expired if e.partition_id in locked}, counts, dry_run=True)


def _collect(
    connection: psycopg.Connection,
    policy: Policy,
    chosen: Sequence[int] | None,
    run_id: str | None,
    started: float,
) -> GarbageCollection:
    counts, dropped, locked = RowCounts(), [], set()
    expired = expired_snapshots(connection, policy, chosen)
    for partition_id, partition in sorted({(snapshot.partition_id, snapshot.partition) for snapshot in expired}):
        try:
            with partition_lock(connection, partition_id, partition):
                # Queried again: until the lock was taken, a rollback may have published one of them.
                for snapshot in expired_snapshots(connection, policy, [partition_id]):
                    _drop(connection, snapshot, run_id, counts)
                    dropped.append(snapshot)
        except PartitionLocked:
            locked.add(partition)
    manifests = time.perf_counter()
    unreachable.remove(connection, counts)
    content = time.perf_counter()
    upkeep = clear_dead_rows(connection, counts.rows)
    done = time.perf_counter()
    report = replace(
        _summary(dropped, locked, counts, dry_run=False),
        seconds=done - started,
        longest_wait_seconds=counts.longest_seconds,
        upkeep=tuple(upkeep),
    )
    history.record(
        connection,
        "gc",
        "done",
        run_id=run_id,
        counts={
            **{name: value for name, value in asdict(report).items() if type(value) is int},
            "keep": policy.keep,
            "days": policy.days,
        },
        stages={"manifests": manifests - started, "content": content - manifests, "upkeep": done - content},
        seconds=report.seconds,
        error="; ".join(step.problem for step in upkeep if step.problem) or None,
    )
    return report


def _drop(connection: psycopg.Connection, snapshot: ExpiredSnapshot, run_id: str | None, counts: RowCounts) -> None:
    """Remove a manifest; the snapshot's row stays for the history."""
    where = sql.SQL("o.snapshot_id = %(id)s")
    found = RowCounts()
    with connection.transaction():
        if snapshot.status == "published":
            # Before the rows: a load that has lost its partition's lock waits for the lock of this row.
            connection.execute(
                "UPDATE snapshot SET status = 'collected' WHERE id = %s AND status = 'published'", (snapshot.snapshot,)
            )
            for table in _MANIFEST:
                unreachable.delete(connection, table, where, {"id": snapshot.snapshot}, found)
            history.record(
                connection,
                "gc",
                "collected",
                partition_id=snapshot.partition_id,
                from_snapshot=snapshot.snapshot,
                run_id=run_id,
                counts={"files": found.rows["snapshot_file"], "documents": found.rows["snapshot_document"]},
            )
        else:
            for table in _MANIFEST:
                found.add(table, *unreachable.measure(connection, table, where, {"id": snapshot.snapshot}))
            lifecycle.discard(connection, snapshot.snapshot, run_id)
    counts.rows += found.rows
    counts.bytes += found.bytes


def _summary(
    dropped: Sequence[ExpiredSnapshot], locked: set[str], counts: RowCounts, *, dry_run: bool
) -> GarbageCollection:
    rows = counts.rows
    return GarbageCollection(
        dry_run=dry_run,
        collected=_by_partition([d for d in dropped if d.status == "published"]),
        discarded=_by_partition([d for d in dropped if d.status != "published"]),
        busy=sorted(locked),
        snapshots=len(dropped),
        manifest_rows=sum(rows[table] for table in _MANIFEST),
        documents=rows["document"],
        chunks=rows["chunk"],
        vectors=sum(n for table, n in rows.items() if table.startswith("embedding_")),
        links=rows["document_signature"] + rows["near_duplicate"],
        bytes=counts.bytes,
    )


def _by_partition(dropped: Sequence[ExpiredSnapshot]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for snapshot in dropped:
        found.setdefault(snapshot.partition, []).append(snapshot.snapshot)
    return found
