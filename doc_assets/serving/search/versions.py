"""Which versions a search is about, by what the snapshots in its scope hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from doc_assets.serving.search.version_filter import VersionFilter, version_filter
from doc_assets.serving.sources.snapshot_facts import SnapshotFacts
from doc_assets.store.browse.state import VisibleSnapshot
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.scope import SearchRequest, resolve_scope


class Versions:
    """Finds the versions that searches are about; may be shared between threads."""

    def __init__(self, facts: SnapshotFacts) -> None:
        """Take what is known of snapshots."""
        self._facts = facts
        self._newest = ("", VersionFilter(None))

    def of(
        self, connection: Connection, request: SearchRequest, visible: Sequence[VisibleSnapshot], version: str
    ) -> tuple[SearchRequest, VersionFilter]:
        """Return the request narrowed to a version, as a reader wrote it, and what is searched of what is visible.

        Raises:
            Misuse: It is no version.
            NotFound: No product in scope has such a version or one below.
        """
        scope = resolve_scope(connection, replace(request, conditions=()))
        in_scope = set(scope.snapshots)
        searched = [one for one in visible if one.id in in_scope]
        facts = self._facts.of(connection, searched)
        twins = self._facts.twins(connection, searched)
        found = version_filter(version, [one for of in facts.values() for one in of], request.conditions, twins)
        if found.condition is None:
            return request, found
        return replace(request, conditions=(*request.conditions, found.condition)), found

    def newest(self, connection: Connection, visible: Sequence[VisibleSnapshot], state: str) -> VersionFilter:
        """Return the newest version of each product, at whose files results are shown; kept for the last state."""
        known, newest = self._newest
        if known != state:
            facts = self._facts.of(connection, visible)
            newest = version_filter("latest", [one for of in facts.values() for one in of], ())
            self._newest = state, newest
        return newest
