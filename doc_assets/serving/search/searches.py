"""Answers a search in one transaction: which versions, which results, and what of them fits the reader's budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from doc_assets.errors import Misuse
from doc_assets.search.choices import facts_of
from doc_assets.search.results import SearchResult
from doc_assets.search.search import Found
from doc_assets.serving.answers import DEEPEST, SearchAnswer, SearchQuery, Snapshot
from doc_assets.serving.cursors import Cursor, mark, request_hash, short
from doc_assets.serving.search.hits import PlacedDocuments, StretchTokens, show
from doc_assets.serving.search.version_filter import VersionFilter
from doc_assets.serving.search.versions import Versions
from doc_assets.serving.sources.snapshot_facts import SnapshotFacts
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.browse.state import VisibleSnapshot, VisibleStates
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.scope import SearchRequest

_VERSIONS = ("version", "crate_version")

# Finds the results of a query: connection, query, what it is narrowed to, how many, and the ``live_key`` if known.
Find = Callable[[Connection, SearchQuery, SearchRequest, int, str | None], Found]


class Searches:
    """Answers searches; may be shared between threads.

    Attributes:
        states: What was read of the visible state.
    """

    def __init__(self, find: Find, facts: SnapshotFacts, tokens: TokenCounter) -> None:
        """Take what finds results, what is known of snapshots, and what counts tokens."""
        self._find = find
        self.states = VisibleStates()
        self._versions = Versions(facts)
        self._tokens = tokens
        self._documents = PlacedDocuments()
        self._stretches = StretchTokens(tokens)

    def answer(self, connection: Connection, query: SearchQuery, places: Sequence[str]) -> SearchAnswer:
        """Answer a search among some types and sources, all if none are given; raises as ``Service.search``."""
        request = replace(
            SearchRequest.of(query.type, query.source, _facts(query.where), query.as_of),
            places=tuple(places),
        )
        asked = request_hash([query.model_dump(mode="json", exclude={"cursor"})])
        cursor = Cursor.read(query.cursor, asked) if query.cursor else None
        seen = self.states.of(connection, request.as_of)
        visible, state = seen.snapshots, seen.digest
        if cursor is not None:
            cursor.require(state)
        notes: tuple[str, ...] = ()
        of_version = VersionFilter(None)
        if query.version is not None:
            request, of_version = self._versions.of(connection, request, visible, query.version)
            notes = of_version.notes
        elif not any(condition.field in _VERSIONS for condition in request.conditions):
            of_version = self._versions.newest(connection, visible, state)
        before = cursor.position if cursor else 0
        depth = min(before + query.k + 1, DEEPEST)
        found = self._find(connection, query, request, depth, seen.live)
        notes += found.notes()
        results, further = _page(found.results, cursor, query.k)
        shown = show(
            connection,
            [of_version.place_of(one) for one in results],
            seen,
            self._documents,
            self._stretches,
            query.around,
            query.max_tokens,
        )
        held = {hit.snapshot for hit in shown.hits}
        after = Cursor(
            asked, short(state), before + len(results), (*(cursor.shown if cursor else ()), *map(_mark, results))
        )
        return SearchAnswer(
            hits=shown.hits,
            cursor=str(after) if further and after.position < DEEPEST else None,
            left_out=shown.left_out,
            snapshots=tuple(_snapshot(one) for one in visible if one.id in held),
            state=state,
            tokenizer=self._tokens.name,
            notes=notes,
        )


def _facts(given: Sequence[str]) -> dict[str, list[str]]:
    try:
        return facts_of(given)
    except ValueError as error:
        raise Misuse(str(error)) from error


def _page(results: Sequence[SearchResult], cursor: Cursor | None, k: int) -> tuple[list[SearchResult], bool]:
    """Return the results of this page, and whether there are more."""
    shown = set(cursor.shown) if cursor else set()
    rest = [result for result in results if _mark(result) not in shown]
    return rest[:k], len(rest) > k


def _mark(result: SearchResult) -> str:
    # A file may hold several documents, each a result of its own.
    return mark(f"{result.doc_type}/{result.source}/{result.path}@{result.document}")


def _snapshot(one: VisibleSnapshot) -> Snapshot:
    return Snapshot(
        partition=one.partition,
        id=one.id,
        digest=one.digest,
        revision=one.revision,
        published_at=one.published_at,
    )
