"""What snapshots are about: products, versions and licences; read once each, since snapshots never change."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from doc_assets.metadata import folder_version
from doc_assets.search.versions import newest_first
from doc_assets.serving.answers import VersionCount
from doc_assets.store.browse.contents import DuplicateFile, ProductVersion, duplicate_files, product_versions
from doc_assets.store.database.connection import Connection

_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Twin:
    """A file of a version that is letter by letter that of another version, which its document's metadata name."""

    file: DuplicateFile
    version: str


class SnapshotFacts:
    """Reads the facts of a snapshot once; may be shared between threads."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._known: dict[int, tuple[ProductVersion, ...]] = {}
        self._twins: dict[int, tuple[Twin, ...]] = {}
        self._lock = threading.Lock()

    def of(self, connection: Connection, snapshots: Sequence[int]) -> Mapping[int, tuple[ProductVersion, ...]]:
        """Return the facts of each snapshot; those that are not known yet are read in one query."""
        with self._lock:
            known = {one: self._known[one] for one in snapshots if one in self._known}
        unknown = [one for one in snapshots if one not in known]
        if not unknown:
            return known
        read: dict[int, list[ProductVersion]] = {one: [] for one in unknown}
        for fact in product_versions(connection, unknown):
            read[fact.snapshot].append(fact)
        twins: dict[int, list[Twin]] = {one: [] for one in unknown}
        for file in duplicate_files(connection, unknown):
            if version := folder_version(PurePosixPath(file.path)):
                twins[file.snapshot].append(Twin(file, version))
                read[file.snapshot].append(ProductVersion(file.snapshot, file.kind, file.product, version, 1, ()))
        found = {one: tuple(facts) for one, facts in read.items()}
        with self._lock:
            if len(self._known) + len(found) > _KEPT:
                self._known.clear()
                self._twins.clear()
            self._known |= found
            self._twins |= {one: tuple(of) for one, of in twins.items()}
        return known | found

    def twins(self, connection: Connection, snapshots: Sequence[int]) -> list[Twin]:
        """Return the duplicate files of the snapshots that stand in a folder of a version."""
        while True:
            self.of(connection, snapshots)
            with self._lock:
                if all(one in self._twins for one in snapshots):
                    return [twin for one in snapshots for twin in self._twins[one]]


def versions_by_product(facts: Sequence[ProductVersion]) -> dict[tuple[str, str], list[str]]:
    """Return the stated versions of each product, by the field that names it and its name."""
    found: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        versions = found.setdefault((fact.kind, fact.product), [])
        if fact.version is not None and fact.version not in versions:
            versions.append(fact.version)
    return found


def version_counts(facts: Sequence[ProductVersion]) -> tuple[VersionCount, ...]:
    """Return the documents of each version of each product, newest version first, those without one last."""
    counts: dict[tuple[str, str | None], int] = {}
    for fact in facts:
        counts[fact.product, fact.version] = counts.get((fact.product, fact.version), 0) + fact.documents
    found: list[VersionCount] = []
    for product in sorted({fact.product for fact in facts}):
        order: list[str | None] = [*newest_first([v for p, v in counts if p == product and v is not None]), None]
        found += [
            VersionCount(product=product, version=version, documents=counts[product, version])
            for version in order
            if (product, version) in counts
        ]
    return tuple(found)
