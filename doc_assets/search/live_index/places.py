"""Where documents stand, from a state in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from doc_assets.search.live_index.details import KnownDetails
from doc_assets.search.live_index.state import LiveState
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.places import Details, DocumentPlace, File


@dataclass(frozen=True, slots=True)
class LivePlaces:
    """The files of some snapshots of a state, as ``store.search.places.Places``.

    Attributes:
        state: What is live.
        numbers: Numbers of the snapshots.
        connection: Asked for the details that are not known yet.
        known: Details that were read before.
    """

    state: LiveState
    numbers: frozenset[int]
    connection: Connection
    known: KnownDetails

    def near_duplicates(self, documents: Sequence[bytes]) -> Mapping[bytes, Mapping[bytes, float]]:
        """See ``Places.near_duplicates``; all of them are live."""
        near = self.state.near
        return {document_id: near[document_id] for document_id in documents if document_id in near}

    def files(self, documents: Collection[bytes]) -> dict[bytes, list[DocumentPlace]]:
        """See ``Places.files``."""
        found = {}
        for document_id in documents:
            if here := [number for number in self.state.holders[document_id] if number in self.numbers]:
                places = [place for number in here for place in self._places(number, document_id)]
                # Shards of one source are several snapshots.
                found[document_id] = sorted(places, key=lambda place: place.key) if len(here) > 1 else places
        return found

    def inclusions(self, files: Sequence[File]) -> set[tuple[File, File]]:
        """See ``Places.inclusions``."""
        known = set(files)
        pairs = ((whole, (*whole[:2], path)) for whole in known for path in self.state.includes.get(whole, ()))
        return {(whole, part) for whole, part in pairs if part in known and whole != part}

    def details(self, documents: Collection[bytes], chunks: Collection[tuple[bytes, int]]) -> Details:
        """See ``Places.details``."""
        return self.known.of(self.connection, documents, chunks)

    def _places(self, number: int, document_id: bytes) -> list[DocumentPlace]:
        known = self.state.places
        # Two threads may both make them.
        if (number, document_id) not in known:
            of = self.state.snapshots[number]
            paths = self.state.segments[number].files.paths[document_id]
            known[number, document_id] = [
                DocumentPlace(of.doc_type, of.source, path, of.site, of.policy) for path in paths
            ]
        return known[number, document_id]
