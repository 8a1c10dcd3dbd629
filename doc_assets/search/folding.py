"""Folding of near duplicates into one result, with the other files under "also in".

Pairs are linked in ``store.snapshots.near_duplicate_links``, files of one document by the manifest. The policy of the
best document's source, as of its snapshot, decides which of them is shown:

- ``prefer_best``: the best document, of versions of one product the newest;
- ``prefer_newest``: the one with the highest version in the same source;
- ``prefer_source TYPE/SOURCE``: the one of that source;
- ``keep_all``: the best document, and no document of a source with this policy is folded into another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from doc_assets.document import JsonValue
from doc_assets.document.similarity import version_of
from doc_assets.metadata import product_of
from doc_assets.search.page_url import address
from doc_assets.search.ranking import Ranked, RankedChunk
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.places import (
    ChunkContent,
    DocumentPlace,
    Places,
    counterparts,
)
from doc_assets.store.search.scope import SearchScope


@dataclass(frozen=True, slots=True)
class AlsoIn:
    """Another file with the same document or a near duplicate.

    Attributes:
        url: Address of its page, None if that is not known.
        similarity: Similarity of its document to the one that is shown; 1.0 for the same document.
        document: Its document's id in hex: which one, of a file that gives several.
    """

    doc_type: str
    source: str
    path: str
    url: str | None
    similarity: float
    document: str = ""


@dataclass(frozen=True, slots=True)
class FoldedResult:
    """A document to show.

    Attributes:
        ranked: The document, its best chunks, and the best score of its group.
        place: The file it is shown in.
        metadata: The document's metadata.
        also_in: The other files with this content, most similar first.
        contents: What is shown of its best chunks, in their order.
    """

    ranked: Ranked
    place: DocumentPlace
    metadata: Mapping[str, JsonValue]
    also_in: tuple[AlsoIn, ...]
    contents: tuple[ChunkContent, ...] = ()


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """A ranked document and the near duplicates that are folded into it, with their similarity to it."""

    best: Ranked
    others: Mapping[bytes, float]


def fold_duplicates(
    connection: Connection, ranked: Sequence[Ranked], scope: SearchScope, places: Places, k: int
) -> list[FoldedResult]:
    """Return the first ``k`` results: one for near duplicates.

    Files outside the scope are neither results nor under "also in".
    """
    ids = [r.document_id for r in ranked]
    linked = places.near_duplicates(ids)
    files = places.files({*ids, *(other for others in linked.values() for other in others)})
    # Equal scores in the order of their files, not of their ids.
    ordered = sorted(ranked, key=lambda r: (-r.score, files[r.document_id][0].key, r.document_id))
    found = group_duplicates(ordered, files, linked, k)
    by_id = {r.document_id: r for r in ordered}
    members = [key for group in found for key in (group.best.document_id, *group.others)]
    details = places.details(
        members, [(key, chunk.ordinal) for key in members if key in by_id for chunk in by_id[key].chunks]
    )
    shown: dict[bytes, FoldedResult] = {}
    for group in found:
        # A document that was not ranked may not meet the conditions on metadata: under "also in" only.
        showable = by_id.keys() if scope.conditions else files.keys()
        result = _result(group, files, details.metadata, linked, showable)
        if (key := result.ranked.document_id) not in shown:
            own = by_id.get(key)
            best = Ranked(key, own.chunks, group.best.score) if own else _counterpart(connection, group, key)
            places_shown = [(key, chunk.ordinal) for chunk in best.chunks]
            known = details if own else places.details((), places_shown)
            texts = tuple(known.contents[place] for place in places_shown)
            shown[key] = FoldedResult(best, result.place, result.metadata, result.also_in, texts)
    return list(shown.values())


def group_duplicates(
    ordered: Sequence[Ranked],
    places: Mapping[bytes, Sequence[DocumentPlace]],
    linked: Mapping[bytes, Mapping[bytes, float]],
    k: int,
) -> list[DuplicateGroup]:
    """Return the first ``k`` groups of ranked documents, each document in the group of the best one it is linked to.

    ``places`` has the files of all documents in scope, ``linked`` the near duplicates of the ranked ones.
    """
    found: list[DuplicateGroup] = []
    folded: set[bytes] = set()
    for r in ordered:
        if r.document_id in folded:
            continue
        if len(found) == k:
            break
        others = {
            other: alike
            for other, alike in linked.get(r.document_id, {}).items()
            if other in places and other not in folded and places[other][0].policy != "keep_all"
        }
        found.append(DuplicateGroup(r, others))
        folded |= {r.document_id, *others}
    return found


def _result(
    group: DuplicateGroup,
    places: Mapping[bytes, Sequence[DocumentPlace]],
    stated: Mapping[bytes, Mapping[str, JsonValue]],
    linked: Mapping[bytes, Mapping[bytes, float]],
    showable: Collection[bytes],
) -> FoldedResult:
    others = sorted(group.others, key=lambda key: (-group.others[key], places[key][0].key))
    entries = [(key, place) for key in (group.best.document_id, *others) for place in places[key]]
    shown, shown_at = _chosen([entry for entry in entries if entry[0] in showable], stated)

    def alike(key: bytes) -> float:
        # Two documents that are both linked to the best one are not always linked to each other.
        return 1.0 if key == shown else linked.get(key, {}).get(shown) or group.others.get(key) or group.others[shown]

    also: dict[tuple[str, str, str], AlsoIn] = {}
    for key, place in entries:
        # A file may give several documents.
        if place.key != shown_at.key and place.key not in also:
            url = address(place.site, place.path, stated[key])
            # Only the same document is alike to 1.0: near duplicates are so by the estimate alone.
            similarity = 1.0 if key == shown else min(round(alike(key), 3), 0.999)
            also[place.key] = AlsoIn(*place.key, url, similarity, key.hex())
    also_in = sorted(also.values(), key=lambda a: (-a.similarity, a.doc_type, a.source, a.path))
    shown_as = Ranked(shown, group.best.chunks, group.best.score)
    return FoldedResult(shown_as, shown_at, stated[shown], tuple(also_in))


def _chosen(
    entries: Sequence[tuple[bytes, DocumentPlace]], stated: Mapping[bytes, Mapping[str, JsonValue]]
) -> tuple[bytes, DocumentPlace]:
    """Return the document and file to show, by the policy of the first, which is the best."""
    best, first = entries[0]
    policy, _, preferred = first.policy.partition(" ")
    if policy == "prefer_source":
        return next((entry for entry in entries if "/".join(entry[1].key[:2]) == preferred), entries[0])
    if policy == "keep_all" or (policy == "prefer_best" and version_of(stated[best], first.path) is None):
        return entries[0]
    # Sources may be about different products, whose versions do not compare.
    field, product = product_of(stated[best])
    same = [
        (document_id, place)
        for document_id, place in entries
        if (product and product_of(stated[document_id]) == (field, product))
        or (place.key[:2] == first.key[:2] and (not product or policy == "prefer_newest"))
    ]
    return max(same, key=lambda entry: version_of(stated[entry[0]], entry[1].path) or ())


def _counterpart(connection: Connection, group: DuplicateGroup, shown: bytes) -> Ranked:
    """Return a document that was not ranked, with the chunks that correspond to the best document's."""
    best = group.best
    found = counterparts(connection, best.document_id, [chunk.ordinal for chunk in best.chunks], shown)
    chunks: dict[int, RankedChunk] = {}
    for chunk in best.chunks:
        chunks.setdefault(found[chunk.ordinal], replace(chunk, ordinal=found[chunk.ordinal]))
    return Ranked(shown, tuple(chunks.values()), best.score)
