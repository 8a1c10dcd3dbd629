"""Turns a version that a reader asks for into a filter on metadata, and says what stands in where it is absent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from doc_assets.errors import NotFound
from doc_assets.metadata import PRODUCTS, folder_version, product_of, version_field
from doc_assets.search.results import SearchResult
from doc_assets.search.versions import VersionRange, newest_first, select
from doc_assets.serving.sources.snapshot_facts import Twin, versions_by_product
from doc_assets.store.browse.contents import ProductVersion
from doc_assets.store.search.filters import Condition

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """A filter for a search, None if it excludes nothing, and what a reader should know of it.

    Attributes:
        versions: The versions that are searched, by the field that names a product and its name.
    """

    condition: Condition | None
    notes: tuple[str, ...] = ()
    versions: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def place_of(self, result: SearchResult) -> SearchResult:
        """Return a result at the file of a version that is searched, if its document is in several files."""
        wanted = self.versions.get(product_of(result.metadata), ())
        if not wanted or folder_version(PurePosixPath(result.path)) in ("", *wanted):
            return result
        for also in result.also_in:
            same = (also.doc_type, also.source) == (result.doc_type, result.source) and also.similarity == 1
            if same and folder_version(PurePosixPath(also.path)) in wanted:
                left = replace(also, path=result.path, url=(result.url or "").partition("#")[0] or None)
                others = tuple(left if one is also else one for one in result.also_in)
                return replace(result, path=also.path, also_in=others)
        return result


def version_filter(
    asked: str, facts: Iterable[ProductVersion], conditions: Sequence[Condition], twins: Sequence[Twin] = ()
) -> VersionFilter:
    """Return the filter for a version of each product among some documents.

    ``latest`` excludes older versions, so that documents which state no version are searched, too; any other request
    searches the versions found alone.

    Args:
        asked: As the reader wrote it.
        facts: What the documents in scope are about.
        conditions: The other filters: where they name products, the versions of others do not count.
        twins: Files in scope that are the same in several versions.

    Raises:
        Misuse: It is no version.
        NotFound: No product has such a version or one below.
    """
    wanted = VersionRange.parse(asked)
    given = [c for c in conditions if c.field in PRODUCTS]
    products = {
        key: versions
        for key, versions in versions_by_product(list(facts)).items()
        if all(json.dumps({key[0]: key[1]}) in c.patterns for c in given)
    }
    names = {_name(key): key for key in products}
    selected = select(wanted, {_name(key): versions for key, versions in products.items()})
    chosen = {names[name]: versions for name, versions in selected.chosen.items()}
    found = tuple(
        twin.file.document_id for twin in twins if twin.version in chosen.get((twin.file.kind, twin.file.product), ())
    )
    if wanted.latest:
        older = [
            _pattern(names[name], version)
            for name, newest in selected.chosen.items()
            for version in products[names[name]]
            if version not in newest
        ]
        condition = Condition("version", (asked,), tuple(older), excluding=True, documents=found) if older else None
        return VersionFilter(condition, versions=chosen)
    if not selected.chosen:
        raise NotFound(f"nothing here is of version {asked} or below: {_there_is(products)}")
    patterns = [_pattern(key, version) for key, versions in chosen.items() for version in versions]
    notes = tuple(
        f"{name.partition(':')[2] or 'what is searched'} has no version {asked}: "
        f"{', '.join(selected.chosen[name])}, the nearest below, is searched"
        for name in sorted(selected.below)
    )
    shown = notes[:_SHOWN] + ((f"and so have {len(notes) - _SHOWN} other products",) if len(notes) > _SHOWN else ())
    return VersionFilter(Condition("version", (asked,), tuple(patterns), documents=found), shown, chosen)


def _name(key: tuple[str, str]) -> str:
    return f"{key[0]}:{key[1]}"


def _pattern(key: tuple[str, str], version: str) -> str:
    kind, product = key
    return json.dumps(({kind: product} if product else {}) | {version_field(kind): version})


def _there_is(products: dict[tuple[str, str], list[str]]) -> str:
    known = [(name or "without a product", newest_first(of)) for (_, name), of in sorted(products.items()) if of]
    if not known:
        return "no document states a version"
    shown = "; ".join(
        f"{name} {', '.join(of[:_SHOWN])}{' …' if len(of) > _SHOWN else ''}" for name, of in known[:_SHOWN]
    )
    return f"there are {shown}" + (f"; and {len(known) - _SHOWN} more products" if len(known) > _SHOWN else "")
