"""``doc-assets plan``, and ``migrate --dry-run``: what a load would do, what it costs, and what would refuse it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.cli.left_catalogue import note_crate_fronts, note_left_catalogue
from doc_assets.cli.live_progress import print_errors
from doc_assets.cli.load_summary import LoadSummary, in_order, result_as_json
from doc_assets.cli.output import JSON_OPTION, print_json, print_line, print_note
from doc_assets.cli.partition_options import (
    CATALOGUE_OPTION,
    PARTITION_OPTION,
    PARTITIONS_ARGUMENT,
    TYPE_OPTION,
    all_of,
    chosen,
    settings_with,
)
from doc_assets.dagster import batch_load
from doc_assets.dagster.batch_load import Surveyed
from doc_assets.ingest.estimate import Estimate, estimate
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import ParsePool
from doc_assets.ingest.plan_file import PlanFile, PlannedPartition, basis, moment
from doc_assets.ingest.planning import DocumentChanges, PartitionPlan, Planner
from doc_assets.runtime.progress import duration
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.history.rates import load_rates
from doc_assets.store.partitions.crate_fronts import CrateFront, crate_fronts
from doc_assets.store.partitions.left_catalogue import LeftPartition, left_catalogue
from doc_assets.store.partitions.partitions import live_snapshot
from doc_assets.store.schema.opening import open_store

_NEW_STORE = "there was no store yet: an empty one is set up to plan with, and nothing is loaded into it"
_SHOWN_REJECTED = 10  # of each partition; --json has them all


@dataclass(frozen=True)
class Order:
    """Partitions and options of one call; ``next_step`` is what does it, for a plan that changes something."""

    catalogue: Catalogue
    wanted: Sequence[Partition]
    limit: int | None
    parallel: int | None
    allow_deletions: bool
    next_step: str = "doc-assets migrate"


def plan(
    names: list[str] = PARTITIONS_ARGUMENT,
    catalogue: Path | None = CATALOGUE_OPTION,
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    limit: int | None = typer.Option(None, min=1, help="Only the first N files of each partition, for a trial."),
    allow_deletions: bool = typer.Option(
        False, "--allow-deletions", help="Plan to publish even if the deletion guard would refuse."
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Write the plan to FILE, for migrate --plan FILE."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Show what a load would do and how long it would take; changes nothing that is stored.

    What it parses is kept in the home until the next load, which does not parse it again.
    """
    settings = settings_with(catalogue)
    partitions = all_of(names, partitions, types)
    loaded, wanted = chosen(settings, types, partitions)
    same = ["--plan", str(output)] if output else [*partitions, *(word for name in types for word in ("--type", name))]
    if not output:
        same += [*(("--limit", str(limit)) if limit else ()), *(("--allow-deletions",) if allow_deletions else ())]
    same += ["--catalogue", str(catalogue)] if catalogue else []
    order = Order(loaded, wanted, limit, None, allow_deletions, shlex.join(["doc-assets", "migrate", *same]))
    plan_and_print(settings, order, output=output, as_json=as_json)


def plan_and_print(settings: Settings, order: Order, *, output: Path | None = None, as_json: bool) -> None:
    """Plan the loads, write the plan to ``output`` if there is one, and print it."""
    with open_store(settings, on_blank=lambda: print_note(_NEW_STORE)) as store:
        made = _plan(settings, store, order, output)
    if as_json:
        made.print_json()
    else:
        made.print_lines(output)
    if made.refused or made.failed:
        raise typer.Exit(1)


def lacking(store: Store, catalogue: Catalogue) -> tuple[list[LeftPartition], list[CrateFront]]:
    """Return what is live and the catalogue lacks."""
    with store.connect("doc-assets migrate") as connection:
        return left_catalogue(connection, catalogue), crate_fronts(connection, catalogue)


def present_basis(
    settings: Settings, store: Store, order: Order, surveyed: Surveyed
) -> dict[str, PlannedPartition | str]:
    """Return what each partition of a plan rests on now, or why its source cannot be read."""
    with store.connect("doc-assets plan") as connection:
        live = {p.name: at for p in order.wanted if (at := live_snapshot(connection, p.name)) is not None}
    failed = {result.partition: result.error or "" for result in surveyed.results if result.result == "failed"}
    return {**failed, **basis(settings, order.catalogue, live, [*surveyed.changed, *surveyed.unchanged])}


def _plan(settings: Settings, store: Store, order: Order, output: Path | None) -> _Plan:
    surveyed = batch_load.survey(settings, store, order.catalogue, order.wanted, order.limit, for_load=False)
    print_errors(surveyed.results)
    # All threads parse: unlike in a load no model computes beside them.
    with closing(Loader(settings, store, ParsePool(settings))) as loader:
        planner = Planner(loader, allow_deletions=order.allow_deletions)
        plans = [planner.plan(survey) for survey in [*surveyed.changed, *surveyed.unchanged]]
        plans += [PartitionPlan(result) for result in surveyed.results if result.result == "failed"]
        with store.connect("doc-assets plan") as connection:
            rates = load_rates(connection, loader.space.fingerprint)
        workers = min(order.parallel or batch_load.fitting_workers(settings), max(1, len(surveyed.changed)))
        lanes = batch_load.lanes(settings, workers)
        cost = estimate(plans, rates, lanes, loader.space.dimensions, planner.sample, lambda: loader.embedder)
    if output is not None:
        rests_on = present_basis(settings, store, order, surveyed)
        partitions = {name: found for name, found in rests_on.items() if not isinstance(found, str)}
        PlanFile(moment(), order.limit, order.allow_deletions, partitions).write(output)
    by_name = {plan.result.partition: plan for plan in plans}
    plans = [by_name[result.partition] for result in in_order([plan.result for plan in plans])]
    return _Plan(plans, cost, rates.loads, *lacking(store, order.catalogue), order.next_step)


