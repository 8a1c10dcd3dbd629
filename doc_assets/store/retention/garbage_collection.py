"""``collect``: drops the manifests that the policy does not keep, then the content that no manifest reaches.

Safe at any time: manifests go under their partition's lock, content in short transactions beside the loads, and readers
keep what they saw when their transaction began. Ended at any moment it has lost nothing that is kept, and the next one
goes on.
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
from doc_assets.store.retention.maintenance import Upkeep, keep_up
from doc_assets.store.retention.policy import Doomed, Policy, doomed, scope
from doc_assets.store.retention.unreachable import Tally
from doc_assets.store.snapshots import lifecycle

_MANIFEST = ("snapshot_document", "snapshot_file")


@dataclass(frozen=True, slots=True)
class Collection:
    """What a gc freed, or would free.

    Attributes:
        dry_run: Nothing was changed.
        collected: Published snapshots whose manifest went, by partition.
        discarded: The same for those that never were published.
        busy: Partitions with snapshots to drop that somebody works on; theirs stay until the next time.
        snapshots: Dropped, of both kinds.
        manifest_rows: Files and documents of their manifests.
        documents: Removed.
        chunks: Removed.
        vectors: Removed, in all embedding spaces.
        links: Signatures and pairs of near duplicates.
        bytes: Of all these rows as they are stored, without indexes.
        seconds: In all.
        longest_wait_seconds: Loads waited at most so long for one removal.
        upkeep: What was done to the tables afterwards.
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
    upkeep: tuple[Upkeep, ...] = ()


def collect(
    store: Store,
    policy: Policy | None = None,
    *,
    types: Sequence[str] = (),
    partitions: Sequence[str] = (),
    dry_run: bool = False,
    run_id: str | None = None,
) -> Collection:
    """Frees what the policy does not keep; see ``retention.Policy`` for what that is.

    Args:
        store: Where.
        policy: What to keep; its defaults without one.
        types: Only drop snapshots of these types. Content that no manifest reaches belongs to nobody and goes anyway.
        partitions: Only drop snapshots of these, as ``<doc_type>/<key>``.
        dry_run: Change nothing, and say what would be freed.
        run_id: For the history.

    Raises:
        NotFound: A type or partition was never loaded.
        Transient: Another gc runs.
        StoreError: The database failed: what was committed stays, and the next gc goes on.
    """
    started = time.perf_counter()
    policy = policy or Policy()
    try:
        with store.connect(GC_APPLICATION) as connection:
            chosen = scope(connection, types, partitions)
            if dry_run:
                found = _planned(connection, policy, chosen)
                return replace(found, seconds=time.perf_counter() - started)
            with gc_lock(connection):
                return _collect(connection, policy, chosen, run_id, started)
    except psycopg.Error as error:
        raise to_store_error(error) from error


def _planned(connection: psycopg.Connection, policy: Policy, chosen: Sequence[int] | None) -> Collection:
    tally = Tally()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        working = locked_partitions(connection)
        all_doomed = doomed(connection, policy, chosen)
        dropped = [d for d in all_doomed if d.partition_id not in working]
        ids = [d.snapshot for d in dropped]
        for table in _MANIFEST:
            where = sql.SQL("o.snapshot_id = ANY (%(ids)s)")
            tally.add(table, *unreachable.measure(connection, table, where, {"ids": ids}))
        unreachable.count(connection, ids, tally)
    return _summary(dropped, {d.partition for d in all_doomed if d.partition_id in working}, tally, dry_run=True)


def _collect(
    connection: psycopg.Connection,
    policy: Policy,
    chosen: Sequence[int] | None,
    run_id: str | None,
    started: float,
) -> Collection:
    tally, dropped, working = Tally(), [], set()
    found = doomed(connection, policy, chosen)
    for partition_id, partition in sorted({(d.partition_id, d.partition) for d in found}):
        try:
            with partition_lock(connection, partition_id, partition):
                # Asked again: until the lock was taken, a rollback may have gone back to one of them.
                for snapshot in doomed(connection, policy, [partition_id]):
                    _drop(connection, snapshot, run_id, tally)
                    dropped.append(snapshot)
        except PartitionLocked:
            working.add(partition)
    manifests = time.perf_counter()
    unreachable.remove(connection, tally)
    content = time.perf_counter()
    upkeep = keep_up(connection, tally.rows)
    done = time.perf_counter()
    report = replace(
        _summary(dropped, working, tally, dry_run=False),
        seconds=done - started,
        longest_wait_seconds=tally.longest_seconds,
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


def _drop(connection: psycopg.Connection, snapshot: Doomed, run_id: str | None, tally: Tally) -> None:
    """Drops a manifest; the snapshot's row stays, so that the history still says what it was."""
    of_snapshot = sql.SQL("o.snapshot_id = %(id)s")
    found = Tally()
    with connection.transaction():
        if snapshot.status == "published":
            # Before the rows: the row's lock is what a load that has lost its partition waits for.
            connection.execute(
                "UPDATE snapshot SET status = 'collected' WHERE id = %s AND status = 'published'", (snapshot.snapshot,)
            )
            for table in _MANIFEST:
                unreachable.delete(connection, table, of_snapshot, {"id": snapshot.snapshot}, found)
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
            # Which sizes its rows have is known only before they are gone; nobody else writes them, under the lock.
            for table in _MANIFEST:
                rows = unreachable.measure(connection, table, of_snapshot, {"id": snapshot.snapshot})
                found.add(table, *rows)
            lifecycle.discard(connection, snapshot.snapshot, run_id)
    tally.rows += found.rows
    tally.bytes += found.bytes


def _summary(dropped: Sequence[Doomed], working: set[str], tally: Tally, *, dry_run: bool) -> Collection:
    rows = tally.rows
    return Collection(
        dry_run=dry_run,
        collected=_by_partition([d for d in dropped if d.status == "published"]),
        discarded=_by_partition([d for d in dropped if d.status != "published"]),
        busy=sorted(working),
        snapshots=len(dropped),
        manifest_rows=sum(rows[table] for table in _MANIFEST),
        documents=rows["document"],
        chunks=rows["chunk"],
        vectors=sum(n for table, n in rows.items() if table.startswith("embedding_")),
        links=rows["document_signature"] + rows["near_duplicate"],
        bytes=tally.bytes,
    )


def _by_partition(dropped: Sequence[Doomed]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for snapshot in dropped:
        found.setdefault(snapshot.partition, []).append(snapshot.snapshot)
    return found
