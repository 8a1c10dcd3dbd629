"""Every pair of near duplicates is linked once, in whatever order and however many at once they come."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import near_duplicate_links
from doc_assets.store.snapshots.near_duplicate_links import link_near_duplicates, pairs
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.near_duplicates import article, linked


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def test_links_are_the_same_in_whatever_order_documents_come(library: Library) -> None:
    files = {f"v{i}/maps.md": article("Maps", i % 4, version=f"{i}") for i in range(8)}
    for i, (path, document) in enumerate(files.items()):
        library.publish(f"rust/forwards{i}", {path: document})
    with library.store.connect() as connection:
        expected = connection.execute("SELECT * FROM near_duplicate ORDER BY 1, 2").fetchall()
        assert len(expected) > 20
        connection.execute("TRUNCATE near_duplicate, document_signature")
    library.publish("rust/backwards", dict(reversed(files.items())))
    with library.store.connect() as connection:
        assert connection.execute("SELECT * FROM near_duplicate ORDER BY 1, 2").fetchall() == expected


def test_loads_at_the_same_time_miss_no_pair(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [library.publish(f"rust/s{i}", {"maps.md": article("Maps", version=f"{i}")}) for i in range(4)]
    with library.store.connect() as connection:
        connection.execute("TRUNCATE near_duplicate, document_signature")
    real = near_duplicate_links._pairs

    def slow(*arguments):
        time.sleep(0.2)  # signatures are written and not committed: without the lock nobody would see the others'
        return real(*arguments)

    monkeypatch.setattr(near_duplicate_links, "_pairs", slow)

    def run(snapshot: int) -> int:
        with library.store.connect() as connection:
            return link_near_duplicates(connection, snapshot)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, made)) == [1, 1, 1, 1]
    assert len(linked(library)) == 6


def test_documents_of_an_older_program_are_linked_with_the_next_snapshot_that_holds_them(library: Library) -> None:
    files = {"a.md": article("Maps"), "b.md": article("Maps", 1)}
    library.publish("rust/s", files)
    with library.store.connect() as connection:
        connection.execute("TRUNCATE near_duplicate, document_signature")
    assert linked(library) == set()
    snapshot = library.publish("rust/s", files)
    assert linked(library) == {frozenset(("rust/s/a.md", "rust/s/b.md"))}
    with library.store.connect() as connection:
        assert link_near_duplicates(connection, snapshot) == 0


def test_pairs_are_listed_most_similar_first_down_to_a_threshold(library: Library) -> None:
    files = {"a.md": article("Maps"), "b.md": article("Maps"), "c.md": article("Maps", 1), "d.md": article("Maps", 2)}
    library.publish("rust/s", files)
    with library.store.connect() as connection:
        found = pairs(connection)
        assert [pair.same for pair in found] == [True, False, False, False]
        assert [(found[0].one, found[0].other)] == [("rust/s/a.md", "rust/s/b.md")]
        similar = [pair.similarity for pair in found]
        assert similar == sorted(similar, reverse=True)
        assert pairs(connection, similar[1]) == [pair for pair in found if pair.similarity >= similar[1]]
        assert pairs(connection, 1.0) == found[:1]
