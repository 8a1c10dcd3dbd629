"""``validate --source``: compare the bytes of the sources with the fingerprints in the live snapshots.

Sources are discovered as for a load; only the history is written. A source that moved on is no corruption, so its
revisions then and now are reported with the differences.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from doc_assets.catalogue import Catalogue, Partition, load_catalogue
from doc_assets.errors import SourceError
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover
from doc_assets.store.audit import validation_reads
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.history import history
from doc_assets.store.versions.listing import live_partitions

_NAMED = 3
_REVISION_SHOWN = 19


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """Comparison of a live partition with its source.

    Attributes:
        partition: Partition name, ``<doc_type>/<key>``.
        snapshot: Id of the live snapshot.
        result: ``unknown`` if the source is unavailable.
        files: Number of files in the manifest.
        changed: Paths of files whose bytes, or those of their includes, are not the loaded ones.
        vanished: Paths that the source no longer has.
        new: Paths that are not in the manifest.
        revision_then: Revision of the source when it was loaded.
        revision_now: Revision of the source now; None if it is unavailable.
        error: Why the source is unavailable.
    """

    partition: str
    snapshot: int
    result: Literal["equal", "differs", "unknown"]
    files: int
    changed: tuple[str, ...]
    vanished: tuple[str, ...]
    new: tuple[str, ...]
    revision_then: str
    revision_now: str | None
    error: str | None = None

    @property
    def sentence(self) -> str:
        """The differences with the first paths of each kind, their cause and the next step."""
        if self.error is not None:
            return f"the source cannot be compared: {self.error}"
        parts = [
            f"{len(paths):,} {what} ({', '.join(paths[:_NAMED])}{' …' if len(paths) > _NAMED else ''})"
            for what, paths in (("changed", self.changed), ("vanished", self.vanished), ("new", self.new))
            if paths
        ]
        if not parts:
            return f"all {self.files:,} files are as they were loaded"
        return f"{', '.join(parts)}; {self._why}"

    @property
    def _why(self) -> str:
        then, now = self.revision_then[:_REVISION_SHOWN], (self.revision_now or "")[:_REVISION_SHOWN]
        if self.revision_then != self.revision_now:
            return f"the source moved on from {then} to {now}, and doc-assets migrate loads it"
        if self.revision_now == "directory":
            return "the folder was edited since it was loaded, or damaged: doc-assets migrate loads it as it is now"
        return f"the source is still at {then}, where the same bytes are expected: check the fetched copy"


def compare_sources(
    settings: Settings, store: Store, types: Sequence[str] = (), partitions: Sequence[str] = ()
) -> list[SourceComparison]:
    """Read the sources of live partitions again, compare, and record the result in the history.

    Args:
        settings: Settings with the catalogue; sources are fetched as for a load.
        store: Database with the live snapshots.
        types: Document types; all if empty.
        partitions: Partition names; all if empty.

    Raises:
        CatalogueError: The catalogue is absent or wrong.
    """
    started = time.perf_counter()
    catalogue = load_catalogue(settings.catalogue)
    known = {partition.name: partition for partition in catalogue.partitions()}
    with store.connect("doc-assets validate --source") as connection:
        rows = [
            _compare(connection, settings, catalogue, known.get(name), name, snapshot)
            for name, snapshot in live_partitions(connection)
            if (not types or name.partition("/")[0] in types) and (not partitions or name in partitions)
        ]
        _record(connection, rows, time.perf_counter() - started)
    return rows


def _compare(
    connection: Connection,
    settings: Settings,
    catalogue: Catalogue,
    partition: Partition | None,
    name: str,
    snapshot: int,
) -> SourceComparison:
    revision, file_limit, files = validation_reads.snapshot_origin(connection, snapshot)
    try:
        if partition is None:
            raise SourceError(f"{settings.catalogue} has no such partition; --catalogue names another catalogue")
        found = discover(partition, catalogue, settings, file_limit)
    except SourceError as error:
        return SourceComparison(name, snapshot, "unknown", files, (), (), (), revision, None, str(error))
    stored = validation_reads.manifest_files(connection, snapshot)
    changed = tuple(_changed(stored, found))
    now, then = {file.path for file in found.listed}, {row[0] for row in stored}
    vanished = tuple(path for path in sorted(then) if path not in now)
    new = tuple(path for path in sorted(now) if path not in then)
    result = "differs" if changed or vanished or new else "equal"
    return SourceComparison(name, snapshot, result, files, changed, vanished, new, revision, found.revision)


def _changed(stored: Sequence[tuple], found: Discovery) -> Iterator[str]:
    now = found.fingerprints
    sizes = {file.path: file.size for file in found.listed}
    for path, fingerprint, size, includes, includes_sha256 in stored:
        if path not in now:
            continue
        if now[path] != fingerprint or (fingerprint is None and sizes.get(path) != size):
            yield path
        elif includes is not None and found.included.digest(includes) != includes_sha256:
            yield f"{path} (what it includes)"


def _record(connection: Connection, rows: Sequence[SourceComparison], seconds: float) -> None:
    results = Counter(row.result for row in rows)
    history.record(
        connection,
        "validate",
        "passed" if results["equal"] == len(rows) else "failed",
        counts={
            "compared": "source",
            "partitions": len(rows),
            "equal": results["equal"],
            "differ": results["differs"],
            "unknown": results["unknown"],
            "files": sum(row.files for row in rows),
            "changed": sum(len(row.changed) for row in rows),
            "vanished": sum(len(row.vanished) for row in rows),
            "new": sum(len(row.new) for row in rows),
        },
        seconds=seconds,
        error="; ".join(f"{row.partition}: {row.sentence}" for row in rows if row.result != "equal")[:2000] or None,
    )
