"""A crate in rustdoc JSON: its items, and under which public path each is found.

What is written about an item is in ``rustdoc_json``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from doc_assets.errors import DocumentRejected

__all__ = ["OLDEST_VERSION", "Crate", "Item", "Module", "content_of", "kind_of", "read_crate"]

Item = Mapping[str, Any]

OLDEST_VERSION = 37  # rustdoc of December 2024; items were named and identified otherwise before
_TYPES = frozenset(("struct", "enum", "union", "trait"))


def kind_of(item: Item) -> str:
    """``struct``, ``function`` …: the one key of what rustdoc calls ``inner``."""
    return _inner(item)[0]


def content_of(item: Item) -> Any:  # noqa: ANN401 - whatever the kind holds
    """What the kind holds: a mapping for most, text for a macro, None for an extern type."""
    return _inner(item)[1]


def _inner(item: Item) -> tuple[str, Any]:
    inner = item["inner"]
    if isinstance(inner, str):  # a kind that holds nothing
        return inner, None
    for kind, content in inner.items():
        return kind, content
    raise KeyError("inner")


@dataclass
class Module:
    """A public module: its path, and what it holds, each under the name it has there."""

    path: str
    item: Item
    types: list[tuple[str, Item]] = field(default_factory=list)
    others: list[tuple[str, Item]] = field(default_factory=list)
    modules: list[tuple[str, Item]] = field(default_factory=list)
    reexports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Crate:
    """A crate's items by id, and its public modules, outermost first."""

    name: str
    version: str
    format_version: int
    index: Mapping[str, Item]
    modules: list[Module]

    def members(self, identities: object) -> Iterator[Item]:
        """The items of a list of ids that the crate describes."""
        if isinstance(identities, list):
            for identity in dict.fromkeys(map(str, identities)):
                item = self.index.get(identity)
                if item is not None:
                    yield item


def read_crate(text: str) -> Crate:
    """Reads the JSON and finds each public item's place.

    Raises:
        DocumentRejected: Not JSON, not a crate of rustdoc, or of a version before 37.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentRejected(f"not valid JSON, perhaps cut off: {error}") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    index = data.get("index") if isinstance(data, dict) else None
    if not isinstance(version, int) or not isinstance(index, dict):
        raise DocumentRejected("no format_version and index in the JSON: not a crate that rustdoc described")
    if version < OLDEST_VERSION:
        raise DocumentRejected(
            f"rustdoc JSON of format {version}: {OLDEST_VERSION} and later are read;"
            " document the crate again with a newer Rust"
        )
    root = index.get(str(data.get("root")))
    if not isinstance(root, dict) or kind_of(root) != "module":
        raise DocumentRejected("the crate's root module is missing from the rustdoc JSON")
    name = root.get("name") or "crate"
    return Crate(name, data.get("crate_version") or "", version, index, _modules(root, name, index))


def _modules(root: Item, name: str, index: Mapping[str, Item]) -> list[Module]:
    """Walks the public modules breadth first, so that what has several paths is found under the shortest.

    A re-export of something that is public where it is defined is only named; one out of a private module is what
    makes that item public, so the item stands where it is re-exported, as in rustdoc's own pages.
    """
    defined = _defined(root, index)
    placed: set[str] = {str(root["id"])}
    modules: list[Module] = []
    waiting = deque([Module(name, root)])
    while waiting:
        module = waiting.popleft()
        modules.append(module)
        for shown, item in _contents(module, defined, index):
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
    """Ids of what stands in a public module itself, not by a re-export."""
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


def _contents(module: Module, defined: set[str], index: Mapping[str, Item]) -> Iterator[tuple[str, Item]]:
    """Names and items of a module, with re-exports followed out of private modules; notes the others."""
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
            glob = "::*" if use.get("is_glob") or use.get("glob") else ""
            module.reexports.append(f"pub use {use.get('source', '_')}{glob};")
        elif use.get("is_glob") or use.get("glob"):
            waiting.extend(_glob(target))
        elif kind_of(target) in ("use", "import"):
            waiting.append(target["id"])
        else:
            yield use.get("name") or target.get("name") or "_", target


def _glob(target: Item) -> list:
    """Ids of what ``use target::*`` brings in."""
    content = content_of(target)
    return (content.get("items") or content.get("variants") or []) if isinstance(content, Mapping) else []


def _is_public(item: Item) -> bool:
    return item.get("visibility", "public") in ("public", "default")
