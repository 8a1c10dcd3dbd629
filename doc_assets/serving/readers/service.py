"""A service whose searches are answered by reader processes; documents and lists it reads itself."""

from __future__ import annotations

from collections.abc import Callable

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import StoreUnavailable
from doc_assets.search.live_index.loading import IndexStatus
from doc_assets.serving.answers import EncodedAnswer, SearchAnswer, SearchQuery
from doc_assets.serving.readers.pool import Readers
from doc_assets.serving.service import Service
from doc_assets.serving.sources.source_answers import Scopes
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.database.connection import Store
from doc_assets.store.search.scope import SearchRequest, resolve_scope
from doc_assets.store.spaces.spaces import live_models


class SpreadService(Service):
    """Answers readers as ``Service`` does; may be shared between threads."""

    def __init__(
        self,
        store: Store,
        models: SpaceModels,
        readers: Readers,
        *,
        scopes: Callable[[], Scopes],
        tokens: TokenCounter,
        statement_seconds: float,
    ) -> None:
        """Take the reader processes; the other arguments are those of ``Service``."""
        super().__init__(store, models, scopes=scopes, tokens=tokens, statement_seconds=statement_seconds)
        self._readers = readers
        self._opened: tuple[str, ...] = ()

    @property
    def index(self) -> IndexStatus:
        """See ``Service.index``."""
        return self._readers.index

    def search(self, query: SearchQuery) -> SearchAnswer:
        """See ``Service.search``."""
        return SearchAnswer.model_validate_json(self.search_encoded(query).json)

    def search_encoded(self, query: SearchQuery) -> EncodedAnswer:
        """See ``Service.search_encoded``."""
        return self._readers.search(query)

    def require_ready(self) -> None:
        """See ``Service.require_ready``; a reader, of which none may be free, is asked once for each model."""
        with self._reading() as connection:
            scope = resolve_scope(connection, SearchRequest.of((), (), None, None))
            spaces = tuple(space.fingerprint for space in live_models(connection, scope.snapshots))
            self._facts.of(connection, self._visible(connection, None))
        if spaces != self._opened:
            self._readers.require_ready()
            self._opened = spaces
        elif not self._readers.running:
            raise StoreUnavailable("no reader process runs now: the log says why, and they are started again")
