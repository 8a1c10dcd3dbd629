"""A loader and library in one that loads nothing and records each call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document.records import Counts
from doc_assets.errors import DocAssetsError, PublicationRefused
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.sources.discovery import Discovery
from doc_assets.store.history.moves import Move
from doc_assets.store.history.requests import LoadRequest
from doc_assets.store.retention.garbage_collection import GarbageCollection
from doc_assets.store.retention.maintenance import IndexResult
from doc_assets.store.retention.policy import Policy
from doc_assets.store.versions.rollback import RollbackResult
from doc_assets.store.versions.summary import LeftOut, Publication, SampleDocument, SnapshotSummary
from doc_assets.validation.audit import CHECKS, CheckResult

TYPES = ("rust", "jupyter", "kubernetes", "defi", "ebpf", "best_practices")
STAGED, LIVE = 7, 5
# What the fakes found in every source.
NOTHING = Discovery("1", Path("/nowhere"), (), 1)


def digest_of(snapshot: int) -> str:
    return f"{snapshot:064x}"


def result_of(partition: Partition, snapshot: int, result: str) -> LoadResult:
    return LoadResult(
        partition.doc_type, partition.key, result, snapshot, digest_of(snapshot), files=4, loaded=3, documents=3
    )


@dataclass
class FakeStagedLoad:
    """A sealed snapshot of which only the number is real."""

    partition: Partition
    snapshot: int
    library: FakeLibrary

    def publish(self, checks: list[CheckResult], *, allow_deletions: bool = False) -> LoadResult:
        """Nothing but the result; the library's ``refusal`` instead where it holds one and no deletions are allowed."""
        if self.library.refusal and not allow_deletions:
            raise PublicationRefused(self.library.refusal)
        self.library.calls.append("publish")
        return result_of(self.partition, self.snapshot, "published")

    def reject(self, checks: list[CheckResult], why: DocAssetsError) -> LoadResult:
        """Nothing but the result."""
        self.library.calls.append("reject")
        return replace(result_of(self.partition, self.snapshot, "rejected"), error=str(why))

    def __enter__(self) -> FakeStagedLoad:
        """As the loader's own."""
        return self

    def __exit__(self, *_: object) -> None:
        """Tells that the partition's lock would be let go."""
        self.library.calls.append("close")


@dataclass
class FakeLibrary:
    """Loader and library in one; ``calls`` is what was asked, in order."""

    calls: list[str] = field(default_factory=list)
    failing: dict[str, list[str]] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    up_to_date: bool = False
    error: DocAssetsError | None = None
    refusal: str | None = None
    staged: list[tuple[str, int | None]] = field(default_factory=list)
    batches: list[str | None] = field(default_factory=list)
    states: dict[str, str | None] = field(default_factory=dict)
    loading: list[str | None] = field(default_factory=list)
    unmoved: list[str] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    requests: list[LoadRequest] = field(default_factory=list)
    address: str = "postgresql://db.example/docs"

    @property
    def loader(self) -> FakeLibrary:
        """Itself."""
        return self

    def survey(
        self,
        partition: Partition,
        catalogue: Catalogue,
        limit: int | None,
        run_id: str,
        *,
        batch_id: str | None = None,
        forced: bool = False,
    ) -> Survey:
        """As ``up_to_date`` and ``states`` say."""
        self.calls.append("survey")
        if self.error:
            raise self.error
        unchanged = result_of(partition, LIVE, "unchanged") if self.up_to_date else None
        return Survey(partition, limit, NOTHING, unchanged, None if limit else self.states.get(partition.name))

    def record_unchanged(self, partitions: list[Partition]) -> None:
        """Into ``unmoved``."""
        self.unmoved += [partition.name for partition in partitions]

    def stage(self, survey: Survey, *, run_id: str | None, batch_id: str | None = None) -> FakeStagedLoad:
        """Raises ``error`` if there is one."""
        self.calls.append("stage")
        self.staged.append((survey.partition.name, survey.limit))
        self.batches.append(batch_id)
        if self.error:
            raise self.error
        return FakeStagedLoad(survey.partition, STAGED, self)

    def source_states(self, partitions: list[Partition], catalogue: Catalogue) -> dict[str, str | None]:
        """As ``states`` says."""
        return {partition.name: self.states.get(partition.name) for partition in partitions}

    def loading_run(self, partition: str) -> str | None:
        """The next of ``loading``."""
        return self.loading.pop(0) if self.loading else None

    def index(self) -> IndexResult:
        """Nothing but a call."""
        self.calls.append("index")
        return IndexResult(built=False, last=True, seconds=0.0)

    def collect(self, policy: Policy, run_id: str) -> GarbageCollection:
        """Nothing but the policy in ``calls``."""
        self.calls.append(f"gc {policy.keep} {policy.days:g}")
        return GarbageCollection(False, {}, {}, [], 0, 0, 0, 0, 0, 0, 0)

    def left_catalogue(self, catalogue: Catalogue) -> tuple[str, ...]:
        """One partition."""
        return ("ebpf/left",)

    def retire(self, names: tuple[str, ...], run_id: str, *, dry_run: bool = False) -> list[RollbackResult]:
        """Nothing but the names in ``calls``."""
        self.calls.append(f"{'would ' * dry_run}retire {' '.join(names)}")
        return [RollbackResult(name, LIVE, None, None, 0.0) for name in names]

    def audit(self, snapshot: int, partition: str = "rust/tokio") -> list[CheckResult]:
        """All six pass but those in ``failing``."""
        self.calls.append(f"audit {snapshot}")
        return [
            CheckResult(
                partition, snapshot, check, check not in self.failing, {"documents": 3}, self.failing.get(check, [])
            )
            for check in CHECKS
        ]

    def published(self, partition: str) -> int | None:
        """As ``live`` says."""
        return self.live.get(partition)

    def audit_live(self, partition: str) -> list[CheckResult]:
        """The audit of what ``live`` says."""
        return self.audit(self.live[partition], partition) if partition in self.live else []

    def validate(self, partitions: list[str], run_id: str) -> list[CheckResult]:
        """The audits of what ``live`` says."""
        return [result for partition in partitions for result in self.audit_live(partition)]

    def rollback_target(self, partition: str, to: str) -> int:
        """The live number, whatever was asked for."""
        self.calls.append(f"look up {to} of {partition}")
        return LIVE

    def roll_back(self, partition: str, to: str, run_id: str) -> RollbackResult:
        """From the staged to the live number."""
        self.calls.append(f"roll back {partition} to {to}")
        return RollbackResult(partition, STAGED, LIVE, digest_of(LIVE), 0.01)

    def moves_after(self, history_id: int) -> list[Move]:
        """Those of ``moves`` that are newer."""
        return [move for move in self.moves if move.id > history_id]

    def requests_after(self, history_id: int) -> list[LoadRequest]:
        """Those of ``requests`` that are newer."""
        return [request for request in self.requests if request.id > history_id]

    def summary(self, snapshot: int) -> SnapshotSummary:
        """Three documents, of which one has a title that is markup."""
        return SnapshotSummary(
            digest_of(snapshot),
            "1",
            Counts(files=4, loaded=3, skipped=1, documents=3, chunks=9, tokens=90, bytes=900),
            0,
            [SampleDocument("a.md", "![x](http://elsewhere.example/x.png) | <b>", "markdown", 3, 30)],
            [LeftOut("skipped", "empty", 1)],
            [Publication(datetime(2026, 1, 4, tzinfo=UTC), "load", snapshot, 3, 9)],
            6,
        )
