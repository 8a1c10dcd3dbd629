"""Search by a process that keeps what it needs: the same results, whatever is published meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from doc_assets.errors import NotFound, Refused
from doc_assets.search import search as search_module
from doc_assets.search.results import SearchResult
from doc_assets.search.search import search
from doc_assets.search.searcher import Searcher
from doc_assets.store.database.connection import Store
from doc_assets.store.search.filters import Condition
from doc_assets.store.search.scope import SearchRequest
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support.library import Library, WordModel, page, publish_pages


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def shown(results: Sequence[SearchResult]) -> list[object]:
    """What must be alike: scores nearly, since occurrences read from ts_rank are off by 5 %."""
    return [
        (
            (r.doc_type, r.source, r.path, r.heading, r.ordinal, r.also_in, r.metadata),
            pytest.approx(r.score, rel=0.03, abs=0.01),
            [(passage.ordinal, passage.text) for passage in r.passages],
        )
        for r in results
    ]


def generations(results: Sequence[SearchResult]) -> set[str]:
    """The generations that the results are of."""
    return {word for result in results for word in result.text.split() if word.startswith("generation")}


def refuse_postgresql(*_: object) -> None:
    raise AssertionError("PostgreSQL was asked for evidence")


def test_memory_and_postgresql_find_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_pages(library)
    library.publish("ebpf/copy", {"map.md": page("Map", "a map is shared by every thread and has a lock")})
    questions = [
        (query, mode, types, sources, k)
        for query in ("the lock of a thread", "fair FairMutex channel", "nothing of it zzz")
        for mode in ("text", "vector", "hybrid")
        for types, sources, k in (([], [], 10), ([], ["ebpf/kernel"], 10), (["ebpf"], [], 1))
    ]

    def asked(searcher: Searcher) -> list[object]:
        return [shown(searcher.search(q, mode=m, types=t, sources=s, k=k)) for q, m, t, s, k in questions]

    with Searcher(library.store, library.model, index_bytes=0) as alone:
        expected = asked(alone)
        assert alone.index.status.status == "off"
    with Searcher(library.store, library.model) as searcher:
        assert searcher.wait()
        monkeypatch.setattr(search_module, "_from_store", refuse_postgresql)
        assert asked(searcher) == expected
        assert searcher.index.status.chunks == 6
        with pytest.raises(NotFound, match="nothing is published of type defi"):
            searcher.search("lock", types=["defi"])


def test_conditions_on_metadata_are_met_from_memory(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_pages(library)
    with Searcher(library.store, library.model) as searcher:
        assert searcher.wait()
        monkeypatch.setattr(search_module, "_from_store", refuse_postgresql)
        assert searcher.search("lock", where={"product": "nothing has this"}) == []
        with pytest.raises(NotFound, match="unknown field 'prodduct'"):
            searcher.search("lock", where={"prodduct": "x"})


def test_conditions_that_more_documents_of_the_past_meet_than_can_be_listed_are_met_by_postgresql(
    library: Library,
) -> None:
    publish_pages(library)  # 13 documents, with 5 live chunks
    no_product = Condition("product", ("x",), ('{"product": "x"}',), excluding=True)
    with Searcher(library.store, library.model) as searcher:
        assert searcher.wait()
        with searcher.searching() as connection:
            request = SearchRequest((), (), (no_product,), None)
            assert len(searcher.search_in(connection, "lock", request).results) == 4


def test_what_does_not_fit_into_memory_is_found_by_postgresql_and_the_reason_is_told(library: Library) -> None:
    publish_pages(library)
    with Searcher(library.store, library.model, index_bytes=1_000) as searcher:
        assert not searcher.wait()
        assert searcher.search("lock") == search(library.store, library.model, "lock")
        status = searcher.index.status
        assert status.status == "off"
        assert "DOC_ASSETS_INDEX_BYTES allows 1,000" in status.reason


def test_where_nothing_is_published_nothing_is_read_until_something_is(library: Library) -> None:
    with Searcher(library.store, library.model) as searcher:
        with pytest.raises(Refused, match="nothing is published"):
            searcher.search("lock")
        publish_pages(library)
        assert len(searcher.search("lock")) > 1


def test_no_answer_mixes_states_while_sources_are_published_and_rolled_back(library: Library) -> None:
    def generation(number: int) -> int:
        pages = {f"{n}.md": page(f"Page {n}", f"threads wait here generation{number}x page{n}") for n in range(6)}
        return library.publish("rust/std", pages)

    first, faults, answers, over = generation(0), [], [], threading.Event()
    with Searcher(library.store, library.model, connections=8) as searcher:
        assert searcher.wait()

        def read() -> None:
            while not over.is_set():
                found = searcher.search("threads wait", mode="hybrid")
                said = generations(found)
                answers.append(said)
                if len(said) != 1 or len(found) != 6:
                    faults.append((said, len(found)))

        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        for number in range(1, 4):
            generation(number)
            current = searcher.search("threads wait")
            assert {word for r in current for word in r.text.split() if "generation" in word} == {
                f"generation{number}x"
            }
        rollback(library.store, "rust/std", str(first), run_id="test")
        assert generations(searcher.search("threads wait")) == {"generation0x"}
        over.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert answers
