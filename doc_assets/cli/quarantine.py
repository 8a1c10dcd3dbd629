"""``doc-assets quarantine``: list, explain and retry rejected files."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import typer

from doc_assets.catalogue import Catalogue, Partition, load_catalogue
from doc_assets.cli.live_progress import load_with_progress, print_errors, refresh_vector_index
from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_json, print_line, print_note, print_table
from doc_assets.cli.partition_options import (
    CATALOGUE_OPTION,
    ONE_PARTITION_OPTION,
    PARTITION_ARGUMENT,
    PARTITION_OPTION,
    PARTITIONS_ARGUMENT,
    TYPE_OPTION,
    all_of,
    one_of,
    required,
    settings_with,
)
from doc_assets.dagster import batch_load
from doc_assets.document.pointer import is_pointer_reason
from doc_assets.errors import DocAssetsError
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import detect
from doc_assets.ingest.result import LoadResult
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import SourceFile
from doc_assets.sources.walk import read, walk
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import require_types
from doc_assets.store.schema.opening import open_for_reading, open_store
from doc_assets.store.versions.quarantine import FileEvent, QuarantinedFile, file_history, quarantined

app = typer.Typer(no_args_is_help=True, help="List, explain and retry rejected files.")


@app.command("list")
def list_files(
    names: list[str] = PARTITIONS_ARGUMENT,
    partition: list[str] = PARTITION_OPTION,
    types: list[str] = TYPE_OPTION,
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """List the rejected files of live snapshots, and of newer ones that were not published."""
    partitions = all_of(names, partition, types)
    with open_for_reading(Settings.from_environment()) as store, store.reading() as connection:
        require_types(connection, types)
        found = quarantined(connection, partitions)
        rows = [row for row in found if not types or row.partition.split("/")[0] in types]
    if as_json:
        print_json(rows)
    elif not rows:
        print_note("nothing is in quarantine")
    else:
        print_table(
            "quarantine",
            ["partition", "path", "reason", "since", "tried again", "live"],
            [(r.partition, r.path, r.reason, r.since, r.attempts - 1, r.live) for r in rows],
            first=["partition", "path"],
            below="reason",
            wide=wide,
        )


@dataclass(frozen=True, slots=True)
class _Present:
    """Present state of a file in its source.

    Attributes:
        location: Path of its bytes, None if the file is gone or cannot be found.
        format: Name of the format that would read it, None if none would or it is unknown.
        changed: Whether its bytes differ from the rejected ones; None if unknown.
        problem: Reason why the file cannot be found, None if it was.
    """

    location: Path | None = None
    format: str | None = None
    changed: bool | None = None
    problem: str | None = None


@app.command("show")
def show(
    partition: str | None = PARTITION_ARGUMENT,
    path: str | None = typer.Argument(None, help="Path of the file in its source, as printed by quarantine list."),
    named: str | None = ONE_PARTITION_OPTION,
    catalogue: Path | None = CATALOGUE_OPTION,
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """Show the reason, history and next step of a rejected file."""
    settings = settings_with(catalogue)
    partition, path = _file(partition, path, named)
    with open_for_reading(settings) as store, store.reading() as connection:
        events = file_history(connection, partition, path)
        entry = next(iter(quarantined(connection, [partition], path)), None)
    newest = events[0]
    present = _present(settings, partition, path, entry.sha256 if entry else newest.sha256)
    known = {
        "partition": partition,
        "path": path,
        "quarantined": entry is not None,
        "reason": entry.reason if entry else newest.reason,
        "since": entry.since if entry else None,
        "attempts": entry.attempts if entry else 0,
        "size": newest.size,
        "sha256": newest.sha256,
        "format": present.format,
        "location": str(present.location) if present.location else None,
        "changed": present.changed,
        "limits": _limits(settings),
        "next": _next_step(partition, path, entry, present),
    }
    if as_json:
        print_json({**known, "history": events})
    else:
        _print(known, events, wide=wide)


def _file(partition: str | None, path: str | None, named: str | None) -> tuple[str, str]:
    """Return the partition and the path; with ``--partition`` the only argument is the path."""
    if named is not None and path is None:
        partition, path = named, partition
    if path is None:
        raise typer.BadParameter("which file? Give its partition and its path; doc-assets quarantine list prints both")
    return required(one_of(partition, named)), path


def _present(settings: Settings, partition_name: str, path: str, sha256: str | None) -> _Present:
    try:
        catalogue = load_catalogue(settings.catalogue)
        partition = catalogue.find_partition(partition_name)
        file = _find(settings, catalogue, partition, path)
    except DocAssetsError as error:  # source removed or unreachable: reported, not fatal
        return _Present(problem=str(error))
    if file is None:
        return _Present(problem="it is gone from its source")
    try:
        data = read(file, settings.max_file_bytes)
    except DocAssetsError:
        return _Present(file.location, None, None if sha256 else False)
    named = partition.source.format
    reader = detect(RawFile(path, data)) if named == "auto" else None
    found = named if named != "auto" else reader.name if reader else None
    return _Present(file.location, found, hashlib.sha256(data).hexdigest() != sha256)


def _find(settings: Settings, catalogue: Catalogue, partition: Partition, path: str) -> SourceFile | None:
    fetched = fetch(
        partition.source, base=catalogue.directory, cache=settings.home / "sources", options=FetchOptions.of(settings)
    )
    return next((file for file in walk(fetched.root, partition, fetched.left_out) if file.path == path), None)


def _limits(settings: Settings) -> dict[str, float]:
    """Return the settings that can reject a file, by name."""
    names = [f.name for f in fields(settings) if f.name.startswith(("max_", "parse_"))]
    return {name: getattr(settings, name) for name in names}


def _next_step(partition: str, path: str, entry: QuarantinedFile | None, present: _Present) -> str:
    if entry is None:
        return "nothing: it is not in quarantine"
    if present.location is None:
        return f"{present.problem}; doc-assets migrate -p {partition} brings the store up to date with the source"
    if present.changed:
        return f"its bytes have changed: doc-assets migrate -p {partition} reads it again"
    retry = f"doc-assets quarantine retry {partition} --path {shlex.quote(path)}"
    if is_pointer_reason(entry.reason):
        return f"have its content fetched as the reason says, or exclude it, then doc-assets migrate -p {partition}"
    if "DOC_ASSETS_" in entry.reason:
        return f"raise the limit that the reason names and run {retry}, or exclude the file in the catalogue"
    return f"mend the file, or exclude it in the catalogue; after a change of doc-assets itself: {retry}"


def _print(known: dict, events: Sequence[FileEvent], *, wide: bool) -> None:
    limits = ", ".join(f"{name} {value:,}" for name, value in known["limits"].items())
    for name in ("partition", "path", "reason", "since", "attempts", "size", "sha256", "format", "location"):
        value = known[name]
        shown = f"{value:,} bytes" if name == "size" else "unknown" if value is None else str(value)
        print_line(f"{name:>10}  {shown}")
    print_line(f"{'limits':>10}  {limits}")
    print_line(f"{'next':>10}  {known['next']}")
    print_table(
        "history",
        ["snapshot", "at", "status", "live", "outcome", "sha256", "reason"],
        [(str(e.snapshot), e.at, e.status, e.live, e.outcome, (e.sha256 or "")[:16], e.reason) for e in events],
        first=["snapshot", "at", "outcome"],
        below="reason",
        wide=wide,
    )


@dataclass(frozen=True, slots=True)
class _Retried:
    """Result of a retry: ``outcome`` as in the manifest, ``gone``, ``not tried`` or ``not published``."""

    partition: str
    path: str
    before: str
    outcome: str
    reason: str | None

    @property
    def stays(self) -> bool:
        return self.outcome in ("rejected", "not tried", "not published")


@app.command("retry")
def retry(
    names: list[str] = typer.Argument(
        None, metavar="PARTITION", help="TYPE/KEY; default all with files in quarantine."
    ),
    partitions: list[str] = PARTITION_OPTION,
    path: str | None = typer.Option(
        None, "--path", help="Retry only partitions where this file is quarantined, and report on it alone."
    ),
    catalogue: Path | None = CATALOGUE_OPTION,
    as_json: bool = JSON_OPTION,
) -> None:
    """Load partitions again even if unchanged: parse rejected files anew, reuse the rest.

    Exit code 1 if a file stays in quarantine.
    """
    settings = settings_with(catalogue)
    with open_store(settings, create=False) as store:
        with store.reading() as connection:
            entries = quarantined(connection, all_of(names, partitions), path)
        rows = _retry(settings, store, entries) if entries else []
    if as_json:
        print_json([{**asdict(row), "quarantined": row.stays} for row in rows])
    elif not rows:
        print_note("nothing is in quarantine" + (f" at {path}" if path else ""))
    else:
        print_table(
            "quarantine retry",
            ["partition", "path", "now", "reason"],
            [(r.partition, r.path, r.outcome, r.reason) for r in rows],
            first=["partition", "path", "now"],
            below="reason",
        )
        print_note(f"{sum(not row.stays for row in rows)} of {len(rows)} files left the quarantine")
    if any(row.stays for row in rows):
        raise typer.Exit(1)


def _retry(settings: Settings, store: Store, entries: Sequence[QuarantinedFile]) -> list[_Retried]:
    catalogue = load_catalogue(settings.catalogue)
    known = {partition.name: partition for partition in catalogue.partitions()}
    # A partition that was loaded with --limit keeps its limit.
    limits = {entry.partition: entry.file_limit for entry in entries}
    done: dict[str, LoadResult] = {}
    for limit in sorted(set(limits.values()), key=lambda n: n or 0):
        wanted = [known[name] for name in sorted(limits) if name in known and limits[name] == limit]
        surveyed = batch_load.survey(settings, store, catalogue, wanted, limit, even_unchanged=True)
        print_errors(surveyed.results)
        loads, _ = load_with_progress(settings, store, surveyed.changed, min(2, max(1, len(surveyed.changed))))
        done |= {result.partition: result for result in [*surveyed.results, *loads]}
    if any(result.result == "published" for result in done.values()):
        refresh_vector_index(settings, store, loaded_any=True)
    return [_became(store, entry, done.get(entry.partition)) for entry in entries]


def _became(store: Store, entry: QuarantinedFile, result: LoadResult | None) -> _Retried:
    if result is None:
        reason = "its partition is not in the catalogue any more"
        return _Retried(entry.partition, entry.path, entry.reason, "not tried", reason)
    if result.snapshot is None:
        return _Retried(entry.partition, entry.path, entry.reason, "not tried", result.error)
    with store.reading() as connection:
        events = file_history(connection, entry.partition, entry.path)
    event = next((event for event in events if event.snapshot == result.snapshot), None)
    if event is None:
        return _Retried(entry.partition, entry.path, entry.reason, "gone", "it is no longer in its source")
    if result.result == "rejected" and event.outcome != "rejected":
        reason = f"{event.outcome}, but the snapshot was not published: {result.error}"
        return _Retried(entry.partition, entry.path, entry.reason, "not published", reason)
    return _Retried(entry.partition, entry.path, entry.reason, event.outcome, event.reason)
