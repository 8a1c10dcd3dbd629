"""``validate``: audit everything that is live, or a choice of snapshots, and record the result in the history.

The checks are in ``audit``; ``source_comparison`` compares the sources, ``vector_sampling`` the vectors.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from doc_assets.errors import NotFound, nearest
from doc_assets.store.audit import manifests, validation_reads
from doc_assets.store.audit.consistent_read import ConsistentRead
from doc_assets.store.audit.validation_reads import RowCounts
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.history import history
from doc_assets.validation.audit import CheckResult, run_checks


@dataclass(frozen=True, slots=True)
class Wanted:
    """Choice of snapshots to validate; by default the live ones.

    Attributes:
        snapshots: Ids of sealed snapshots; the other fields do not apply to them.
        retained: Whether to include every published snapshot whose manifest is kept.
        types: Document types; all if empty.
        partitions: Partition names; all if empty.
    """

    snapshots: tuple[int, ...] = ()
    retained: bool = False
    types: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validation:
    """Result of a validation.

    Attributes:
        checks: Six results for each snapshot, with all findings.
        proven: Number of audited rows.
        wrong: Number of wrong rows, each counted in every snapshot that holds it.
        seconds: Wall time.
    """

    checks: list[CheckResult]
    proven: RowCounts
    wrong: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.passed for check in self.checks)

    @property
    def line(self) -> str:
        """The result in one line."""
        p = self.proven
        return (
            f"{p.documents:,} documents, {p.chunks:,} chunks, {p.vectors:,} vectors, {p.manifest_rows:,} manifest rows"
            f" proven, {self.wrong:,} wrong"
        )


def validate(
    store: Store,
    wanted: Wanted | None = None,
    *,
    threads: int = 1,
    search_vectors: bool = False,
    run_id: str | None = None,
) -> Validation:
    """Audit snapshots as they are at this moment, and record the result in the history.

    Concurrent loads, rollbacks and garbage collections are neither blocked nor seen.

    Args:
        store: Database to validate.
        wanted: Snapshots to validate; by default the live ones.
        threads: Queries that run at the same time.
        search_vectors: Recompute the full-text vectors as well: two minutes for 100,000 chunks.
        run_id: Dagster run, for the history.

    Raises:
        NotFound: A snapshot or partition does not exist, or was never sealed.
    """
    started = time.perf_counter()
    with ConsistentRead(store, "doc-assets validate", threads) as read:
        snapshot_ids = _chosen(read.connection, wanted or Wanted())
        checks = run_checks(read, snapshot_ids, search_vectors=search_vectors, findings_shown=None)
        proven = validation_reads.row_counts(read.connection, snapshot_ids)
    result = Validation(checks, proven, sum(check.wrong for check in checks), time.perf_counter() - started)
    _record(store, result, run_id)
    return result


def _chosen(connection: Connection, wanted: Wanted) -> list[int]:
    if wanted.snapshots:
        return _sealed(connection, wanted.snapshots)
    live = manifests.pointers(connection).live
    known_types = sorted({name.partition("/")[0] for name in live})
    for doc_type in wanted.types:
        if doc_type not in known_types:
            there_are = f"there are {', '.join(known_types)}" if known_types else "doc-assets migrate loads documents"
            raise NotFound(f"nothing of type {doc_type!r} is live{nearest(doc_type, known_types)}: {there_are}")
    for name in wanted.partitions:
        if name not in live:
            raise NotFound(f"partition {name!r} is not live{nearest(name, live)}: doc-assets snapshots lists what is")
    names = [
        name
        for name in live
        if (not wanted.types or name.partition("/")[0] in wanted.types)
        and (not wanted.partitions or name in wanted.partitions)
    ]
    if not wanted.retained:
        return [live[name] for name in names]
    kept = validation_reads.published_snapshots(connection, names)
    return list(dict.fromkeys([*kept, *(live[name] for name in names)]))


def _sealed(connection: Connection, snapshot_ids: Sequence[int]) -> list[int]:
    status = validation_reads.statuses(connection, snapshot_ids)
    for snapshot_id in snapshot_ids:
        if snapshot_id not in status:
            raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
        if (what := status[snapshot_id]) in ("staging", "discarded", "collected"):
            reason = "is still being written" if what == "staging" else f"was {what}, and its manifest is gone"
            raise NotFound(f"snapshot {snapshot_id} {reason}: doc-assets snapshots lists the others")
    return list(dict.fromkeys(snapshot_ids))


def _record(store: Store, result: Validation, run_id: str | None) -> None:
    failed = [check for check in result.checks if not check.passed]
    failed_checks: dict[int, list[str]] = {}
    for check in failed:
        failed_checks.setdefault(check.snapshot, []).append(check.check)
    counts = {
        "partitions": len({check.partition for check in result.checks}),
        **asdict(result.proven),
        "failed": len(failed),
        "wrong": result.wrong,
        "snapshot_ids": sorted({check.snapshot for check in result.checks}),
        "failed_checks": failed_checks,
    }
    with store.connect() as connection:
        history.record(
            connection,
            "validate",
            "failed" if failed else "passed",
            run_id=run_id,
            counts=counts,
            seconds=result.seconds,
            error="; ".join(finding for check in failed for finding in check.findings)[:2000] or None,
        )
