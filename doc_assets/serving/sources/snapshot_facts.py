"""What snapshots are about: products, versions and licences; read once each, since their content never changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from doc_assets.metadata import folder_version
from doc_assets.search.versions import newest_first
from doc_assets.serving.answers import VersionCount
from doc_assets.store.browse.contents import DuplicateFile, ProductVersion, duplicate_files, product_versions
from doc_assets.store.browse.state import VisibleSnapshot
from doc_assets.store.database.connection import Connection

_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Twin:
    """A file of a version that is letter by letter that of another version, which its document's metadata name."""

    file: DuplicateFile
    version: str


@dataclass(frozen=True, slots=True)
class _Facts:
    about: tuple[ProductVersion, ...]
    twins: tuple[Twin, ...]


class SnapshotFacts:
    """Reads the facts of a snapshot once; may be shared between threads.

    They are kept by id and digest: a database that is restored or made anew gives ids of before to other content.
    """

    def __init__(self) -> None:
        """Read nothing yet."""
        self._known: dict[tuple[int, str], _Facts] = {}
        self._lock = threading.Lock()

    def of(
        self, connection: Connection, snapshots: Sequence[VisibleSnapshot]
    ) -> Mapping[int, tuple[ProductVersion, ...]]:
        """Return the facts of each snapshot, by its id; those that are not known yet are read in one query."""
        return {id: facts.about for id, facts in self._all(connection, snapshots).items()}

    def twins(self, connection: Connection, snapshots: Sequence[VisibleSnapshot]) -> list[Twin]:
        """Return the duplicate files of the snapshots that stand in a folder of a version."""
        return [twin for facts in self._all(connection, snapshots).values() for twin in facts.twins]

    def _all(self, connection: Connection, snapshots: Sequence[VisibleSnapshot]) -> Mapping[int, _Facts]:
        with self._lock:
            known = {one.id: self._known.get((one.id, one.digest)) for one in snapshots}
        read = _read(connection, [id for id, facts in known.items() if facts is None])
        if read:
            with self._lock:
                if len(self._known) + len(read) > _KEPT:
                    self._known.clear()
                self._known |= {(one.id, one.digest): read[one.id] for one in snapshots if one.id in read}
        return {id: facts or read[id] for id, facts in known.items()}


def _read(connection: Connection, snapshots: Sequence[int]) -> Mapping[int, _Facts]:
    """Return what the database holds of some snapshots."""
    if not snapshots:
        return {}
    about: dict[int, list[ProductVersion]] = {one: [] for one in snapshots}
    for fact in product_versions(connection, snapshots):
        about[fact.snapshot].append(fact)
    twins: dict[int, list[Twin]] = {one: [] for one in snapshots}
    for file in duplicate_files(connection, snapshots):
        if version := folder_version(PurePosixPath(file.path)):
            twins[file.snapshot].append(Twin(file, version))
            about[file.snapshot].append(ProductVersion(file.snapshot, file.kind, file.product, version, 1, ()))
    return {one: _Facts(tuple(about[one]), tuple(twins[one])) for one in snapshots}


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
