"""A crate in rustdoc JSON: its items and their public paths. Documents are made of them in ``json_format``."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.rustdoc.reexports import Reexport, front_of, reexport

Item = Mapping[str, Any]

# Changed parts are read in both forms: attributes as text or values (54), paths in "name" or "path" (42), absent
# arguments (51), captures as text or values (41), stability (58, 61).
OLDEST_VERSION = 37  # rustdoc 1.85 of December 2024; items were named and identified otherwise before
NEWEST_VERSION = 61  # July 2026
_TYPES = frozenset(("struct", "enum", "union", "trait"))


def kind_of(item: Item) -> str:
    """Return ``struct``, ``function`` …: the one key of the item's ``inner``."""
    return _inner(item)[0]


def content_of(item: Item) -> Any:  # noqa: ANN401 - whatever the kind holds
    """Return the value of ``inner``: a mapping for most kinds, text for a macro, None for an extern type."""
    return _inner(item)[1]


def _inner(item: Item) -> tuple[str, Any]:
    inner = item["inner"]
    if isinstance(inner, str):  # a kind without content
        return inner, None
    for kind, content in inner.items():
        return kind, content
    raise KeyError("inner")


@dataclass
class Module:
    """A public module: its path, and its items under their names in it."""

    path: str
    item: Item
    types: list[tuple[str, Item]] = field(default_factory=list)
    others: list[tuple[str, Item]] = field(default_factory=list)
    modules: list[tuple[str, Item]] = field(default_factory=list)
    reexports: list[Reexport] = field(default_factory=list)


@dataclass(frozen=True)
class Crate:
    """Items of a crate by id, and its public modules, outermost first."""

    name: str
    version: str
    format_version: int
    index: Mapping[str, Item]
    modules: list[Module]
    summaries: Mapping[str, Any]
    places: dict[str, str] = field(default_factory=dict)

    @property
    def front_of(self) -> list[str]:
        """The crates that this one is a front of: it re-exports their items, and has few of its own."""
        root, *others = self.modules
        own = sum(len(module.types) + len(module.others) for module in self.modules)
        return front_of(root.reexports, [one for module in others for one in module.reexports], own)

    def resolve(self, identity: object) -> tuple[str, bool]:
        """Return an item's full path ("" if it has none), and whether it belongs to this crate."""
        if not self.places:
            self.places.update(_places(self))
        key = str(identity)
        if key in self.places:
            return self.places[key], True
        summary = self.summaries.get(key)
        path = summary.get("path") if isinstance(summary, Mapping) else None
        if summary is None or not isinstance(path, list) or not path or not all(isinstance(one, str) for one in path):
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
        raise DocumentRejected(f"not valid JSON, perhaps cut off: {error}") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    index = data.get("index") if isinstance(data, dict) else None
    if version is None and index is None:
        raise DocumentSkipped("unsupported format: JSON that does not describe a crate")
    if not isinstance(version, int) or not isinstance(index, dict):
        raise DocumentRejected("no format_version and index in the JSON: not a crate that rustdoc described")
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        advice = "an older Rust, or ask for an update" if version > NEWEST_VERSION else "a newer Rust"
        raise DocumentRejected(
            f"rustdoc JSON of format {version}: formats {OLDEST_VERSION} to {NEWEST_VERSION} are read;"
            f" document the crate again with {advice}"
        )
    root = index.get(str(data.get("root")))
    if not isinstance(root, dict) or kind_of(root) != "module":
        raise DocumentRejected("the crate's root module is missing from the rustdoc JSON")
    name = str(root.get("name") or "crate")
    summaries, crates = ({} if not isinstance(data.get(k), dict) else data[k] for k in ("paths", "external_crates"))
    return Crate(
        name,
        str(data.get("crate_version") or ""),
        version,
        index,
        _modules(root, name, index, lambda use: reexport(use, summaries, crates)),
        summaries,
    )


def _places(crate: Crate) -> Iterator[tuple[str, str]]:
    """Yield the id and full path of each item and member that the documents show."""
    for module in crate.modules:
        yield str(module.item["id"]), module.path
        for name, item in (*module.others, *module.types):
            path = f"{module.path}::{name}"
            yield str(item["id"]), path
            for member in crate.members_of(item):
                yield str(member["id"]), f"{path}::{member.get('name')}"


def _modules(root: Item, name: str, index: Mapping[str, Item], named: Callable[[Item], Reexport]) -> list[Module]:
    """Walk the public modules breadth first, so that an item with several paths gets the shortest.

    An item of a private module is public through its re-export and is placed there, as in rustdoc's pages; any other
    re-export is only named.
    """
    defined = _defined(root, index)
    placed: set[str] = {str(root["id"])}
    modules: list[Module] = []
    waiting = deque([Module(name, root)])
    while waiting:
        module = waiting.popleft()
        modules.append(module)
        for shown, item in _contents(module, defined, index, named):
            identity = str(item["id"])
            if identity in placed:
                continue
            placed.add(identity)
            if kind_of(item) == "module":
                module.modules.append((shown, item))
                waiting.append(Module(f"{module.path}::{shown}", item))
            elif kind_of(item) in _TYPES:
                module.types.append((shown, item))
            else:
                module.others.append((shown, item))
    return modules


def _defined(root: Item, index: Mapping[str, Item]) -> set[str]:
    """Return the ids of the items defined in public modules, without re-exports."""
    seen = {str(root["id"])}
    waiting = deque([root])
    while waiting:
        for identity in content_of(waiting.popleft()).get("items") or []:
            item = index.get(str(identity))
            if item is None or kind_of(item) in ("use", "import") or not _is_public(item) or str(identity) in seen:
                continue
            seen.add(str(identity))
            if kind_of(item) == "module":
                waiting.append(item)
    return seen


def _contents(
    module: Module, defined: set[str], index: Mapping[str, Item], named: Callable[[Item], Reexport]
) -> Iterator[tuple[str, Item]]:
    """Yield the names and items of a module; follow re-exports from private modules, and record the others."""
    followed: set[str] = set()
    waiting = deque(content_of(module.item).get("items") or [])
    while waiting:
        identity = str(waiting.popleft())
        item = index.get(identity)
        if item is None or identity in followed or not _is_public(item):
            continue
        followed.add(identity)
        if kind_of(item) not in ("use", "import"):
            if kind_of(item) not in ("impl", "extern_crate") and item.get("name"):
                yield item["name"], item
            continue
        use = content_of(item)
        target = index.get(str(use.get("id")))
        if target is None or str(target["id"]) in defined:
            module.reexports.append(named(use))
        elif use.get("is_glob") or use.get("glob"):
            waiting.extend(_glob(target))
        elif kind_of(target) in ("use", "import"):
            waiting.append(target["id"])
        else:
            yield use.get("name") or target.get("name") or "_", target


def _glob(target: Item) -> list:
    """Return the ids of the items that ``use target::*`` imports."""
    content = content_of(target)
    return (content.get("items") or content.get("variants") or []) if isinstance(content, Mapping) else []


def _is_public(item: Item) -> bool:
    return item.get("visibility", "public") in ("public", "default")
