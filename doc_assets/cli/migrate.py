"""``doc-assets migrate``: what changed, loaded through Dagster, with live progress and a summary."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psutil
import typer

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.cli.live import LiveProgress
from doc_assets.cli.output import JSON_OPTION, complain, print_json, print_table, say
from doc_assets.cli.scope import CATALOGUE_OPTION, PARTITION_OPTION, TYPE_OPTION, chosen, settings_with
from doc_assets.cli.spaces import migrate_to
from doc_assets.cli.validate import print_checks
from doc_assets.dagster.workers import load_partitions
from doc_assets.embedding import describe_space
from doc_assets.errors import SourceError, StoreError
from doc_assets.memory import tree_rss
from doc_assets.migration import Loader, LoadResult, Survey
from doc_assets.progress import duration
from doc_assets.settings import Settings
from doc_assets.store import Store, open_store, pointers, spaces, vector_index
from doc_assets.store.retries import Retries, RetryPolicy

_SUMMED = (
    *("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks", "embedded", "reused"),
    *("tokens", "tokens_embedded", "bytes", "retries", "embedding_retries"),
)
# More than four loads side by side only share the same cores; on a GPU or an endpoint they overlap with its latency.
_MOST_WORKERS = 4


def migrate(
    catalogue: Path | None = CATALOGUE_OPTION,
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    parallel: int | None = typer.Option(
        None, min=1, max=64, help="Partitions at a time; by default what fits the cores."
    ),
    limit: int | None = typer.Option(
        None, min=1, help="Only the first files of each partition, to try a catalogue out."
    ),
    allow_deletions: bool = typer.Option(
        False, "--allow-deletions", help="Publish although more documents vanished than the deletion guard lets go."
    ),
    space: str | None = typer.Option(
        None,
        "--space",
        metavar="MODEL",
        help="Embed what is stored with another model, then switch all partitions to it at once; sources are not read. "
        "A folder or name, also NAME@fp32 or NAME@bf16, or a number from doc-assets spaces.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Parse and say what a load would do; write nothing."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Load what changed: discover, parse, chunk, embed, audit and publish each partition through Dagster."""
    started = time.perf_counter()
    settings = settings_with(catalogue)
    if space is not None:
        if types or partitions or limit:
            raise typer.BadParameter("it changes all that is live at once: leave out --type, --partition and --limit")
        return migrate_to(settings, space, dry_run=dry_run, as_json=as_json)
    loaded, wanted = chosen(settings, types, partitions)
    with open_store(settings) as store:
        settled, changed = survey(settings, store, loaded, wanted, limit)
        discovered = time.perf_counter() - started
        peak, indexing, batch_id = tree_rss(psutil.Process()), 0.0, None
        if dry_run:
            results = settled + _plan(settings, store, loaded, changed, limit)
        else:
            workers = min(parallel or min(settings.threads, _MOST_WORKERS), max(1, len(changed)))
            batch_id = str(uuid.uuid4())
            loads, loading_peak = load_surveyed(
                settings, store, changed, workers, limit, allow_deletions=allow_deletions, batch_id=batch_id
            )
            peak = max(peak, loading_peak)
            results = settled + loads
            indexing = refresh_index(settings, store, loaded_any=any(load.result == "published" for load in loads))
        seconds = time.perf_counter() - started
    stages = {"discover": discovered}
    for result in results:
        for stage, spent in result.stages.items():
            stages[stage] = stages.get(stage, 0.0) + spent
    if not dry_run:
        stages["index"] = indexing
    results.sort(key=lambda r: (r.doc_type, r.partition))
    totals = _totals(results, seconds, peak)
    published = batch_id is not None and any(result.result == "published" for result in results)
    if as_json:
        print_json({"batch": batch_id if published else None, **_as_json(results, totals, stages)})
    else:
        _print(results, totals, stages)
        if published:
            say(f"back to before it: doc-assets rollback --run {batch_id}")
    if any(result.result in ("failed", "rejected") for result in results):
        raise typer.Exit(1)


def survey(
    settings: Settings,
    store: Store,
    catalogue: Catalogue,
    wanted: Sequence[Partition],
    limit: int | None,
    *,
    even_unchanged: bool = False,
) -> tuple[list[LoadResult], list[Survey]]:
    """Partitions that need no run (unchanged, or their source cannot be had), and those that do, most work first."""
    settled: list[LoadResult] = []
    changed: list[Survey] = []
    with store.connect() as connection:
        pointers.refuse_other_model(connection, describe_space(settings), [partition.id for partition in wanted])
    with closing(Loader(settings, store)) as loader:
        for partition in wanted:
            try:
                found = loader.survey(partition, catalogue, limit)
            except SourceError as error:
                complain(f"{partition.id}: {error}")
                settled.append(LoadResult(partition.doc_type, partition.key, "failed", error=str(error)))
                continue
            if found.unchanged is None or even_unchanged:
                changed.append(found)
            else:
                settled.append(found.unchanged)
    # The wall time of the last wave is that of its slowest load, so the small ones come last.
    return settled, sorted(changed, key=lambda found: -found.expected_tokens)