@dataclass(frozen=True)
class _Plan:
    plans: Sequence[PartitionPlan]
    cost: Estimate
    loads: int
    left: Sequence[LeftPartition]
    fronts: Sequence[CrateFront]
    next_step: str

    @property
    def planned(self) -> list[PartitionPlan]:
        """The partitions that a load would change."""
        return [plan for plan in self.plans if plan.result.result == "planned"]

    @property
    def failed(self) -> list[PartitionPlan]:
        """The partitions whose sources cannot be read."""
        return [plan for plan in self.plans if plan.result.result == "failed"]

    @property
    def refused(self) -> list[PartitionPlan]:
        """The partitions that a guard would refuse to publish."""
        return [plan for plan in self.plans if plan.refusal is not None]

    @property
    def changes(self) -> dict[str, int]:
        """Documents of all partitions by what happens to them."""
        each = [asdict(plan.changes) for plan in self.plans]
        return {name: sum(one[name] for one in each) for name in asdict(DocumentChanges())}

    def print_json(self) -> None:
        """Print JSON to stdout."""
        summary = LoadSummary([plan.result for plan in self.plans], self.seconds, 0, {}, None)
        print_json(
            {
                "batch": None,
                "partitions": [_as_json(plan) for plan in self.plans],
                "totals": {**summary.totals, "changes": self.changes},
                "estimate": self.cost,
                "left_catalogue": list(self.left),
                "crate_fronts": list(self.fronts),
            }
        )

    @property
    def seconds(self) -> float:
        """Seconds that planning took, summed over partitions."""
        return max(0.001, sum(plan.result.seconds for plan in self.plans))

    def print_lines(self, output: Path | None) -> None:
        """Print the plan to stdout, and what is to be known beside it to stderr."""
        for plan in self.planned:
            _print_partition(plan)
        for plan in self.plans:
            for warning in plan.result.warnings:
                print_note(f"warning: {plan.result.partition}: {warning}")
        note_left_catalogue(self.left)
        note_crate_fronts(self.fronts)
        for plan in self.refused:
            print_note(f"would be refused: {plan.refusal}")
        counts = [(len(self.planned), "to load"), (len(self.failed), "failed"), (len(self.refused), "refused")]
        some = "".join(f", {count:,} {what}" for count, what in counts if count)
        print_line(f"documents: {_listed(self.changes)}")
        print_line(f"partitions: {len(self.plans):,}{some}, {self._unchanged:,} unchanged")
        if self.planned:
            for line in self._cost():
                print_line(line)
        then = f"; to do it: {self.next_step}" if self.planned else ""
        print_line(f"nothing was written{f', but the plan to {output}' if output else ''}{then}")

    @property
    def _unchanged(self) -> int:
        return sum(plan.result.result == "unchanged" for plan in self.plans)

    def _cost(self) -> list[str]:
        results = [plan.result for plan in self.planned]
        embedded, chunks = sum(r.embedded for r in results), sum(r.chunks for r in results)
        tokens = sum(r.tokens_embedded for r in results)
        rests_on = {
            "history": f"the pace of {self.loads:,} loads here",
            "sample": "measured on some of them now",
            "core": "the usual pace of one core",
            "nothing": "nothing is to embed",
        }[self.cost.rests_on]
        pace = f"{self.cost.tokens_per_second:,.0f} tokens/s, " if self.cost.tokens_per_second else ""
        return [
            f"to embed: {embedded:,} of {chunks:,} chunks, {tokens:,} tokens",
            f"time: about {duration(self.cost.seconds)} ({pace}{rests_on})",
            f"disk: about {self.cost.disk_bytes / 1e6:,.1f} MB",
        ]


def _print_partition(plan: PartitionPlan) -> None:
    result = plan.result
    changed = any(getattr(plan.changes, name) for name in ("added", "changed", "moved", "removed"))
    what = _listed(asdict(plan.changes)) if changed else "no document changes, but what is stored about its files"
    print_line((result.partition, "bold"), f": {what}")
    print_line(
        f"  {result.embedded:,} of {result.chunks:,} chunks to embed, {result.tokens_embedded:,} tokens; "
        f"files: {result.loaded:,} loaded, {result.duplicate:,} duplicate, {result.skipped:,} skipped, "
        f"{result.rejected:,} rejected"
    )
    for file in plan.rejected[:_SHOWN_REJECTED]:
        print_line(f"  rejected: {file.path}: {file.reason}")
    if len(plan.rejected) > _SHOWN_REJECTED:
        print_line(f"  and {len(plan.rejected) - _SHOWN_REJECTED:,} more: --json has them all")


def _listed(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in changes.items() if count) or "none"


def _as_json(plan: PartitionPlan) -> dict:
    return {
        **result_as_json(plan.result),
        "changes": plan.changes,
        "files_parsed": plan.files_parsed,
        "rejected_files": list(plan.rejected),
        "refusal": plan.refusal,
    }
