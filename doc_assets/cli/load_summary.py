"""Summary of ``migrate``: as tables, as JSON, and in the termination message for Kubernetes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from doc_assets.cli.left_catalogue import note_crate_fronts, note_left_catalogue
from doc_assets.cli.output import print_json, print_note, print_table
from doc_assets.cli.validate import print_checks
from doc_assets.document.records import COUNTS
from doc_assets.ingest.result import LoadResult
from doc_assets.report.bounds import Machine, advice, bottleneck, busy_shares
from doc_assets.report.mending import by_kind
from doc_assets.runtime import termination_message
from doc_assets.runtime.progress import count_of, duration
from doc_assets.runtime.termination_message import Failure
from doc_assets.store.partitions.crate_fronts import CrateFront
from doc_assets.store.partitions.left_catalogue import LeftPartition
from doc_assets.store.schema import schema
from doc_assets.store.versions.runs import LeftOutFiles

_COUNTED = (*(count for count in COUNTS if count not in ("tokens", "bytes")), "embedded", "reused")
_SUMMED = (
    *_COUNTED,
    "tokens",
    "tokens_embedded",
    "bytes",
    "retries",
    "embedding_retries",
    "pointers",
    "includes_missing",
)
# Worst first: the termination message has space for the first ones only.
_UNFINISHED = ("failed", "rejected", "stopped")


@dataclass(frozen=True, slots=True)
class Loading:
    """The loads of one call.

    Attributes:
        seconds: Wall time from the start of the first to the end of the last.
        lanes: How many processes do the work of a stage side by side: ``parse``, ``embed``, ``write``.
    """

    seconds: float
    lanes: Mapping[str, int]


@dataclass(frozen=True)
class LoadSummary:
    """Results of all partitions of one call.

    Attributes:
        results: Results, sorted by type and partition.
        seconds: Wall time.
        peak_rss_bytes: Peak memory of this process and its children without PostgreSQL.
        steps: Seconds of the steps common to all partitions.
        loading: The time of the loads, and how many work side by side; None if nothing was loaded.
        batch_id: Run batch of the loads; None if nothing was published.
        left: Live partitions that left the catalogue.
        fronts: Live crates that re-export crates which the catalogue lacks.
        run: Run batch of the loads, also of those that published nothing.
        left_out: Files of the loads' snapshots that were not loaded, by partition and reason.
        near_pairs: Pairs of near duplicates with a document of the loads.
        machine: What bounds a load here.
    """

    results: Sequence[LoadResult]
    seconds: float
    peak_rss_bytes: int
    steps: Mapping[str, float]
    batch_id: str | None
    loading: Loading | None = None
    left: Sequence[LeftPartition] = ()
    fronts: Sequence[CrateFront] = ()
    run: str = ""
    left_out: Sequence[LeftOutFiles] = ()
    near_pairs: int = 0
    machine: Machine = field(default_factory=Machine)

    @property
    def unfinished(self) -> list[LoadResult]:
        """Results of partitions that failed, were rejected or stopped, worst first."""
        found = [result for result in self.results if result.result in _UNFINISHED]
        return sorted(found, key=lambda result: _UNFINISHED.index(result.result))

    @property
    def nothing_changed(self) -> bool:
        """Whether every partition holds what its source has."""
        return {result.result for result in self.results} <= {"unchanged"}

    @property
    def failed(self) -> bool:
        """Whether a load failed or was rejected."""
        return any(result.result != "stopped" for result in self.unfinished)

    @property
    def totals(self) -> dict[str, int | float]:
        """Sums over all partitions, seconds, documents per minute, peak memory."""
        worked = sum(result.documents for result in self.results if result.result in ("published", "rejected"))
        return {name: sum(getattr(result, name) for result in self.results) for name in _SUMMED} | {
            "seconds": round(self.seconds, 3),
            "documents_per_minute": round(60 * self.per_second(worked), 1),
            "peak_rss_bytes": max([self.peak_rss_bytes, *(result.peak_rss_bytes for result in self.results)]),
        }

    @property
    def loads(self) -> int:
        """How many partitions were loaded, or begun."""
        return sum(bool(result.stages) for result in self.results)

    def per_second(self, count: float) -> float:
        """Return a count by the wall time; 0 if it took none."""
        return count / self.seconds if self.seconds > 0 else 0.0

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage over all partitions."""
        found = Counter({"discover": self.steps.get("discover", 0.0)})
        for result in self.results:
            found.update(result.stages)
        return {**found, **{step: spent for step, spent in self.steps.items() if step != "discover"}}

    @property
    def busy(self) -> dict[str, float]:
        """The share of the loads' time, 0 to 1, in which each stage was busy; sealing and auditing count as writing."""
        if self.loading is None:
            return {}
        return busy_shares((result.stages for result in self.results), self.loading.lanes, self.loading.seconds)

    @property
    def bottleneck(self) -> str | None:
        """The stage that the others wait for; None if none was busy for half of the time."""
        return bottleneck(self.busy)

    def report(self) -> None:
        """Add the summary to the termination message."""
        termination_message.add_facts(
            schema_revision=schema.head(),
            batch=self.batch_id,
            partitions=Counter(result.result for result in self.results),
            totals=self.totals,
            **({"left_catalogue": len(self.left)} if self.left else {}),
        )
        termination_message.add_failures([Failure(r.partition, r.result, r.error or "") for r in self.unfinished])

    def print_json(self) -> None:
        """Print JSON to stdout."""
        print_json(
            {
                "batch": self.batch_id,
                "partitions": [result_as_json(result) for result in self.results],
                "totals": self.totals,
                "stages": {stage: round(spent, 3) for stage, spent in self.stages.items()},
                "busy": {stage: round(share, 4) for stage, share in self.busy.items()},
                "bottleneck": self.bottleneck,
                "advice": advice(self.bottleneck, self.machine, self.loads) if self.busy else [],
                "left_out": [
                    {**asdict(kind.kind), "files": kind.files, "partitions": dict(kind.partitions)}
                    for kind in by_kind(self.left_out)
                ],
                "near_duplicates": self.near_pairs,
                "left_catalogue": list(self.left),
                "crate_fronts": list(self.fronts),
                "checks": [check.as_json() for result in self.results for check in result.checks],
            }
        )

    def print_tables(self, *, wide: bool = False) -> None:
        """Print tables to stdout and sums to stderr."""
        totals = self.totals
        self._print_partitions(totals, wide=wide)
        for result in self.results:
            for warning in result.warnings:
                print_note(f"warning: {result.partition}: {warning}")
        note_left_catalogue(self.left)
        note_crate_fronts(self.fronts)
        if self.nothing_changed:
            print_note(
                f"nothing changed: {count_of(len(self.results), 'partition is', 'partitions are')} live and up to date "
                f"({duration(self.seconds)})"
            )
            return
        checks = [check for result in self.results for check in result.checks]
        if not all(check.passed for check in checks):
            print_checks(checks)

    def _print_partitions(self, totals: Mapping[str, int | float], *, wide: bool) -> None:
        changed = [result for result in self.results if result.result != "unchanged"]
        print_table(
            "migrate",
            ["partition", "result", *_COUNTED, "seconds", "docs/min"],
            [
                (r.partition, r.result, *(getattr(r, c) for c in _COUNTED), r.seconds, r.documents_per_minute)
                for r in changed or self.results
            ],
            total=["total", "", *(totals[c] for c in _COUNTED), totals["seconds"], totals["documents_per_minute"]],
            first=["partition", "result", "documents", "embedded", "rejected"],
            wide=wide,
        )


def in_order(results: Sequence[LoadResult]) -> list[LoadResult]:
    """Return the results by type and partition."""
    return sorted(results, key=lambda result: (result.doc_type, result.partition))


def result_as_json(result: LoadResult) -> dict:
    """Return the fields of a result, with the partition key as ``partition`` beside ``doc_type``."""
    named = {"doc_type": result.doc_type, "partition": result.key, "result": result.result}
    return named | {
        key: value for key, value in asdict(result).items() if key not in ("key", "checks", "stages", "samples")
    }
