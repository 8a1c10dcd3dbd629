"""Search by a process that keeps what it needs: the same results, whatever is published meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from doc_assets.search.results import SearchResult
from doc_assets.search.search import search
from doc_assets.search.searcher import Searcher
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel, page, publish_pages


@pytest.fixture
def library(store: Store) -> Library:
    made = Library(store, WordModel())
    publish_pages(made)
    return made


def shown(results: Sequence[SearchResult]) -> list[object]:
    """What must be alike: scores nearly, since occurrences read from ts_rank are off by 5 %."""
    return [
        (
            r.doc_type,
            r.source,
            r.path,
            r.heading,
            r.ordinal,
            pytest.approx(r.score, rel=0.03, abs=0.01),
            r.also_in,
            [(p.ordinal, p.text) for p in r.passages],
        )
        for r in results
    ]


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_memory_and_postgresql_find_the_same(library: Library, mode: str) -> None:
    library.publish("ebpf/copy", {"map.md": page("Map", "a map is shared by every thread and has a lock")})
    with Searcher(library.store, library.model) as searcher:
        assert searcher.wait()
        for query in ("the lock of a thread", "map", "fair lock thread channel", "FairMutex", "nothing of it zzz"):
            for types, sources, k in (([], [], 10), (["rust"], [], 10), ([], ["kernel"], 10), (["ebpf"], [], 1)):
                expected = search(library.store, library.model, query, mode=mode, types=types, sources=sources, k=k)
                found = searcher.search(query, mode=mode, types=types, sources=sources, k=k)
                assert shown(found) == shown(expected)
        assert searcher.index.status.status == "loaded"
