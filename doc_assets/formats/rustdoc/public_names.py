"""Public names of a crate's items in rustdoc JSON: a walk through its modules and re-exports.

As on rustdoc's pages, an item of a private module is listed by kind in each module that re-exports it. A re-export of
an item that is public where it is defined, or of another re-export, is listed as such. Wherever it is listed, each path
is a name of the item; its place is the one that keeps the item's own name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from doc_assets.formats.rustdoc.items import Item, content_of, has_doc_attribute, is_glob, is_public, is_use, kind_of
from doc_assets.formats.rustdoc.reexports import Reexport

_MOST_COPIES = 20  # times the items of a crate that globs may list them again
_MOST_NAMES = 12  # of an item through other names of its modules: modules that re-export each other make many


@dataclass(frozen=True, slots=True)
class Entry:
    """An item in the list of a module.

    Attributes:
        name: Its name there.
        item: The item.
        uses: The re-exports that lead to it, outermost first; their documentation stands before the item's own.
    """

    name: str
    item: Item
    uses: tuple[Item, ...] = ()

    @property
    def is_module(self) -> bool:
        """Whether the item is a module."""
        return kind_of(self.item) == "module"


@dataclass
class Module:
    """A public module: its path, the uses that lead to it, the items that it lists by kind, and its re-exports."""

    path: str
    item: Item
    uses: tuple[Item, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    reexports: list[Reexport] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OtherName:
    """A further public path of an item, and the documented re-export that makes it, if there is one."""

    path: str
    use: Item | None = None


@dataclass(frozen=True)
class PublicNames:
    """The names of a crate's items.

    Attributes:
        modules: The public modules, outermost first.
        places: The path of each item, by id.
        others: Its other paths, by id; also of the variants of enums.
    """

    modules: Sequence[Module]
    places: Mapping[str, str]
    others: Mapping[str, Sequence[OtherName]]


@dataclass(frozen=True, slots=True)
class _Found:
    """An item, or a re-export, as a module holds it.

    Attributes:
        name: Its name in the module; "" for a re-export of many.
        item: The item; None if the JSON does not hold it.
        uses: The re-exports that lead to it, outermost first.
        source: What the last of these names, as a path from the crate's root.
        listed: Whether it stands in the list of re-exports.
        by_glob: Whether it came with all items of its module.
    """

    name: str
    item: Item | None
    uses: tuple[Item, ...] = ()
    source: str = ""
    listed: bool = False
    by_glob: bool = False


def public_names(root: Item, name: str, index: Mapping[str, Item], named: Callable[[Item], Reexport]) -> PublicNames:
    """Walk the public modules breadth first.

    Args:
        root: The crate's root module.
        name: The crate's name.
        index: The crate's items, by id.
        named: Describes a re-export.
    """
    defined = _defined(root, index)
    copies = _Copies(_MOST_COPIES * len(index))
    places = {str(root["id"]): name}
    contents: dict[str, list[_Found]] = {}
    modules: list[Module] = []
    waiting = deque([Module(name, root)])
    while waiting:
        module = waiting.popleft()
        modules.append(module)
        found = contents[module.path] = _unshadowed(_contents(module, name, index, defined, copies))
        for one in sorted(found, key=lambda one: (one.listed, _is_renamed(one))):
            if one.item is None or kind_of(one.item) != "module" or not one.name:
                continue
            identity = str(one.item["id"])
            if identity not in places and (not one.uses or identity not in defined):
                places[identity] = f"{module.path}::{one.name}"
                waiting.append(Module(places[identity], one.item, one.uses))
    _list_chains(contents)
    places |= _chosen_places(contents, places, defined)
    for module in modules:
        for one in contents[module.path]:
            if one.listed:
                module.reexports.append(named(one.uses[-1]))
            if one.item is not None and one.name and (not one.listed or _stands_at(one, module, places)):
                module.entries.append(Entry(one.name, one.item, one.uses))
    return PublicNames(modules, places, _other_names(modules, contents, places, index))


def _defined(root: Item, index: Mapping[str, Item]) -> set[str]:
    """Return the ids of the items defined in public modules, without re-exports."""
    seen = {str(root["id"])}
    waiting = deque([root])
    while waiting:
        for identity in content_of(waiting.popleft()).get("items") or []:
            item = index.get(str(identity))
            if item is None or is_use(item) or not is_public(item) or str(identity) in seen:
                continue
            seen.add(str(identity))
            if kind_of(item) == "module":
                waiting.append(item)
    return seen


@dataclass
class _Copies:
    """What globs of private modules may still list again: many modules can import all of a large one."""

    left: int
    listed: set[str] = field(default_factory=set)

    def allow(self, module: Item, items: Sequence[object]) -> bool:
        """Return whether the items of a module are listed once more; the first time always."""
        identity = str(module["id"])
        if identity in self.listed:
            self.left -= len(items)
        self.listed.add(identity)
        return self.left >= 0


def _contents(
    module: Module, crate: str, index: Mapping[str, Item], defined: set[str], copies: _Copies
) -> Iterator[_Found]:
    """Yield what a module holds; follow re-exports of all items of private modules."""
    followed: set[str] = set()
    waiting: deque[tuple[str, tuple[Item, ...], str]] = deque()
    waiting.extend((str(one), (), module.path) for one in content_of(module.item).get("items") or [])
    while waiting:
        identity, uses, inside = waiting.popleft()
        item = index.get(identity)
        if item is None or identity in followed or not is_public(item):
            continue
        followed.add(identity)
        if not is_use(item):
            if kind_of(item) == "extern_crate":
                yield _Found("", None, (*uses, item), listed=True)
            elif kind_of(item) != "impl" and item.get("name"):
                yield _Found(item["name"], item, uses, by_glob=bool(uses))
            continue
        use = content_of(item)
        uses = (*uses, item)
        source = _absolute(str(use.get("source", "")), inside, crate)
        target = index.get(str(use.get("id")))
        is_visible = target is not None and str(target["id"]) in defined and not has_doc_attribute(item, "inline")
        if target is None:
            yield _Found("", None, uses, listed=True)
        elif is_glob(item):
            inside_it = content_of(target).get("items") or [] if kind_of(target) == "module" else None
            if is_visible or inside_it is None or not copies.allow(target, inside_it):
                yield _Found("", target, uses, listed=True)
            else:
                waiting.extend((str(one), uses, source) for one in inside_it)
        elif is_use(target):
            waiting.append((str(target["id"]), uses, source.rpartition("::")[0]))
        else:
            kind = kind_of(target)
            listed = kind == "variant" or (is_visible and kind != "macro") or has_doc_attribute(item, "no_inline")
            name = str(use.get("name") or target.get("name") or "_")
            if name == "_":  # `pub use Trait as _` lends the methods of a trait, and no name
                yield _Found("", None, uses, listed=True)
            else:
                yield _Found(name, target, uses, source, listed=listed)


def _absolute(source: str, inside: str, crate: str) -> str:
    """Return the path of a re-export from the crate's root; a name alone is looked up in the module around it."""
    first, _, rest = source.partition("::")
    if first in ("crate", ""):
        return f"{crate}::{rest}"
    if first == "self":
        return f"{inside}::{rest}"
    while first == "super":
        inside = inside.rpartition("::")[0]
        first, _, rest = rest.partition("::")
    return "::".join(filter(None, (inside, first, rest)))


