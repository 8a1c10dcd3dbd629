"""One result for what says the same: which of near duplicates is shown, and where else its content stands.

Pairs are linked in ``store.near_duplicates``, files of one document by the manifest. Which of them is shown is the
policy of the source whose document answers best, as the catalogue said when its snapshot was made:

- ``prefer_best``: the document that answers best;
- ``prefer_newest``: the one with the highest version in the same source;
- ``prefer_source TYPE/SOURCE``: the one of that source;
- ``keep_all``: the one that answers best, and no document of a source with this policy is folded into another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from doc_assets.document import JsonValue
from doc_assets.document.similarity import version_of
from doc_assets.search.page_url import address
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.places import Place, counterpart, metadata_of, places_of
from doc_assets.store.search.scope import Scope
from doc_assets.store.search.text_ranking import Ranked
from doc_assets.store.snapshots.near_duplicate_links import near_duplicates_of


@dataclass(frozen=True, slots=True)
class AlsoIn:
    """Another live file that says what a passage says.

    Attributes:
        doc_type: Of the file.
        source: Of the file.
        path: Relative to the source.
        url: Of its page, None where that is not known.
        similarity: Of its document to the one that is shown; 1.0 for the same document.
    """

    doc_type: str
    source: str
    path: str
    url: str | None
    similarity: float


@dataclass(frozen=True, slots=True)
class Result:
    """A passage to show.

    Attributes:
        passage: The document, the ordinal of its passage, and the score of the best of its group.
        place: The file it is shown in.
        metadata: Of the document.
        also_in: The other files with this content, most similar first.
    """

    passage: Ranked
    place: Place
    metadata: Mapping[str, JsonValue]
    also_in: tuple[AlsoIn, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A ranked document and the near duplicates that are folded into it, with their similarity to it."""

    best: Ranked
    others: Mapping[bytes, float]


def fold(connection: Connection, ranked: Sequence[Ranked], scope: Scope, k: int) -> list[Result]:
    """The first ``k`` results: one for near duplicates, and one for several documents of a file.

    Args:
        connection: In the transaction of the search.
        ranked: Documents that are live in the scope, best first.
        scope: What is searched; what stands in other sources is no result and not told.
        k: Results to return at most.
    """
    ids = [r.document_id for r in ranked]
    linked = near_duplicates_of(connection, ids)
    places = places_of(connection, {*ids, *(other for others in linked.values() for other in others)}, scope.snapshots)
    # Equal scores stand in the order of their places, not in that of their digests.
    ordered = sorted(ranked, key=lambda r: (-r.score, places[r.document_id][0].key, r.document_id))
    found = groups(ordered, places, linked, k)
    stated = metadata_of(connection, [key for group in found for key in (group.best.document_id, *group.others)])
    by_id = {r.document_id: r for r in ordered}
    files: dict[tuple[str, str, str], Result] = {}
    for group in found:
        # What the ranking left out may not meet the conditions on metadata: told, but not shown.
        showable = by_id.keys() if scope.wanted else places.keys()
        result = _result(group, places, stated, linked, showable)
        if result.place.key not in files:
            files[result.place.key] = replace(result, passage=_passage(connection, result, group.best, by_id))
    return list(files.values())


def groups(
    ordered: Sequence[Ranked],
    places: Mapping[bytes, Sequence[Place]],
    linked: Mapping[bytes, Mapping[bytes, float]],
    k: int,
) -> list[Group]:
    """The first ``k`` groups: each document in the group of the best one that it is linked to.

    Args:
        ordered: Best first.
        places: Of all live documents concerned, none empty; what is not in here is not live.
        linked: Near duplicates of the ranked documents.
        k: Groups to return at most.
    """
    found: list[Group] = []
    folded: set[bytes] = set()
    files: set[tuple[str, str, str]] = set()
    for r in ordered:
        place = places[r.document_id][0]
        if r.document_id in folded or place.key in files:
            continue
        if len(found) == k:
            break
        others = {
            other: alike
            for other, alike in linked.get(r.document_id, {}).items()
            if other in places and other not in folded and places[other][0].policy != "keep_all"
        }
        found.append(Group(r, others))
        folded |= {r.document_id, *others}
        files.add(place.key)
    return found


def _result(
    group: Group,
    places: Mapping[bytes, Sequence[Place]],
    stated: Mapping[bytes, Mapping[str, JsonValue]],
    linked: Mapping[bytes, Mapping[bytes, float]],
    showable: Collection[bytes],
) -> Result:
    others = sorted(group.others, key=lambda key: (-group.others[key], places[key][0].key))
    entries = [(key, place) for key in (group.best.document_id, *others) for place in places[key]]
    shown, shown_at = _chosen([entry for entry in entries if entry[0] in showable], stated)

    def alike(key: bytes) -> float:
        # Two that are both linked to the best are not always linked to each other.
        return 1.0 if key == shown else linked.get(key, {}).get(shown) or group.others.get(key) or group.others[shown]

    also: dict[tuple[str, str, str], AlsoIn] = {}
    for key, place in entries:
        # A file may hold several of them.
        if place.key != shown_at.key and place.key not in also:
            url = address(place.site, place.path, stated[key])
            also[place.key] = AlsoIn(*place.key, url, round(alike(key), 3))
    told = sorted(also.values(), key=lambda a: (-a.similarity, a.doc_type, a.source, a.path))
    return Result(replace(group.best, document_id=shown), shown_at, stated[shown], tuple(told))


def _chosen(
    entries: Sequence[tuple[bytes, Place]], stated: Mapping[bytes, Mapping[str, JsonValue]]
) -> tuple[bytes, Place]:
    """The document and file to show, by the policy of the first, which answers best."""
    first = entries[0][1]
    policy, _, preferred = first.policy.partition(" ")
    if policy == "prefer_newest":
        # Versions of different sources, which may be different products, do not compare.
        same = [entry for entry in entries if entry[1].key[:2] == first.key[:2]]
        return max(same, key=lambda entry: version_of(stated[entry[0]], entry[1].path) or ())
    if policy == "prefer_source":
        return next((entry for entry in entries if "/".join(entry[1].key[:2]) == preferred), entries[0])
    return entries[0]


def _passage(connection: Connection, result: Result, best: Ranked, ranked: Mapping[bytes, Ranked]) -> Ranked:
    """The passage to show of the chosen document: its own best, else the one that corresponds to that of the best."""
    shown = result.passage.document_id
    return replace(ranked[shown], score=best.score) if shown in ranked else counterpart(connection, best, shown)
