"""Search for processes that answer many queries: the connections, and what was read for earlier queries, are kept.

A process that asks once calls ``search`` in ``doc_assets.search.search``, which gives the same results.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from doc_assets.search.search import Model, SearchResult, explain_empty, search
from doc_assets.store.database.connection import Store
from doc_assets.store.database.reader_pool import ReaderPool
from doc_assets.store.search.filters import Where


class Searcher(AbstractContextManager["Searcher"]):
    """Searches of one store with kept connections. May be shared between threads.

    Attributes:
        store: The store over the kept connections, for other readings of the same process.

    Example:
        >>> with open_for_reading(settings) as store, Searcher(store, SpaceModels(settings)) as searcher:
        ...     for result in searcher.search("how do I pin a thread to a core", types=["rust"], k=3):
        ...         print(result.heading, result.url)
    """

    def __init__(
        self, store: Store, models: Model, *, application: str = "doc-assets search", connections: int = 4
    ) -> None:
        """Open nothing yet.

        Args:
            store: The store to search.
            models: ``SpaceModels``, which finds the model of the searched space, or a model, or a function that loads
                it.
            application: Name of the connections in ``pg_stat_activity``.
            connections: Most connections at a time, one for each search that is under way; others wait up to 5 s.
        """
        self.store: Store = ReaderPool(store, application, connections)
        self._models = models

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
        return search(
            self.store, self._models, query, types=types, sources=sources, where=where, as_of=as_of, k=k, mode=mode
        )

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

    def close(self) -> None:
        """Close the connections."""
        self.store.close()

    def __exit__(self, *_: object) -> None:
        """Close the searcher."""
        self.close()
