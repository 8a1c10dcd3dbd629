"""Rollback: publishes earlier snapshots again, all or none, after proving their digests and seals.

Which snapshots those are is in ``rollback_targets``; pointers are moved in ``snapshots.publication``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import psycopg

from doc_assets.errors import Refused, StoreError
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import partition_lock
from doc_assets.store.snapshots import publication
from doc_assets.store.versions.references import require_publishable
from doc_assets.store.versions.rollback_targets import RollbackSelection, Target, ToSnapshot

# Digests are computed by PostgreSQL, one core each: 105 partitions take 3.1 s on one connection of a machine with two
# cores, 1.7 s on two, and no longer on four.
_CONNECTIONS = 4
_NAMED = 5  # snapshots in an error message


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """The rollback of one partition.

    Attributes:
        from_snapshot: The snapshot that was live; None if nothing was.
        to_snapshot: The one that is live now; None if the partition was taken down.
        digest: Its digest in hex, recomputed from the rows.
        seconds: From the call to the proof.
        overtaken: Whether a later publication than that of the undone run was undone as well.
    """

    partition: str
    from_snapshot: int | None
    to_snapshot: int | None
    digest: str | None
    seconds: float
    overtaken: bool = False

    @property
    def result(self) -> str:
        """Return ``published``, ``unpublished`` (taken down) or ``unchanged``."""
        if self.from_snapshot == self.to_snapshot:
            return "unchanged"
        return "published" if self.to_snapshot is not None else "unpublished"


@dataclass(frozen=True, slots=True)
class Rollback:
    """The results of one call in the order of partition ids; rolling back ``run_id`` undoes it."""

    run_id: str
    partitions: list[RollbackResult]
    seconds: float


class WouldTakeDown(Refused):
    """Readers would lose all documents of partitions, which was not agreed to; ``partitions`` names them."""

    def __init__(self, partitions: Sequence[str], documents: int, of: int) -> None:
        """Name the first few partitions in the message; ``of`` partitions were selected."""
        self.partitions = partitions
        more = f" and {len(partitions) - _NAMED} more" if len(partitions) > _NAMED else ""
        super().__init__(
            f"{len(partitions)} of {of} partition{'s' if of > 1 else ''} would be taken down, with {documents:,} live "
            f"document{'' if documents == 1 else 's'}: {', '.join(partitions[:_NAMED])}{more}"
        )


def rollback(store: Store, partition: str, to: str = "previous", run_id: str | None = None) -> RollbackResult:
    """Roll one partition back to a snapshot's id or ``previous``; see ``roll_back``."""
    (result,) = roll_back(store, ToSnapshot(partition, to), run_id=run_id).partitions
    return result


def roll_back(
    store: Store,
    where: RollbackSelection,
    *,
    run_id: str | None = None,
    dry_run: bool = False,
    action: Literal["rollback", "retire"] = "rollback",
    may_take_down: Collection[str] | None = None,
) -> Rollback:
    """Publish earlier snapshots again in one transaction, after recomputing digests and seals from the rows.

    Args:
        store: The store.
        where: ``ToSnapshot``, ``BeforeRun`` or ``AsOf``.
        run_id: The run that the history records, by default a new one.
        dry_run: Prove, but lock and move nothing.
        action: What the history calls it.
        may_take_down: The partitions that may be left with nothing live, None for any.

    Example:
        >>> roll_back(store, AsOf(parse_moment("2h"), doc_type="rust"))

    Raises:
        NotFound: A target was never published, or was collected.
        Refused: Two embedding spaces would be live.
        WouldTakeDown: A partition that is not in ``may_take_down`` would be left with nothing live.
        StoreError: A target's rows do not give what it was sealed with, or PostgreSQL failed.
        PartitionLocked: A partition is being worked on; says by whom.
    """
    started = time.perf_counter()
    run_id = run_id or str(uuid.uuid4())
    with (
        _explain_failures(action),
        store.connect(f"doc-assets {action} {run_id}") as connection,
        ExitStack() as locks,
    ):
        partitions = dict(sorted(where.partitions(connection).items()))
        for partition_id, name in partitions.items():
            if not dry_run:
                locks.enter_context(partition_lock(connection, partition_id, name))
        targets = where.targets(connection, partitions)
        if may_take_down is not None:
            _require_agreed(connection, targets, may_take_down)
        require_publishable(connection, {t.partition: t.snapshot for t in targets if t.snapshot is not None})
        try:
            digests = _prove(store, connection, targets)
            seconds = time.perf_counter() - started
            if not dry_run:
                _move(store, connection, targets, action, {"run_id": run_id, "seconds": seconds})
        except _ProofFailed as failed:
            if not dry_run:
                _record_refusal(connection, failed.broken, run_id)
            raise
    results = [_result(target, digests, seconds) for target in targets]
    return Rollback(run_id, results, time.perf_counter() - started)


