"""Evidence for a search from the index of what is live, where it holds just that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.embedding.prompts import Role
from doc_assets.search.live_index.details import KnownDetails
from doc_assets.search.live_index.gathering import NO_TERMS, find_terms, gather
from doc_assets.search.live_index.loading import StateIndex
from doc_assets.search.live_index.places import LivePlaces
from doc_assets.search.live_index.recent import Recent
from doc_assets.search.live_index.state import LiveState, Rows
from doc_assets.search.provider import Asked, Candidates, Model
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.filters import few_documents, require_known
from doc_assets.store.search.live_key import live_key
from doc_assets.store.search.live_passages import lexemes_of
from doc_assets.store.search.meaning import first_tokens
from doc_assets.store.search.scope import SearchScope, choose


@dataclass(frozen=True, slots=True)
class IndexProvider:
    """Gathers evidence from memory; may be shared between threads.

    Attributes:
        index: The index.
        models: What opens the model of the live space.
        vectors: The vectors of earlier queries, by the fingerprint of their space and their text.
        details: What was read of the documents that were found.
    """

    index: StateIndex
    models: Model
    vectors: Recent[tuple[str, str], np.ndarray]
    details: KnownDetails = field(default_factory=KnownDetails)

    def candidates(self, connection: Connection, asked: Asked) -> Candidates | None:
        """See ``Provider.candidates``; None unless the index holds what the connection sees as live."""
        if asked.request.as_of is not None:
            return None
        state = self.index.at(live_key(connection) if asked.live is None else asked.live)
        if state is None:
            return None
        embedder = None if asked.mode == "text" else _of_space(self.models, state)
        if asked.mode != "text" and embedder is None:
            return None
        chosen = choose(state.snapshots, asked.request)
        ids = {snapshot.id for snapshot in chosen}
        numbers = [number for number, snapshot in enumerate(state.snapshots) if snapshot.id in ids]
        conditions = asked.request.conditions

        def matching() -> Collection[bytes] | None:
            return few_documents(connection, conditions, [snapshot.id for snapshot in chosen], state.visible_chunks)

        rows = state.rows_of(numbers, conditions or None, matching)
        if rows is None:
            return None
        scope = _scope(state, numbers, rows, asked)
        if not scope.searched_chunks:
            require_known(connection, conditions)
            return Candidates.none(scope)
        places = LivePlaces(state, frozenset(numbers), connection, self.details)
        vector = None if embedder is None else self._vector(embedder, asked.query)
        if asked.mode == "vector":
            evidence = gather(state, rows, NO_TERMS, vector, asked.wanted, all_chunks=False)
            return Candidates(scope, NO_TERMS.terms, evidence, places)
        found = state.terms.of(asked.query, lambda: find_terms(connection, state, lexemes_of(connection, asked.query)))
        return Candidates(scope, found.terms, gather(state, rows, found, vector, asked.wanted), places)

    def _vector(self, embedder: Embedder, query: str) -> np.ndarray:
        def embed() -> np.ndarray:
            known = first_tokens(query, embedder.tokenizers.of(Role.QUERY))
            made = embedder.embed([known], Role.QUERY)[0]
            made.flags.writeable = False
            return made

        return self.vectors.of((embedder.space.fingerprint, query), embed)


def _of_space(models: Model, state: LiveState) -> Embedder | None:
    """Return the model of what is live; None if another is given, which PostgreSQL's search refuses."""
    if isinstance(models, SpaceModels):
        return models.of([state.space])
    embedder = models if isinstance(models, Embedder) else models()
    return embedder if embedder.space.fingerprint == state.space.fingerprint else None


def _scope(state: LiveState, numbers: Sequence[int], rows: Rows, asked: Asked) -> SearchScope:
    allowed = rows.allowed_chunks
    return SearchScope(
        snapshots=tuple(state.snapshots[number].id for number in numbers),
        searched_chunks=rows.chunks[1] - rows.chunks[0] if allowed is None else int(np.count_nonzero(allowed)),
        narrowed=len(numbers) < len(state.snapshots) or bool(asked.request.conditions),
        visible_snapshots=tuple(snapshot.id for snapshot in state.snapshots),
        visible_documents=sum(snapshot.documents for snapshot in state.snapshots),
        visible_chunks=state.visible_chunks,
        visible_tokens=sum(snapshot.tokens for snapshot in state.snapshots),
        conditions=asked.request.conditions,
    )
