"""The partitions of a catalogue's sources, and the catalogue as the rest of the program uses it.

The keys of the file are in ``model``.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from doc_assets.catalogue.model import DocType, Source
from doc_assets.errors import CatalogueError, nearest


@dataclass(frozen=True, slots=True)
class Partition:
    """The unit of loading, publishing and rolling back: a source, or one shard of it.

    Attributes:
        doc_type: Name of the documentation type.
        key: Partition key, unique in its type: the source's name, or ``<name>.<shard>``.
        source: The source of its documents.
        shard: 1 to ``source.shards``; None for a source without shards.
    """

    doc_type: str
    key: str
    source: Source = field(hash=False)
    shard: int | None = None

    @property
    def name(self) -> str:
        """``<doc_type>/<key>``, the partition name."""
        return f"{self.doc_type}/{self.key}"

    @property
    def weight(self) -> int | None:
        """Expected bytes, if the catalogue states them."""
        return None if self.source.weight is None else self.source.weight // self.source.shards

    def holds(self, path: str) -> bool:
        """Return True if the file of that path (relative, ``/`` between parts) belongs to this shard.

        The shard depends on a hash of the path alone, so a file stays in it whatever is added.
        """
        if self.shard is None:
            return True
        digest = hashlib.sha256(path.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.source.shards == self.shard - 1


@dataclass(frozen=True)
class Catalogue:
    """Documentation types and their sources.

    Attributes:
        types: By name, in the file's order.
        directory: Folder of the file; relative locations start here.
        path: The file, or None for a catalogue made in memory.
        scopes: Named sets to search: types and sources (``TYPE/SOURCE``) by name.
    """

    types: Mapping[str, DocType]
    directory: Path
    path: Path | None = None
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def partitions(self, doc_type: str | None = None) -> list[Partition]:
        """Return the partitions of a type or of all, heaviest first; those of unknown weight last, in the file's order.

        Raises:
            CatalogueError: No such type.
        """
        if doc_type is not None and doc_type not in self.types:
            raise CatalogueError(
                f"no documentation type {doc_type!r} in {self._name}{nearest(doc_type, self.types)}: "
                f"it has {', '.join(self.types)}"
            )
        names = self.types if doc_type is None else (doc_type,)
        found = [p for name in names for source in self.types[name].sources for p in partitions_of(name, source)]
        return sorted(found, key=lambda partition: -(partition.weight or 0))

    def find_partition(self, name: str) -> Partition:
        """Return the partition of that name, ``<doc_type>/<key>``.

        Raises:
            CatalogueError: There is none; the message names those with a similar name.
        """
        partitions = {partition.name: partition for partition in self.partitions()}
        if name in partitions:
            return partitions[name]
        near = [n for n, p in partitions.items() if name in (p.key, f"{p.doc_type}/{p.source.name}")][:5]
        near = near or difflib.get_close_matches(name, partitions, n=3, cutoff=0.5)
        hint = f": did you mean {', '.join(near)}?" if near else ": a partition is written <doc_type>/<key>"
        raise CatalogueError(f"no partition {name!r} in {self._name}{hint}")

    def absence(self, doc_type: str, source: str) -> str:
        """Return why the catalogue has no partition of that type and source, in a few words."""
        if doc_type not in self.types:
            return f"it has no type {doc_type!r}{nearest(doc_type, self.types)}"
        sources = {one.name: one for one in self.types[doc_type].sources}
        if found := sources.get(source):
            keys = [partition.name for partition in partitions_of(doc_type, found)]
            shown = ", ".join(keys) if len(keys) <= 3 else f"{keys[0]} to {keys[-1]}"
            return (
                f"its source is cut into {found.shards} shards now: {shown}"
                if len(keys) > 1
                else (f"its source has no shards any more: {shown}")
            )
        return f"type {doc_type!r} has no source {source!r}{nearest(source, sources)}"

    @property
    def _name(self) -> str:
        return str(self.path) if self.path else "the catalogue"


def partitions_of(doc_type: str, source: Source) -> list[Partition]:
    """Return the source's partitions in the order of their shards."""
    if source.shards == 1:
        return [Partition(doc_type, source.name, source)]
    return [Partition(doc_type, f"{source.name}.{i}", source, i) for i in range(1, source.shards + 1)]