def _unshadowed(contents: Iterator[_Found]) -> list[_Found]:
    """Return what a module holds without the names of globs that it defines or re-exports by name."""
    found = list(contents)
    given = {(one.name, kind_of(one.item)) for one in found if one.item is not None and one.name and not one.by_glob}
    return [one for one in found if one.item is None or not one.by_glob or (one.name, kind_of(one.item)) not in given]


def _list_chains(contents: Mapping[str, list[_Found]]) -> None:
    """Mark the re-exports of other public re-exports as listed, unless they ask to be inlined."""
    names = {f"{path}::{one.name}" for path, found in contents.items() for one in found if one.name}
    crate = next(iter(contents))
    for found in contents.values():
        for at, one in enumerate(found):
            if not one.source or one.listed or one.item is None or kind_of(one.item) == "macro":
                continue
            # Before the edition of 2018, a path started at the crate's root.
            paths = (one.source, f"{crate}::{content_of(one.uses[-1]).get('source')}")
            if any(path in names for path in paths) and not has_doc_attribute(one.uses[-1], "inline"):
                found[at] = replace(one, listed=True)


def _is_renamed(found: _Found) -> bool:
    return found.item is not None and found.name != found.item.get("name")


def _chosen_places(
    contents: Mapping[str, list[_Found]], modules: Mapping[str, str], defined: set[str]
) -> dict[str, str]:
    """Return the path of each item that is no module: its own name before another, and the shortest path."""
    best: dict[str, tuple[tuple, str]] = {}
    for path, found in contents.items():
        parts = path.split("::")
        for one in found:
            if one.item is None or not one.name or kind_of(one.item) in ("module", "variant"):
                continue
            identity = str(one.item["id"])
            if identity in modules or (one.uses and identity in defined):
                continue
            rank = (one.listed, _is_renamed(one), "prelude" in parts, len(parts))
            if identity not in best or rank < best[identity][0]:
                best[identity] = rank, f"{path}::{one.name}"
    return {identity: path for identity, (_, path) in best.items()}