def _require_agreed(connection: psycopg.Connection, targets: Sequence[Target], agreed: Collection[str]) -> None:
    down = [target for target in targets if target.live is not None and target.snapshot is None]
    if all(target.partition in agreed for target in down):
        return
    row = connection.execute(
        "SELECT coalesce(sum(documents), 0) FROM snapshot WHERE id = ANY (%s)", ([target.live for target in down],)
    ).fetchone()
    raise WouldTakeDown([target.partition for target in down], int(row[0]) if row else 0, len(targets))


def _move(
    store: Store, connection: psycopg.Connection, targets: Sequence[Target], action: str, event: Mapping[str, object]
) -> None:
    """Move the pointers that differ from their targets; commits only if what they then name is proven once more."""
    moving = {target.partition_id: target for target in targets if target.snapshot != target.live}
    if not moving:
        return
    with connection.transaction():
        wanted = {partition_id: target.snapshot for partition_id, target in moving.items()}
        publication.move(connection, wanted, action, dict.fromkeys(moving, event))
        live = connection.execute(
            "SELECT id, published_snapshot_id FROM partition WHERE id = ANY (%s)", (list(moving),)
        ).fetchall()
        _prove(store, connection, [replace(moving[partition_id], snapshot=snapshot) for partition_id, snapshot in live])
        if dict(live) != wanted:
            raise StoreError("the pointers do not name the targets after the update, and nothing moved: check triggers")


def _prove(store: Store, connection: psycopg.Connection, targets: Sequence[Target]) -> dict[int, str]:
    """Return the digest (hex) of every target's snapshot, computed from its rows.

    Raises:
        _ProofFailed: A digest or seal differs from the one that was sealed.
    """
    sizes = connection.execute(
        "SELECT id FROM snapshot WHERE id = ANY (%s) ORDER BY chunks DESC", ([target.snapshot for target in targets],)
    ).fetchall()
    # The largest first, so that no connection starts it last while the others idle.
    queue = iter([row[0] for row in sizes])

    def prove(_: int) -> list[tuple]:
        with store.connect("doc-assets proof") as proving:
            return [proving.execute(_PROOF, (snapshot_id,)).fetchone() or () for snapshot_id in queue]

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        rows = [row for rows in pool.map(prove, range(min(_CONNECTIONS, len(sizes)))) for row in rows]
    wrong = {row[0]: "digest" if not row[2] else "seal" for row in rows if not (row[2] and row[3])}
    if broken := {t: wrong[t.snapshot] for t in targets if t.snapshot is not None and t.snapshot in wrong}:
        raise _ProofFailed(broken)
    return {row[0]: row[1] for row in rows}


_PROOF = (
    "SELECT id, encode(digest, 'hex'), coalesce(digest = snapshot_digest(id), false),"
    " coalesce(seal = snapshot_seal(id), false) FROM snapshot WHERE id = %s"
)


class _ProofFailed(StoreError):
    """Rows of targets do not give the digest or the seal; ``broken`` says which."""

    def __init__(self, broken: Mapping[Target, str]) -> None:
        """Name the first few targets in the message."""
        self.broken = broken
        named = [f"snapshot {t.snapshot} of {t.partition} does not give the {what}" for t, what in broken.items()]
        more = f" (and {len(named) - _NAMED} others)" if len(named) > _NAMED else ""
        super().__init__(
            f"{', '.join(named[:_NAMED])}{more} that it was sealed with: its rows were changed outside doc-assets, and "
            "nothing was moved; roll back to another snapshot (doc-assets snapshots lists them)"
        )


def _record_refusal(connection: psycopg.Connection, broken: Mapping[Target, str], run_id: str) -> None:
    for target, what in broken.items():
        history.record(
            connection,
            "rollback",
            "refused",
            partition_id=target.partition_id,
            from_snapshot=target.live,
            to_snapshot=target.snapshot,
            run_id=run_id,
            error=f"snapshot {target.snapshot} does not give the {what} that it was sealed with",
        )


def _result(target: Target, digests: Mapping[int, str], seconds: float) -> RollbackResult:
    digest = digests[target.snapshot] if target.snapshot is not None else None
    overtaken = target.overtaken and target.live != target.snapshot
    return RollbackResult(target.partition, target.live, target.snapshot, digest, seconds, overtaken)


@contextmanager
def _explain_failures(action: str) -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        # Not retried: a commit whose answer was lost may have happened.
        raise StoreError(
            f"PostgreSQL failed during the {action} ({reason}): all of it happened or nothing; doc-assets history "
            "says which"
        ) from error
