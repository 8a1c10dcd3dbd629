"""What readers are told of sources: facts in lists, and what a name resolves to. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doc_assets.search.versions import VersionRange, select
from doc_assets.serving.answers import ResolveAnswer, ResolvedSource, SourceInfo, SourcesAnswer
from doc_assets.serving.sources import resolving
from doc_assets.serving.sources.snapshot_facts import version_counts
from doc_assets.store.browse.contents import ProductVersion
from doc_assets.store.browse.state import VisibleSnapshot, state_digest

_RESOLVED = 10

Scopes = Mapping[str, tuple[str, ...]]


def by_source(visible: Sequence[VisibleSnapshot]) -> dict[tuple[str, str], list[VisibleSnapshot]]:
    """Return the snapshots of each source, by type and name: one, or one for each shard."""
    found: dict[tuple[str, str], list[VisibleSnapshot]] = {}
    for one in sorted(visible, key=lambda one: (one.doc_type, one.source, one.partition)):
        found.setdefault((one.doc_type, one.source), []).append(one)
    return found


def source_digest(parts: Sequence[VisibleSnapshot]) -> str:
    """Return the digest of a source: that of its snapshot, or over those of all shards."""
    return parts[0].digest if len(parts) == 1 else state_digest(parts)


def source_info(
    parts: Sequence[VisibleSnapshot], facts: Mapping[int, Sequence[ProductVersion]], scopes: Scopes
) -> SourceInfo:
    """Return what readers are told of a source, from its snapshots and what they are about."""
    published = [one.published_at for one in parts if one.published_at is not None]
    about = [fact for one in parts for fact in facts[one.id]]
    doc_type, source = parts[0].doc_type, parts[0].source
    return SourceInfo(
        type=doc_type,
        source=source,
        products=tuple(sorted({fact.product for fact in about if fact.product})),
        versions=version_counts(about),
        licences=tuple(sorted({licence for fact in about for licence in fact.licences})),
        scopes=tuple(name for name, places in scopes.items() if {doc_type, f"{doc_type}/{source}"} & set(places)),
        documents=sum(one.documents for one in parts),
        chunks=sum(one.chunks for one in parts),
        tokens=sum(one.tokens for one in parts),
        revision=parts[0].revision,
        published_at=max(published, default=None),
        digest=source_digest(parts),
        snapshots=tuple(one.id for one in parts),
    )


def sources_answer(
    visible: Sequence[VisibleSnapshot], facts: Mapping[int, Sequence[ProductVersion]], scopes: Scopes
) -> SourcesAnswer:
    """Return the list of sources of some snapshots."""
    return SourcesAnswer(
        sources=tuple(source_info(parts, facts, scopes) for parts in by_source(visible).values()),
        scopes=dict(scopes),
        state=state_digest(visible),
    )


def resolve_among(listing: SourcesAnswer, asked: str, version: str | None) -> ResolveAnswer:
    """Return the sources of a list that a name may mean, likeliest first."""
    by_key = {f"{one.type}/{one.source}": one for one in listing.sources}
    found = resolving.best_matches(asked, {key: names_of(one) for key, one in by_key.items()})
    resolved = [resolved_source(by_key[key], match, version) for key, match in found.items()]
    resolved.sort(key=lambda one: (-one.score, not one.asked, one.is_below, -one.documents))
    scopes = resolving.best_matches(asked, {one: [resolving.Name(one, "scope")] for one in listing.scopes})
    notes = []
    if not resolved:
        notes.append(f"nothing is called like {asked!r}: the list of sources has all; a search may find it")
    elif version is not None and not any(one.asked for one in resolved):
        notes.append(f"none of these sources states a version that is {version} or below")
    return ResolveAnswer(
        name=asked,
        version=version,
        sources=tuple(resolved[:_RESOLVED]),
        scopes=tuple(scopes),
        notes=tuple(notes),
        state=listing.state,
    )


def names_of(one: SourceInfo) -> list[resolving.Name]:
    """Return the names that a source may be asked for by."""
    names = [resolving.Name(one.source, "source"), resolving.Name(f"{one.type} {one.source}", "source")]
    return [*names, *(resolving.Name(product, "product") for product in one.products)]


def resolved_source(one: SourceInfo, match: resolving.Match, version: str | None) -> ResolvedSource:
    """Return a source as what a name means, with which of its versions are asked for."""
    products: dict[str, list[str]] = {}
    for count in one.versions:
        if count.version is not None:
            products.setdefault(count.product, []).append(count.version)
    # The versions of the product that was named, not of others that the source is about as well.
    named = {match.name.text: products.get(match.name.text, [])} if match.name.stands_for == "product" else products
    selected = select(VersionRange.parse(version), named) if version is not None else None
    return ResolvedSource(
        type=one.type,
        source=one.source,
        matched=match.name.text,
        score=round(match.score, 3),
        products=one.products,
        versions=one.versions,
        asked=tuple(text for texts in selected.chosen.values() for text in texts) if selected else (),
        is_below=bool(selected and selected.below),
        documents=one.documents,
        chunks=one.chunks,
    )
