"""Search for processes that answer many queries: the connections, and what was read for earlier queries, are kept.

A process that asks once calls ``search`` in ``doc_assets.search.search``, which gives the same results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from doc_assets.errors import StoreUnavailable
from doc_assets.search.live_index.loading import LiveIndex, StateIndex
from doc_assets.search.live_index.provider import IndexProvider
from doc_assets.search.live_index.recent import Recent
from doc_assets.search.provider import Model
from doc_assets.search.results import SearchResult
from doc_assets.search.search import Found, explain_empty, search_in, searching
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.database.reader_pool import ReaderPool
from doc_assets.store.search.filters import Where
from doc_assets.store.search.scope import SearchRequest


class Searcher(AbstractContextManager["Searcher"]):
    """Searches of one store, from an index in memory once that is read, over kept connections. For many threads.

    Attributes:
        store: The store over the kept connections, for other readings of the same process.
        index: The index of what is live.

    Example:
        >>> with open_for_reading(settings) as store, Searcher(store, SpaceModels(settings)) as searcher:
        ...     for result in searcher.search("how do I pin a thread to a core", types=["rust"], k=3):
        ...         print(result.heading, result.url)
    """

    def __init__(
        self,
        store: Store,
        models: Model,
        *,
        application: str = "doc-assets search",
        connections: int = 4,
        index_bytes: int = Settings.index_bytes,
        index: StateIndex | None = None,
        query_vectors: int = 1_000,
    ) -> None:
        """Open and read nothing yet: the first search begins to.

        Args:
            store: The store to search.
            models: ``SpaceModels``, which finds the model of the searched space, or a model, or a function that loads
                it.
            application: Name of the connections in ``pg_stat_activity``.
            connections: Most connections at a time, one for each search that is under way; others wait up to 5 s.
            index_bytes: Most memory for the index; with 0, and where it would take more, all searches ask PostgreSQL.
            index: An index that another process keeps, in place of one of its own.
            query_vectors: Number of vectors of queries to keep, those used last.
        """
        self.store: Store = ReaderPool(store, application, connections)
        self.index: StateIndex = index or LiveIndex(store, index_bytes)
        self._models = models
        self._memory = IndexProvider(self.index, models, Recent(query_vectors))

    def search(
        self,
        query: str,
        *,
        types: Iterable[str] = (),
        sources: Iterable[str] = (),
        where: Where | None = None,
        as_of: str | int | datetime | None = None,
        k: int = 10,
        mode: str = "hybrid",
    ) -> list[SearchResult]:
        """Return the best results of a query: arguments, results and errors of ``search`` in ``search.search``."""
        request = SearchRequest.of(types, sources, where, as_of)
        with self.searching() as connection:
            return self.search_in(connection, query, request, k=k, mode=mode).results

    @contextmanager
    def searching(self) -> Iterator[Connection]:
        """Yield a transaction that sees one state, for a search and what else its answer is made of.

        Raises:
            StoreUnavailable: PostgreSQL went away, or all connections were in use for 5 s.
        """
        try:
            with searching(self.store) as connection:
                yield connection
        except OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL went away during the search: {error}; try again") from error

    def search_in(
        self,
        connection: Connection,
        query: str,
        request: SearchRequest,
        *,
        k: int = 10,
        mode: str = "hybrid",
        live: str | None = None,
    ) -> Found:
        """Search within a transaction of ``searching``: see ``search_in`` in ``search.search``."""
        return search_in(connection, self._models, query, request, k=k, mode=mode, memory=self._memory, live=live)

    def explain_empty(
        self,
        *,
        types: Iterable[str] = (),
        sources: Iterable[str] = (),
        where: Where,
        as_of: str | int | datetime | None = None,
    ) -> str:
        """Return one sentence on why a filtered search found nothing; raises as ``search`` does."""
        return explain_empty(self.store, types=types, sources=sources, where=where, as_of=as_of)

    def begin(self) -> None:
        """Begin to read the index now, so that the first searches find it."""
        self.index.begin()

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until the index is read, for so long at most; returns whether it is."""
        return self.index.wait(seconds)

    def close(self) -> None:
        """Close the connections and free the index."""
        self.index.close()
        self.store.close()

    def __exit__(self, *_: object) -> None:
        """Close the searcher."""
        self.close()