def _plan(
    settings: Settings, store: Store, catalogue: Catalogue, changed: Sequence[Survey], limit: int | None
) -> list[LoadResult]:
    with closing(Loader(settings, store)) as loader:
        return [loader.plan(survey.partition, catalogue, limit) for survey in changed]


def load_surveyed(
    settings: Settings,
    store: Store,
    changed: Sequence[Survey],
    workers: int,
    limit: int | None,
    *,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> tuple[list[LoadResult], int]:
    """Results of the loads, and the peak resident bytes of this process and all it started, PostgreSQL apart."""
    if not changed:
        return [], 0
    results = []
    with LiveProgress(store, changed) as live:
        for result in load_partitions(
            [survey.partition for survey in changed],
            catalogue=settings.catalogue,
            database_url=store.url,
            parallel=workers,
            threads=max(1, settings.threads // workers),
            limit=limit,
            allow_deletions=allow_deletions,
            batch_id=batch_id,
        ):
            results.append(result)
            live.finished(result)
            if result.result in ("failed", "rejected"):
                complain(_outcome(result))
    return results, live.peak_rss_bytes


def _outcome(result: LoadResult) -> str:
    """A refusal names its partition itself; other errors are told with it."""
    name = f"{result.doc_type}/{result.partition}"
    error = str(result.error)
    return f"{result.result}: {error}" if error.startswith(name) else f"{name} {result.result}: {error}"


def refresh_index(settings: Settings, store: Store, *, loaded_any: bool) -> float:
    """Fresh statistics after a load, and the vector index after a first one; seconds."""
    started = time.perf_counter()

    def refresh() -> None:
        with store.connect("doc-assets index") as connection:
            space = spaces.find_space(connection, describe_space(settings).fingerprint)
            if loaded_any:
                vector_index.analyze(connection)
            if space is not None and vector_index.ensure_index(connection, space, workers=max(1, settings.threads - 1)):
                say(f"built the vector index in {duration(time.perf_counter() - started)}")

    try:
        Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait)).run(refresh)
    except StoreError as error:
        # What was loaded is live and found without it; the loads' own summary must not be lost.
        complain(f"the vector index could not be brought up to date, the next migrate does it: {error}")
    return time.perf_counter() - started


def _totals(results: Sequence[LoadResult], seconds: float, peak: int) -> dict:
    totals: dict = {name: sum(getattr(result, name) for result in results) for name in _SUMMED}
    worked = sum(result.documents for result in results if result.result in ("published", "rejected"))
    totals["seconds"] = round(seconds, 3)
    totals["documents_per_minute"] = round(worked * 60 / seconds, 1)
    totals["peak_rss_bytes"] = max([peak, *(result.peak_rss_bytes for result in results)])
    return totals


def _as_json(results: Sequence[LoadResult], totals: dict, stages: dict[str, float]) -> dict:
    rows = [{key: value for key, value in asdict(r).items() if key not in ("checks", "stages")} for r in results]
    return {
        "partitions": rows,
        "totals": totals,
        "stages": {stage: round(spent, 3) for stage, spent in stages.items()},
        "checks": [asdict(check) for result in results for check in result.checks],
    }


def _print(results: Sequence[LoadResult], totals: dict, stages: dict[str, float]) -> None:
    columns = ("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks", "embedded", "reused")
    print_table(
        "migrate",
        ["partition", "result", *columns, "seconds", "docs/min"],
        [
            (
                f"{r.doc_type}/{r.partition}",
                r.result,
                *(getattr(r, c) for c in columns),
                r.seconds,
                r.documents_per_minute,
            )
            for r in results
        ],
        total=["total", "", *(totals[c] for c in columns), totals["seconds"], totals["documents_per_minute"]],
    )
    done = {result.result for result in results}
    if done <= {"unchanged"}:
        say(f"nothing changed: {len(results)} partitions are live and up to date ({duration(totals['seconds'])})")
        return
    if checks := [check for result in results for check in result.checks]:
        print_checks(checks)
    if stages:
        print_table("where the time went", ["stage", "seconds"], [(s, round(t, 1)) for s, t in stages.items()])
    if totals["retries"] or totals["embedding_retries"]:
        say(
            f"tried again after failures that passed: {totals['retries']:,} steps of the database, "
            f"{totals['embedding_retries']:,} requests to the embedding endpoint"
        )
    rate = totals["tokens_embedded"] / totals["seconds"]
    say(
        f"{totals['documents']:,} documents, {totals['bytes'] / 1e6:,.1f} MB in {duration(totals['seconds'])}: "
        f"{totals['documents_per_minute']:,.0f} documents/min, "
        f"{totals['bytes'] * 60e-6 / totals['seconds']:,.1f} MB/min, "
        f"{rate:,.0f} tokens/s embedded, peak memory {totals['peak_rss_bytes'] / 1e9:.2f} GB"
    )
