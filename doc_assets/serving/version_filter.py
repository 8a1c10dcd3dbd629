"""Turns a version that a reader asks for into a filter on metadata, and says what stands in where it is absent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from doc_assets.errors import NotFound
from doc_assets.search.versions import VersionRange, newest_first, select
from doc_assets.serving.snapshot_facts import versions_by_product
from doc_assets.store.browse.contents import ProductVersion
from doc_assets.store.search.filters import Condition

_SHOWN = 5
_PRODUCTS = ("crate", "product", "protocol")


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """A filter for a search, None if it excludes nothing, and what a reader should know of it."""

    condition: Condition | None
    notes: tuple[str, ...] = ()


def version_filter(asked: str, facts: Iterable[ProductVersion], conditions: Sequence[Condition]) -> VersionFilter:
    """Return the filter for a version of each product among some documents.

    ``latest`` excludes older versions, so that documents which state no version are searched, too; any other request
    searches the versions found alone.

    Args:
        asked: As the reader wrote it.
        facts: What the documents in scope are about.
        conditions: The other filters: where they name products, the versions of others do not count.

    Raises:
        Misuse: It is no version.
        NotFound: No product has such a version or one below.
    """
    wanted = VersionRange.parse(asked)
    given = [c for c in conditions if c.field in _PRODUCTS]
    products = {
        key: versions
        for key, versions in versions_by_product(list(facts)).items()
        if all(json.dumps({key[0]: key[1]}) in c.patterns for c in given)
    }
    names = {_name(key): key for key in products}
    selected = select(wanted, {_name(key): versions for key, versions in products.items()})
    if wanted.latest:
        older = [
            _pattern(names[name], version)
            for name, newest in selected.chosen.items()
            for version in products[names[name]]
            if version not in newest
        ]
        return VersionFilter(Condition("version", (asked,), tuple(older), excluding=True) if older else None)
    if not selected.chosen:
        raise NotFound(f"nothing here is of version {asked} or below: {_there_is(products)}")
    patterns = [_pattern(names[name], version) for name, found in selected.chosen.items() for version in found]
    notes = tuple(
        f"{name.partition(':')[2] or 'what is searched'} has no version {asked}: "
        f"{', '.join(selected.chosen[name])}, the nearest below, is searched"
        for name in sorted(selected.below)
    )
    shown = notes[:_SHOWN] + ((f"and so have {len(notes) - _SHOWN} other products",) if len(notes) > _SHOWN else ())
    return VersionFilter(Condition("version", (asked,), tuple(patterns)), shown)


def _name(key: tuple[str, str]) -> str:
    return f"{key[0]}:{key[1]}"


def _pattern(key: tuple[str, str], version: str) -> str:
    kind, product = key
    return json.dumps(
        ({kind: product} if product else {}) | {"crate_version" if kind == "crate" else "version": version}
    )


def _there_is(products: dict[tuple[str, str], list[str]]) -> str:
    known = [(name or "without a product", newest_first(of)) for (_, name), of in sorted(products.items()) if of]
    if not known:
        return "no document states a version"
    shown = "; ".join(
        f"{name} {', '.join(of[:_SHOWN])}{' …' if len(of) > _SHOWN else ''}" for name, of in known[:_SHOWN]
    )
    return f"there are {shown}" + (f"; and {len(known) - _SHOWN} more products" if len(known) > _SHOWN else "")
