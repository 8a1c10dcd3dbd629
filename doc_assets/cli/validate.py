"""``doc-assets validate``: audit snapshots, and on request compare sources and embed a sample again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from doc_assets.cli.output import JSON_OPTION, print_error, print_json, print_note, print_table
from doc_assets.cli.partition_options import CATALOGUE_OPTION, PARTITION_OPTION, TYPE_OPTION, all_of, settings_with
from doc_assets.runtime import termination_message
from doc_assets.runtime.progress import duration
from doc_assets.runtime.termination_message import Failure

if TYPE_CHECKING:
    from doc_assets.validation.audit import CheckResult
    from doc_assets.validation.source_comparison import SourceComparison
    from doc_assets.validation.validate import Validation
    from doc_assets.validation.vector_sampling import Reembedding

_EXAMPLES = 3


def validate(
    given: list[str] = typer.Argument(
        None, help="Snapshot ids, or partitions as TYPE/KEY; default all that is live.", metavar="ID|PARTITION"
    ),
    snapshot: list[int] = typer.Option([], "--snapshot", help="Snapshot to audit; repeatable."),
    retained: bool = typer.Option(False, "--all", help="Audit every published snapshot that is kept."),
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    search_vectors: bool = typer.Option(
        False, "--search-vectors", help="Also recompute the full-text vectors: about two minutes for 100,000 chunks."
    ),
    source: bool = typer.Option(False, "--source", help="Also read the sources again and compare every byte."),
    catalogue: Path | None = CATALOGUE_OPTION,
    sample: int | None = typer.Option(
        None, "--reembed", min=1, metavar="N", help="Also embed N random live chunks again and compare the vectors."
    ),
    seed: int | None = typer.Option(None, "--seed", help="Seed of the random sample, to draw the same one again."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Audit what is live: recompute every checksum, count and reference from what PostgreSQL holds."""
    termination_message.begin("validate")
    # Half a second, which the help does not need.
    from doc_assets.store.schema.opening import open_store
    from doc_assets.validation.source_comparison import compare_sources
    from doc_assets.validation.validate import Wanted
    from doc_assets.validation.validate import validate as audit_stored
    from doc_assets.validation.vector_sampling import reembed

    settings = settings_with(catalogue)
    ids = [int(one) for one in given or () if one.isdecimal()]
    partitions = all_of([one for one in given or () if not one.isdecimal()], partitions, types)
    wanted = Wanted((*ids, *snapshot), retained, tuple(types), tuple(partitions))
    if wanted.snapshots and (retained or types or partitions or source or sample):
        raise typer.BadParameter(
            "ids choose single snapshots: leave out --all, --type, --partition, --source and --reembed"
        )
    with open_store(settings, create=False) as store:
        stored = audit_stored(store, wanted, threads=settings.threads, search_vectors=search_vectors)
        sources = compare_sources(settings, store, types, partitions) if source else None
        drift = reembed(settings, store, sample, types, partitions, seed=seed) if sample else None
    _report(stored, sources, drift)
    if as_json:
        print_json(_as_json(stored, sources, drift))
    else:
        _print(stored, sources, drift)
    if not stored.passed or (drift and drift.below) or any(s.result != "equal" for s in sources or ()):
        raise typer.Exit(1)


def _report(stored: Validation, sources: Sequence[SourceComparison] | None, drift: Reembedding | None) -> None:
    """Add the results to the termination message."""
    from doc_assets.store.schema import schema

    failures = [
        Failure(check.partition, "failed", f"{check.check}: {check.first_findings}")
        for check in stored.checks
        if not check.passed
    ]
    moved = [Failure(s.partition, s.result, s.sentence) for s in sources or () if s.result != "equal"]
    termination_message.add_facts(
        schema_revision=schema.head(),
        checks=Counter("passed" if check.passed else "failed" for check in stored.checks),
        totals={**asdict(stored.proven), "wrong": stored.wrong},
    )
    if drift is not None:
        termination_message.add_facts(drift={"sample": drift.sample, "below": len(drift.below), "least": drift.least})
    termination_message.add_failures([*failures, *moved])


def _as_json(
    stored: Validation, sources: Sequence[SourceComparison] | None, drift: Reembedding | None
) -> list[dict[str, object]] | dict[str, object]:
    """Return the checks alone, or an object if there are other results too."""
    checks = [check.as_json() for check in stored.checks]
    if sources is None and drift is None:
        return checks
    return {"checks": checks, "proven": stored.proven, "wrong": stored.wrong, "sources": sources, "drift": drift}


def _print(stored: Validation, sources: Sequence[SourceComparison] | None, drift: Reembedding | None) -> None:
    if stored.checks:
        print_checks(stored.checks)
    else:
        print_note("nothing is live yet: doc-assets migrate loads it")
    if sources is not None:
        _print_sources(sources)
    if drift is not None:
        _print_drift(drift)
    if stored.checks:
        many = f"{stored.proven.snapshots} snapshot{'s' if stored.proven.snapshots != 1 else ''}"
        print_note(f"{stored.line} ({many} in {duration(stored.seconds)})")


def print_checks(rows: Sequence[CheckResult]) -> None:
    """Print one line per check over all partitions, then each failure with its first findings."""
    passed, audited = Counter(), Counter()
    for row in rows:
        audited[row.check] += 1
        passed[row.check] += row.passed
    print_table(
        "checks",
        ["check", "result", "partitions", "passed"],
        [(check, "passed" if passed[check] == n else "FAILED", n, passed[check]) for check, n in audited.items()],
    )
    for row in rows:
        if not row.passed:
            print_error(f"{row.partition} fails {row.check}: {row.first_findings}")


def _print_sources(sources: Sequence[SourceComparison]) -> None:
    print_table(
        "sources",
        ["partition", "result", "files", "changed", "vanished", "new", "revision then", "revision now"],
        [
            (s.partition, s.result, s.files, len(s.changed), len(s.vanished), len(s.new), s.revision_then[:19],
             (s.revision_now or "")[:19])
            for s in sources
        ],
        first=["partition", "result", "changed", "vanished", "new"],
    )  # fmt: skip
    for s in sources:
        if s.result != "equal":
            print_error(f"{s.partition}: {s.sentence}")


def _print_drift(drift: Reembedding) -> None:
    print_note(
        f"{drift.sample:,} chunks embedded again with {drift.model} ({drift.precision}): cosine at least "
        f"{drift.least:.6f}, on average {drift.mean:.6f}; {drift.bound} is needed (seed {drift.seed})"
    )
    for chunk, cosine in drift.below[:_EXAMPLES]:
        print_error(f"the vector of chunk {chunk} has a cosine of {cosine:.4f} to that of its text")
