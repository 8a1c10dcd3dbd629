"""A load that is staged and sealed, until it is published, rejected, or left for the next load to resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from types import TracebackType

from doc_assets.catalogue import Partition
from doc_assets.errors import AuditFailed, PublicationRefused
from doc_assets.ingest.load_history import failures_recorded
from doc_assets.ingest.publication_guards import Guards
from doc_assets.ingest.result import LoadResult
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
class StagedLoad:
    """A sealed snapshot that waits for its audit; holds the partition's lock until published, rejected or closed.

    Attributes:
        partition: The partition.
        result: Of the load so far; ``snapshot`` and ``digest`` are set.
        run_id: Dagster run, for the history.
        batch_id: Of the runs that were started together, for the history.
        settings: The guards' limits.
        store: Where the snapshot is.
        session: Holds the partition's lock.
        lease: The right to change the snapshot.
        retried: What was tried again since the load began, as fields of a result.
        started: When the load began, by ``time.perf_counter``.
        held: What is let go at the end: session, log context, progress row.
    """

    partition: Partition
    result: LoadResult
    run_id: str | None
    batch_id: str | None
    settings: Settings
    store: Store
    session: PartitionSession
    lease: Lease
    retried: Callable[[], dict[str, int]]
    started: float
    held: ExitStack

    @property
    def snapshot(self) -> int:
        """Id of the snapshot."""
        return self.lease.snapshot

    def close(self) -> None:
        """Lets go of the partition; the snapshot stays as it is, and the next load resumes it."""
        self.held.close()

    def __enter__(self) -> StagedLoad:
        """The load itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def publish(self, checks: Sequence[CheckResult], *, allow_deletions: bool = False) -> LoadResult:
        """Makes the snapshot what readers see, if every check passed and its source's guards let it.

        Raises:
            AuditFailed: A check did not pass.
            PublicationRefused: More files were rejected, or more documents vanished, than the source may lose. What is
                live stays in either case, and the caller rejects the snapshot or leaves it for the next load.
        """
        name = self.partition.name
        if failed := [check.check for check in checks if not check.passed]:
            raise AuditFailed(f"{name} failed {', '.join(failed)} and cannot be published")
        guards = Guards.of(self.settings, self.partition.source, allow_deletions=allow_deletions)
        found = self.session.run(lambda connection: losses(connection, self.snapshot))
        if refusal := guards.refusal(name, found):
            raise PublicationRefused(refusal)
        result = self._ended("published", checks)
        with (
            shutdown.heeded(),
            shutdown.deferred(),  # milliseconds, and it should be known whether they were the last ones
            self,
            failures_recorded(self.store, self.partition, self.run_id, self.started),
        ):
            self.session.run(
                lambda connection: lifecycle.publish(connection, self.lease, **self._event(result, guards))
            )
        return replace(result, **self.retried())

    def reject(self, checks: Sequence[CheckResult], why: AuditFailed | PublicationRefused | None = None) -> LoadResult:
        """Leaves what is live as it is and records why the snapshot was not published.

        Its manifest stays, and the next load takes over from it what it need not read again.
        """
        findings = [finding for check in checks if not check.passed for finding in check.findings]
        result = replace(self._ended("rejected", checks), error=str(why or "; ".join(findings)))
        guards = Guards.of(self.settings, self.partition.source)
        event = {**self._event(result, guards), "to_snapshot": self.snapshot, "error": result.error}

        def record(connection: Connection) -> None:
            with connection.transaction():
                if lifecycle.reject(connection, self.lease):
                    history.record(
                        connection,
                        "load",
                        "rejected",
                        partition_id=self.session.partition_id,
                        **event,  # pyright: ignore[reportArgumentType]
                    )

        with self, failures_recorded(self.store, self.partition, self.run_id, self.started):
            self.session.run(record)
        return result

    def _ended(self, outcome: str, checks: Sequence[CheckResult]) -> LoadResult:
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

    def _event(self, result: LoadResult, guards: Guards) -> dict[str, object]:
        """The load as a row of the history."""
        counts: dict[str, object] = {
            name: value for name, value in asdict(result).items() if isinstance(value, int) and name != "snapshot"
        }
        counts["rejected_allowed"] = guards.rejectable(result.files)
        if failed := [check.check for check in result.checks if not check.passed]:
            counts["failed_checks"] = failed
        return {
            "run_id": self.run_id,
            "batch_id": self.batch_id,
            "counts": counts,
            "stages": result.stages,
            "seconds": result.seconds,
            "peak_rss_bytes": result.peak_rss_bytes,
        }
