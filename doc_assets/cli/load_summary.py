"""Summary of ``migrate``: as tables, as JSON, and in the termination message for Kubernetes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from doc_assets.cli.left_catalogue import note_crate_fronts, note_left_catalogue
from doc_assets.cli.output import print_json, print_note, print_table
from doc_assets.cli.validate import print_checks
from doc_assets.document.records import COUNTS
from doc_assets.ingest.result import LoadResult
from doc_assets.runtime import termination_message
from doc_assets.runtime.progress import duration
from doc_assets.runtime.termination_message import Failure
from doc_assets.store.partitions.crate_fronts import CrateFront
from doc_assets.store.partitions.left_catalogue import LeftPartition
from doc_assets.store.schema import schema

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


# Below it no stage is what the others wait for.
_BUSY = 0.5


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
    """

    results: Sequence[LoadResult]
    seconds: float
    peak_rss_bytes: int
    steps: Mapping[str, float]
    batch_id: str | None
    loading: Loading | None = None
    left: Sequence[LeftPartition] = ()
    fronts: Sequence[CrateFront] = ()

    @property
    def unfinished(self) -> list[LoadResult]:
        """Results of partitions that failed, were rejected or stopped, worst first."""
        found = [result for result in self.results if result.result in _UNFINISHED]
        return sorted(found, key=lambda result: _UNFINISHED.index(result.result))

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
            "documents_per_minute": round(worked * 60 / self.seconds, 1),
            "peak_rss_bytes": max([self.peak_rss_bytes, *(result.peak_rss_bytes for result in self.results)]),
        }

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
        if self.loading is None or self.loading.seconds <= 0:
            return {}
        worked = defaultdict[str, float](float)
        for result in self.results:
            for stage, spent in result.stages.items():
                worked[{"seal": "write", "audit": "write"}.get(stage, stage)] += spent
        lanes, seconds = self.loading.lanes, self.loading.seconds
        return {stage: min(1.0, worked[stage] / (lanes[stage] * seconds)) for stage in ("parse", "embed", "write")}

    @property
    def bottleneck(self) -> str | None:
        """The stage that the others wait for; None if none was busy for half of the time."""
        busy = self.busy
        slowest = max(busy, key=lambda stage: busy[stage], default=None)
        return slowest if slowest is not None and busy[slowest] >= _BUSY else None

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
        self._note_stopped()
        if {result.result for result in self.results} <= {"unchanged"}:
            print_note(
                f"nothing changed: {len(self.results)} partitions are live and up to date ({duration(self.seconds)})"
            )
            return
        if checks := [check for result in self.results for check in result.checks]:
            print_checks(checks)
        stages = self.stages.items()
        print_table("where the time went", ["stage", "seconds"], [(s, round(t, 1)) for s, t in stages])
        if busy := self.busy:
            shares = ", ".join(f"{stage} {share:.0%}" for stage, share in busy.items())
            named = f"{self.bottleneck} is the bottleneck" if self.bottleneck else "no stage is the bottleneck"
            print_note(f"busy while loading: {shares}; {named}")
        if totals["retries"] or totals["embedding_retries"]:
            print_note(
                f"tried again after failures that passed: {totals['retries']:,} steps of the database, "
                f"{totals['embedding_retries']:,} requests to the embedding endpoint"
            )
        if totals["pointers"]:
            print_note(
                f"{totals['pointers']:,} rejected files only point to content kept elsewhere (Git LFS, git-annex): "
                "doc-assets quarantine list"
            )
        print_note(
            f"{totals['documents']:,} documents, {totals['bytes'] / 1e6:,.1f} MB in {duration(self.seconds)}: "
            f"{totals['documents_per_minute']:,.0f} documents/min, "
            f"{totals['bytes'] * 60e-6 / self.seconds:,.1f} MB/min, "
            f"{totals['tokens_embedded'] / self.seconds:,.0f} tokens/s embedded, "
            f"peak memory {totals['peak_rss_bytes'] / 1e9:.2f} GB"
        )
        if self.batch_id is not None:
            print_note(f"back to before it: doc-assets rollback --run {self.batch_id}")

    def _note_stopped(self) -> None:
        """Print how far the loads came that were stopped, and how to go on."""
        stopped = [result for result in self.results if result.result == "stopped"]
        begun = [result for result in stopped if result.snapshot is not None]
        for result in begun:
            print_note(f"{result.partition}: {result.error}")
        if stopped:
            print_note(
                f"stopped: {sum(result.files for result in begun):,} files of {len(begun):,} partitions are in, "
                f"{len(stopped) - len(begun):,} partitions were not begun; the same command goes on from there"
            )

    def _print_partitions(self, totals: Mapping[str, int | float], *, wide: bool) -> None:
        print_table(
            "migrate",
            ["partition", "result", *_COUNTED, "seconds", "docs/min"],
            [
                (r.partition, r.result, *(getattr(r, c) for c in _COUNTED), r.seconds, r.documents_per_minute)
                for r in self.results
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
    return named | {key: value for key, value in asdict(result).items() if key not in ("key", "checks", "stages")}
