"""Live crates that re-export most of their items from crates which the catalogue does not list.

What a crate is a front of is known once its rustdoc JSON was read: ``formats.rustdoc.reexports`` decides it, and the
document of the crate's root has it as ``front_of`` in its metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from doc_assets.catalogue import Catalogue
from doc_assets.catalogue.model import CrateSource, Source


@dataclass(frozen=True, slots=True)
class CrateFront:
    """A live crate whose items are documented in other crates; ``missing`` are those that the catalogue lacks."""

    partition: str
    crate: str
    missing: list[str]

    def __str__(self) -> str:
        """Return it in one sentence with the remedy."""
        return (
            f"{self.partition}: crate {self.crate} re-exports most of its items, so its pages only name them: add the "
            f"crates that document them to the catalogue: {', '.join(self.missing)}"
        )


_FRONTS = """
SELECT DISTINCT p.name, d.metadata ->> 'crate', d.metadata -> 'front_of'
FROM partition p JOIN snapshot_document s ON s.snapshot_id = p.published_snapshot_id
JOIN document d ON d.id = s.document_id
WHERE d.format = 'rustdoc_json' AND d.metadata ? 'front_of' ORDER BY 1
"""


def crate_fronts(connection: psycopg.Connection, catalogue: Catalogue) -> list[CrateFront]:
    """Return the live crates in the catalogue that are fronts of crates which it lacks, by partition name."""
    listed = {partition.name for partition in catalogue.partitions()}
    known = {_library(name) for partition in catalogue.partitions() for name in _crates(partition.source)}
    found = []
    for partition, crate, behind in connection.execute(_FRONTS).fetchall():
        missing = [name for name in behind if isinstance(name, str) and _library(name) not in known]
        if partition in listed and missing:
            found.append(CrateFront(partition, str(crate), missing))
    return found


def _crates(source: Source) -> list[str]:
    name = source.crate_name if isinstance(source, CrateSource) else source.attributes.get("crate")
    return [name] if name else []


def _library(name: str) -> str:
    """Return the name in Rust of a crate: a name on crates.io may have hyphens."""
    return name.replace("-", "_").lower()
