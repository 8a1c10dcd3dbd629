"""A staged and sealed load, until it is published, rejected, or left for the next load to resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

from doc_assets.catalogue import Partition
from doc_assets.errors import AuditFailed, PublicationRefused
from doc_assets.ingest.load_history import recording_failures
from doc_assets.ingest.publication_guards import Guards
from doc_assets.ingest.result import LoadResult, RetryCounts
from doc_assets.runtime import shutdown
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.history import history
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets.store.snapshots.losses import losses
from doc_assets.validation.audit import CheckResult


@dataclass(frozen=True)
class StagedLoad(AbstractContextManager["StagedLoad"]):
    """A sealed snapshot before its publication; holds the partition's lock until published, rejected or closed.

    Attributes:
        result: Result of the load so far; ``snapshot`` and ``digest`` are set.
        settings: Settings with the guards' limits.
        circumstances: What the load runs on and with, for the history.
        session: Session that holds the partition's lock.
        retried: Returns the retries since the start of the load, as fields of a result.
        started: Start of the load by ``time.perf_counter``.
        held: Session, log context and progress row, released at the end.
    """

    partition: Partition
    result: LoadResult
    run_id: str | None
    batch_id: str | None
    settings: Settings
    circumstances: Mapping[str, object]
    store: Store
    session: PartitionSession
    lease: Lease
    retried: Callable[[], RetryCounts]
    started: float
    held: ExitStack

    @property
    def snapshot(self) -> int:
        """Id of the snapshot."""
        return self.lease.snapshot

    def close(self) -> None:
        """Release the partition; the snapshot stays as it is, and the next load resumes it."""
        self.held.close()

    def __exit__(self, *_: object) -> None:
        """Close the load."""
        self.close()

    def publish(self, checks: Sequence[CheckResult], *, allow_deletions: bool = False) -> LoadResult:
        """Make the snapshot live, if every check passed and the source's guards allow it.

        After an error what is live stays, and the caller rejects the snapshot or leaves it for the next load.

        Raises:
            AuditFailed: A check did not pass.
            PublicationRefused: More files were rejected, or more documents vanished, than the source may lose.
        """
        name = self.partition.name
        if failed := [check.check for check in checks if not check.passed]:
            raise AuditFailed(f"{name} failed {', '.join(failed)} and cannot be published")
        guards = Guards.of(self.settings, self.partition.source, allow_deletions=allow_deletions)
        found = self.session.run(lambda connection: losses(connection, self.snapshot))
        if refusal := guards.refusal(name, found, self.partition.holds):
            raise PublicationRefused(refusal)
        result = self._final_result("published", checks)
        with (
            shutdown.handling_signals(),
            shutdown.deferred(),  # takes milliseconds, and the caller must know whether it was published
            self,
            recording_failures(self.store, self.partition, self.run_id, self.started, batch_id=self.batch_id),
        ):
            event = self._event(result, guards)
            self.session.run(lambda connection: lifecycle.publish(connection, self.lease, **event))
        return replace(result, **self.retried())

    def reject(self, checks: Sequence[CheckResult], why: AuditFailed | PublicationRefused | None = None) -> LoadResult:
        """Reject the snapshot and record the reason; what is live stays.

        The manifest stays, and the next load reuses what has not changed.
        """
        findings = [finding for check in checks if not check.passed for finding in check.findings]
        result = replace(self._final_result("rejected", checks), error=str(why or "; ".join(findings)))
        event = self._event(result, Guards.of(self.settings, self.partition.source))
        event |= {"partition_id": self.session.partition_id, "to_snapshot": self.snapshot, "error": result.error}

        def record(connection: Connection) -> None:
            with connection.transaction():
                if lifecycle.reject(connection, self.lease):
                    history.record(connection, "load", "rejected", **event)

        with self, recording_failures(self.store, self.partition, self.run_id, self.started, batch_id=self.batch_id):
            self.session.run(record)
        return result

    def _final_result(self, outcome: str, checks: Sequence[CheckResult]) -> LoadResult:
        seconds = time.perf_counter() - self.started
        return replace(
            self.result,
            result=outcome,
            seconds=seconds,
            documents_per_minute=self.result.documents * 60 / seconds,
            stages=self.result.stages | {"audit": seconds - self.result.seconds},
            checks=list(checks),
            **self.retried(),
        )

    def _event(self, result: LoadResult, guards: Guards) -> dict[str, Any]:
        """Return the load as fields of a history row."""
        counts: dict[str, object] = {
            name: value for name, value in asdict(result).items() if isinstance(value, int) and name != "snapshot"
        }
        counts["rejected_allowed"] = guards.rejectable(result.files)
        if failed := [check.check for check in result.checks if not check.passed]:
            counts["failed_checks"] = failed
        if result.warnings:
            counts["warnings"] = list(result.warnings)
        counts |= {"samples": result.samples, "machine": dict(self.circumstances)}
        return {
            "run_id": self.run_id,
            "batch_id": self.batch_id,
            "counts": counts,
            "stages": result.stages,
            "seconds": result.seconds,
            "peak_rss_bytes": result.peak_rss_bytes,
        }
