"""Re-exports of other crates' items in rustdoc JSON: what they name, and which crate documents it.

rustdoc inlines such items into its HTML, but not into its JSON: a crate that is ``pub use other::*;`` is one page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doc_assets.formats.rustdoc.items import Item, content_of, is_glob, is_use
from doc_assets.formats.rustdoc.kinds import LABELS, json_kind

# Re-exported by most crates, documented with Rust itself, and never named by the crate that defines the item.
_STANDARD = frozenset(("std", "core", "alloc", "proc_macro", "test"))
# docs.rs states where the crates that one depends on are documented.
_DOCS = re.compile(r"https?://[^/]+/([A-Za-z0-9_-]{1,64})/([0-9A-Za-z.+-]{1,100})/")
_MOST_CRATES = 10
_PROC_MACROS = {"proc_derive": "derive", "proc_attribute": "attr"}


@dataclass(frozen=True, slots=True)
class ForeignCrate:
    """Another crate: its name on crates.io as far as known, its version, and where it is documented."""

    name: str
    version: str | None = None
    url: str | None = None

    def __str__(self) -> str:
        """Return name, version and address."""
        return " ".join(filter(None, (self.name, self.version, self.url)))


@dataclass(frozen=True, slots=True)
class Reexport:
    """A re-export as Rust, with its target if that is another crate's.

    Attributes:
        line: ``pub use other::Thing as Name;``.
        crate: The crate that documents it; None for an item of this crate, of Rust's own, or an unknown one.
        target: What it names there: ``struct other::inner::Thing``.
        is_glob: Whether it names all items of a module.
        use: The item that states it, which may have documentation.
    """

    line: str
    crate: ForeignCrate | None = None
    target: str = ""
    is_glob: bool = False
    use: Item = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Return the line, with the target of a foreign one."""
        return f"{self.line} ({self.target})" if self.crate else self.line


def reexport(item: Item, summaries: Mapping[str, Any], crates: Mapping[str, Any]) -> Reexport:
    """Return a re-export from its item, from ``paths`` and ``external_crates`` of the JSON."""
    use = content_of(item)
    if not is_use(item):
        # rustdoc 1.95 writes the new name into "name" and the crate's into "rename"; its documentation has it reversed.
        known = {one.get("name") for one in crates.values() if isinstance(one, Mapping)}
        name, other = str(use.get("name", "_")), use.get("rename")
        if other and (name in known or other not in known):
            name, other = str(other), name
        return Reexport(f"pub extern crate {f'{other} as ' if other else ''}{name};", use=item)
    glob = is_glob(item)
    source, name = str(use.get("source", "_")), use.get("name")
    renamed = f" as {name}" if not glob and name and name != source.rpartition("::")[2] else ""
    line = f"pub use {source}{'::*' if glob else renamed};"
    summary = summaries.get(str(use.get("id")))
    if not isinstance(summary, Mapping) or summary.get("crate_id") == 0:
        return Reexport(line, use=item)
    path = summary.get("path")
    crate = _crate(crates.get(str(summary.get("crate_id"))))
    if crate is None or not isinstance(path, list) or not path:
        return Reexport(line, use=item)
    place = "::".join(map(str, path))
    kind = json_kind(_PROC_MACROS.get(str(summary.get("kind")), str(summary.get("kind"))), None)
    what = "crate" if len(path) == 1 else LABELS.get(kind, kind).lower()
    return Reexport(line, crate, f"all public items of {what} {place}" if glob else f"{what} {place}", glob, item)


def _crate(external: object) -> ForeignCrate | None:
    if not isinstance(external, Mapping) or not isinstance(name := external.get("name"), str) or name in _STANDARD:
        return None
    root = external.get("html_root_url")
    found = _DOCS.match(root) if isinstance(root, str) else None
    # The address may be of another crate that is documented together with it.
    if found is None or found[1].replace("-", "_") != name:
        return ForeignCrate(name)
    return ForeignCrate(found[1], None if found[2] in ("latest", "stable") else found[2], found[0])


def documented_in(reexports: Sequence[Reexport]) -> list[ForeignCrate]:
    """Return the crates that document re-exported items, those of globs and of most items first."""
    counted = Counter({one.crate: 0 for one in reexports if one.crate})
    for one in reexports:
        if one.crate:
            counted[one.crate] += 1_000_000 if one.is_glob else 1
    return [crate for crate, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0].name))]


def front_of(root: Sequence[Reexport], others: Sequence[Reexport], own_items: int, root_items: int) -> list[str]:
    """Return the crates that a crate is a front of; none if it documents most of what it exports.

    It is one if its root re-exports all of another crate, or more foreign items than it lists itself, or if the crate
    as a whole does.

    Args:
        root: Re-exports of the root module.
        others: Those of the other modules.
        own_items: Types, functions and macros that the crate documents itself.
        root_items: Items, modules included, that the root lists.
    """
    at_root = [one for one in root if one.crate]
    foreign = [*at_root, *(one for one in others if one.crate)]
    few = len(foreign) <= own_items and len(at_root) <= root_items
    if few and not any(one.is_glob for one in at_root):
        return []
    return [crate.name for crate in documented_in(foreign)[:_MOST_CRATES]]
