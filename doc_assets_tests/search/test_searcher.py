"""Search by a process that keeps what it needs: the same results, whatever is published meanwhile."""

from __future__ import annotations

import pytest

from doc_assets.search.search import search
from doc_assets.search.searcher import Searcher
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel, publish_pages


@pytest.fixture
def library(store: Store) -> Library:
    made = Library(store, WordModel())
    publish_pages(made)
    return made


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_searcher_finds_what_a_single_search_finds(library: Library, mode: str) -> None:
    with Searcher(library.store, library.model) as searcher:
        for query in ("the lock of a thread", "map", "fair lock thread channel"):
            for types in ([], ["rust"]):
                expected = search(library.store, library.model, query, types=types, mode=mode)
                assert searcher.search(query, types=types, mode=mode) == expected
                assert searcher.search(query, types=types, mode=mode) == expected
