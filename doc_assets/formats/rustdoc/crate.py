"""A crate in rustdoc JSON: its items, their members and their paths.

``public_names`` finds the names under which users reach the items; documents are made of them in ``json_format``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.rustdoc.items import Item, content_of, kind_of
from doc_assets.formats.rustdoc.public_names import Entry, Module, OtherName, PublicNames, public_names
from doc_assets.formats.rustdoc.reexports import front_of, reexport

# Changed parts are read in both forms: attributes as text or values (54), paths in "name" or "path" (42), absent
# arguments (51), captures as text or values (41), stability (58, 61).
OLDEST_VERSION = 37  # rustdoc 1.85 of December 2024; items were named and identified otherwise before
NEWEST_VERSION = 61  # July 2026


@dataclass(frozen=True)
class Crate:
    """Items of a crate by id, and its public modules, outermost first."""

    name: str
    version: str
    format_version: int
    index: Mapping[str, Item]
    names: PublicNames
    summaries: Mapping[str, object]
    places: dict[str, str] = field(default_factory=dict)

    @property
    def modules(self) -> Sequence[Module]:
        """The public modules, outermost first."""
        return self.names.modules

    @property
    def front_of(self) -> list[str]:
        """The crates that this one is a front of: it re-exports their items, and has few of its own."""
        root, *others = self.modules
        own = sum(not entry.is_module for module in self.modules for entry in module.entries)
        elsewhere = [one for module in others for one in module.reexports]
        return front_of(root.reexports, elsewhere, own, len(root.entries))

    def stands_at(self, module: Module, entry: Entry) -> bool:
        """Return whether an entry of a module is the place where its item is documented."""
        return self.names.places.get(str(entry.item["id"])) == f"{module.path}::{entry.name}"

    def other_names(self, item: Item) -> Sequence[OtherName]:
        """Return the public paths of an item besides the one where it is documented."""
        return self.names.others.get(str(item["id"]), ())

    def resolve(self, identity: object) -> tuple[str, bool]:
        """Return an item's full path ("" if it has none), and whether it belongs to this crate."""
        if not self.places:
            self.places.update(_places(self))
        key = str(identity)
        if key in self.places:
            return self.places[key], True
        summary = self.summaries.get(key)
        path = summary.get("path") if isinstance(summary, Mapping) else None
        if not isinstance(summary, Mapping) or not isinstance(path, list) or not path:
            return "", False
        if not all(isinstance(one, str) for one in path):
            return "", False
        is_local = summary.get("crate_id") == 0
        # Users import from std, whichever of its crates defines the item.
        return "::".join(["std", *path[1:]] if path[0] in ("core", "alloc") else path), is_local

    def members(self, identities: object) -> Iterator[Item]:
        """Yield the items of a list of ids that are in the crate's index."""
        if isinstance(identities, list):
            for identity in dict.fromkeys(map(str, identities)):
                item = self.index.get(identity)
                if item is not None:
                    yield item

    def members_of(self, item: Item) -> Iterator[Item]:
        """Yield the named fields, variants and associated items of a type or trait."""
        content = content_of(item)
        if not isinstance(content, Mapping):
            return
        held = content.get("kind")
        fields = held.get("plain") if isinstance(held, Mapping) else content
        for key in ("fields", "variants", "items"):
            yield from self.members(
                fields.get(key) if key == "fields" and isinstance(fields, Mapping) else content.get(key)
            )
        for implementation in self.members(content.get("impls")):
            inner = content_of(implementation)
            if isinstance(inner, Mapping) and not inner.get("trait"):
                yield from self.members(inner.get("items"))


def read_crate(text: str) -> Crate:
    """Parse the JSON and find each public item's path.

    Raises:
        DocumentRejected: Not JSON, a crate without items, or an unknown format version.
        DocumentSkipped: JSON that is not a crate.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentRejected(
            f"not valid JSON, perhaps cut off: {error}; fetch it again, or exclude it in the catalogue"
        ) from error
    version = data.get("format_version") if isinstance(data, dict) else None
    index = data.get("index") if isinstance(data, dict) else None
    if version is None and index is None:
        raise DocumentSkipped("unsupported format: JSON that does not describe a crate")
    if not isinstance(version, int) or not isinstance(index, dict):
        raise DocumentRejected(
            "no format_version and index in the JSON: not a crate that rustdoc described; exclude it in the catalogue"
        )
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        advice = "an older Rust, or ask for an update" if version > NEWEST_VERSION else "a newer Rust"
        raise DocumentRejected(
            f"rustdoc JSON of format {version}: formats {OLDEST_VERSION} to {NEWEST_VERSION} are read;"
            f" document the crate again with {advice}"
        )
    root = index.get(str(data.get("root")))
    if not isinstance(root, dict) or kind_of(root) != "module":
        raise DocumentRejected("the crate's root module is missing from the rustdoc JSON: document the crate again")
    name = str(root.get("name") or "crate")
    summaries, crates = ({} if not isinstance(data.get(k), dict) else data[k] for k in ("paths", "external_crates"))
    return Crate(
        name,
        str(data.get("crate_version") or ""),
        version,
        index,
        public_names(root, name, index, lambda use: reexport(use, summaries, crates)),
        summaries,
    )


def _places(crate: Crate) -> Iterator[tuple[str, str]]:
    """Yield the id and full path of each item and member that the documents show."""
    yield from crate.names.places.items()
    for module in crate.modules:
        for entry in module.entries:
            if not entry.is_module and crate.stands_at(module, entry):
                for member in crate.members_of(entry.item):
                    yield str(member["id"]), f"{module.path}::{entry.name}::{member.get('name')}"
