"""``doc-assets snapshots``, ``manifest`` and ``show``: list and describe snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import get_args

import typer

from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_json, print_line, print_note, print_table
from doc_assets.cli.partition_options import (
    AS_OF_OPTION,
    ONE_PARTITION_OPTION,
    PARTITION_ARGUMENT,
    TYPE_OPTION,
    one_of,
    required,
)
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading
from doc_assets.store.snapshots.missing_includes import LackingDocuments
from doc_assets.store.versions import listing
from doc_assets.store.versions.comparison import Status as ChangeStatus
from doc_assets.store.versions.details import Contents, Description, Proof, describe
from doc_assets.store.versions.listing import Outcome, Period, SnapshotStatus


def snapshots(
    partition: str | None = typer.Argument(None, metavar="PARTITION", help="TYPE/KEY; default all partitions."),
    named: str | None = ONE_PARTITION_OPTION,
    statuses: list[SnapshotStatus] = typer.Option([], "--status", help="Only this status; repeatable."),
    types: list[str] = TYPE_OPTION,
    limit: int | None = typer.Option(None, "--limit", "-n", min=1, help="Maximum number; default all."),
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """List snapshots and the times at which they were live, newest first."""
    with open_for_reading(Settings.from_environment()) as store:
        rows = listing.snapshots(store, one_of(partition, named, types), types=types, statuses=statuses, limit=limit)
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_note("there is no such snapshot; doc-assets migrate makes them")
    print_table(
        "snapshots",
        ["partition", "id", "status", "live", "loaded", "documents", "chunks", "digest", "revision", "run"],
        [
            (r.partition, str(r.id), _status(r), _periods(r.periods, r.published), r.created_at, r.documents, r.chunks,
             (r.digest or "")[:12], r.revision[:12], (r.run_id or "")[:8])
            for r in rows
        ],
        first=["partition", "id", "status", "documents"],
        wide=wide,
    )  # fmt: skip


def manifest(
    partition: str | None = PARTITION_ARGUMENT,
    named: str | None = ONE_PARTITION_OPTION,
    as_of: str | None = AS_OF_OPTION,
    outcome: Outcome | None = typer.Option(None, "--outcome", help="Only files with this outcome."),
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """List the files of a live or earlier snapshot, with outcomes and reasons."""
    partition = required(one_of(partition, named))
    with open_for_reading(Settings.from_environment()) as store:
        rows = listing.manifest(store, partition, as_of, outcome)
    if as_json:
        print_json([_row(row) for row in rows])
        return
    print_table(
        partition,
        ["path", "outcome", "chunks", "document", "reason"],
        [(r.path, r.outcome, r.chunks, (r.document or "")[:12], r.reason or _lacking(r)) for r in rows],
        first=["path", "outcome", "reason"],
        wide=wide,
    )
    lacking = [row for row in rows if row.includes_missing and row.outcome == "loaded"]
    if lacking:
        total = sum(row.includes_missing for row in lacking)
        first = LackingDocuments(len(lacking), total, lacking[0].first_include_missing or "", lacking[0].path)
        print_note(f"warning: {first}")


def _row(row: listing.ManifestRow) -> dict:
    """Return a file as JSON, with what it lacks only where it lacks something."""
    lacking = ("includes_missing", "first_include_missing")
    return {name: value for name, value in asdict(row).items() if row.includes_missing or name not in lacking}


def _lacking(row: listing.ManifestRow) -> str | None:
    if not row.includes_missing:
        return None
    return f"lacks {row.includes_missing:,} of its includes, first {row.first_include_missing or 'unknown'}"


def show(
    which: str | None = typer.Argument(None, metavar="ID|PARTITION", help="Snapshot id, or TYPE/KEY for the live one."),
    named: str | None = ONE_PARTITION_OPTION,
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """Describe one snapshot, and recompute its digest and seal; exit code 1 if they differ."""
    with open_for_reading(Settings.from_environment()) as store:
        found = describe(store, required(one_of(which, named)))
    proven = found.proof is None or (found.proof.digest and found.proof.seal)
    if as_json:
        print_json(_json(found))
    else:
        _print(found, wide=wide)
    if not proven:
        raise typer.Exit(1)


def _json(found: Description) -> dict:
    changes = found.changes
    against = None if changes is None else {"snapshot": changes.before.id, **changes.summary}
    settings = () if changes is None else changes.settings
    return {
        **asdict(found.snapshot),
        **asdict(found.facts),
        "counts": found.counts,
        "contents": found.contents,
        "proof": found.proof,
        "changes": None if against is None else {**against, "settings": settings},
        "history": [asdict(event) for event in found.history],
    }


def _print(found: Description, *, wide: bool) -> None:
    lines = list(_lines(found))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        print_line(f"{name:>{width}}  {text}")
    print_table(
        "history",
        ["at", "action", "result", "from", "to", "seconds", "by", "run", "error"],
        [
            (e.at, e.action, e.result, str(e.from_snapshot or ""), str(e.to_snapshot or ""), e.seconds, e.who,
             (e.run_id or "")[:8], e.error)
            for e in found.history
        ],
        first=["at", "action", "result"],
        below="error",
        wide=wide,
    )  # fmt: skip


def _lines(found: Description) -> Iterator[tuple[str, str]]:
    row, facts, counts, contents = found.snapshot, found.facts, found.counts, found.contents
    yield "snapshot", f"{row.id} of {row.partition}"
    yield "status", _status(row)
    yield "live", "; ".join(_periods([period], row.published) for period in row.periods) or "never"
    yield "loaded", f"{_at(row.created_at)}, complete {_at(row.sealed_at) if row.sealed_at else 'never'}"
    yield "run", row.run_id or "none"
    yield "parent", str(facts.parent or "none")
    yield "revision", row.revision
    yield "addresses", f"below {facts.base_url}" if facts.base_url else "unknown"
    if facts.file_limit is not None:
        yield "limit", f"the first {facts.file_limit:,} files"
    if counts is not None:
        outcomes = f"loaded {counts.loaded:,}, duplicate {counts.duplicate:,}, skipped {counts.skipped:,}, "
        yield "files", f"{counts.files:,}: {outcomes}rejected {counts.rejected:,}"
        yield "documents", f"{counts.documents:,}{_formats(contents)}"
        yield "chunks", f"{counts.chunks:,} with {counts.tokens:,} tokens"
    if contents is not None and contents.lacking.includes:
        yield "includes", str(contents.lacking)
    if contents is not None:
        sizes = f"source {contents.source_bytes:,} · text {contents.text_bytes:,} · vectors {contents.vector_bytes:,}"
        yield "bytes", f"{sizes} ({contents.vectors:,} vectors)"
    yield "recipe", _recipe(facts.recipe)
    space = facts.space
    yield "space", f"{space['id']}: {space['name']} ({space['precision']}), {space['dimensions']} dimensions"
    yield "digest", f"{row.digest or 'none'}{_proven(found.proof, 'digest')}"
    yield "seal", _proven(found.proof, "seal").lstrip(", ") or "not checked: the manifest is gone"
    yield from _changes(found)


def _changes(found: Description) -> Iterator[tuple[str, str]]:
    changes = found.changes
    if changes is None:
        if found.facts.parent is not None:
            yield "changes", f"unknown: the manifest of snapshot {found.facts.parent} or of this one is gone"
        return
    sums = changes.summary
    changed = [f"{sums[name]:,} {name}" for name in get_args(ChangeStatus) if sums[name]]
    yield (
        "changes",
        f"since {changes.before.id}: {', '.join(changed) or 'no document'}, {changes.unchanged:,} unchanged; chunks "
        f"+{sums['chunks_added']:,} -{sums['chunks_removed']:,}",
    )
    if changes.settings:
        yield "", f"made differently: {'; '.join(changes.settings)}"


def _formats(contents: Contents | None) -> str:
    named = [] if contents is None else [f"{name} {n:,}" for name, n in contents.formats.items()]
    return f": {', '.join(named)}" if named else ""


def _recipe(recipe: Mapping[str, object]) -> str:
    """Return the recipe on one line, without the space, which has a line of its own."""

    def text(value: object) -> str:
        if isinstance(value, Mapping):
            return "(" + ", ".join(f"{key} {text(inner)}" for key, inner in value.items() if inner) + ")"
        return str(value)

    return " · ".join(f"{name} {text(value)}" for name, value in recipe.items() if name != "space" and value)


def _proven(proof: Proof | None, what: str) -> str:
    if proof is None:
        return ""
    holds = proof.digest if what == "digest" else proof.seal
    taken = f" in {proof.seconds:.2f} s" if what == "digest" else ""
    return f", proven now{taken}" if holds else ", BROKEN: the rows no longer give it (doc-assets validate names them)"


def _status(row: listing.SnapshotRow) -> str:
    return f"{row.status}{', live' if row.published else ''}"


def _periods(periods: Sequence[Period], live: bool) -> str:
    """Return the last period in which the snapshot was live."""
    if not periods:
        return "live" if live else ""
    last, more = periods[-1], len(periods) - 1
    until = _at(last.until) if last.until else "now"
    return f"{_at(last.since)} to {until}" + (f" ({more + 1} times in all)" if more else "")


def _at(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
