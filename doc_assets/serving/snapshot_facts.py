"""What snapshots are about: products, versions and licences; read once each, since snapshots never change."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from doc_assets.search.versions import newest_first
from doc_assets.serving.answers import VersionCount
from doc_assets.store.browse.contents import ProductVersion, product_versions
from doc_assets.store.database.connection import Connection

_KEPT = 5_000


class SnapshotFacts:
    """Reads the facts of a snapshot once; may be shared between threads."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._known: dict[int, tuple[ProductVersion, ...]] = {}
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
        found = {one: tuple(facts) for one, facts in read.items()}
        with self._lock:
            if len(self._known) + len(found) > _KEPT:
                self._known.clear()
            self._known |= found
        return known | found


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