def _stands_at(found: _Found, module: Module, places: Mapping[str, str]) -> bool:
    return found.item is not None and places.get(str(found.item["id"])) == f"{module.path}::{found.name}"


def _other_names(
    modules: Sequence[Module],
    contents: Mapping[str, list[_Found]],
    places: Mapping[str, str],
    index: Mapping[str, Item],
) -> dict[str, list[OtherName]]:
    """Return the other paths of each item: its own, those through globs, and those through names of its modules."""
    names: dict[str, dict[str, OtherName]] = {}

    def add(item: Item, path: str, use: Item | None = None, *, most: int = 10_000) -> None:
        identity = str(item["id"])
        known = names.setdefault(identity, {})
        if path != places.get(identity) and len(known) < most:
            known.setdefault(path, OtherName(path, use))

    globs: list[tuple[str, Item]] = []
    for path, found in contents.items():
        for one in found:
            if one.item is None:
                continue
            if one.name:
                documented = next((use for use in one.uses if use.get("docs")), None)
                if one.by_glob:
                    add(one.item, f"{path}::{one.name}", most=_MOST_NAMES)
                else:
                    add(one.item, f"{path}::{one.name}", documented)
            elif kind_of(one.item) == "module":
                globs.append((path, one.item))
            else:
                for variant in (index.get(str(i)) for i in (content_of(one.item) or {}).get("variants") or []):
                    if variant is not None:
                        add(variant, f"{path}::{variant.get('name')}")
    through_globs = (
        (one.item, f"{path}::{one.name}")
        for path, module in globs
        for one in contents.get(places.get(str(module["id"]), ""), ())
        if one.item is not None and one.name
    )
    for item, path in islice(through_globs, _MOST_NAMES * len(index)):  # many modules can import all of a large one
        add(item, path, most=_MOST_NAMES)
    for module in modules:  # outermost first: the names of a module are known when its items are reached
        for other in list(names.get(str(module.item["id"]), {}).values())[:_MOST_NAMES]:
            if not other.path.startswith(f"{module.path}::"):  # a module that re-exports one around it has no end
                for entry in module.entries:
                    add(entry.item, f"{other.path}::{entry.name}", most=_MOST_NAMES)
    return {identity: list(found.values()) for identity, found in names.items() if found}
