"""Of loads that go on side by side, whoever ends last builds the vector index, and nobody builds it before."""

from __future__ import annotations

import threading

import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.retention import maintenance
from doc_assets.store.spaces import vector_index
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, page


@pytest.fixture
def loaded(store, monkeypatch) -> Store:
    """Enough vectors for an index, and none yet."""
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 100)
    Shelf(store).publish({f"{n}.md": page(*(f"{n} {i}" for i in range(40))) for n in range(4)})
    return store


def is_indexed(store: Store) -> bool:
    with store.connect() as connection:
        return vector_index.exists(connection, "embedding_1")


def session(store: Store, key: str) -> PartitionSession:
    return PartitionSession(store, "rust", key, key, Retries(RetryPolicy(attempts=2)))


def test_it_is_left_to_the_load_that_ends_last(loaded):
    other = session(loaded, "other")
    with session(loaded, "own"):
        pass
    done = maintenance.finish_loading(loaded, SPACE.fingerprint)
    assert (done.built, done.last) == (False, False) and not is_indexed(loaded)
    other.close()
    done = maintenance.finish_loading(loaded, SPACE.fingerprint)
    assert (done.built, done.last) == (True, True) and is_indexed(loaded)
    assert not maintenance.finish_loading(loaded, SPACE.fingerprint).built


def test_new_words_are_merged_into_their_index(loaded):
    merge = "SELECT gin_clean_pending_list('doc_assets.chunk_tsv')"
    maintenance.finish_loading(loaded, SPACE.fingerprint)
    with loaded.connect() as connection:
        assert connection.execute(merge).fetchall() == [(0,)]
    Shelf(loaded).publish({"new.md": page("a new word")})
    with loaded.connect() as connection:
        assert connection.execute(merge).fetchall() > [(0,)], "else the test says nothing"


def test_between_two_partitions_of_one_call_nobody_is_last(loaded):
    with maintenance.loading(loaded):
        with session(loaded, "first"):
            pass
        assert not maintenance.finish_loading(loaded, SPACE.fingerprint).last
    assert maintenance.finish_loading(loaded, SPACE.fingerprint).built


def test_of_loads_that_end_at_the_same_moment_one_finds_itself_last(loaded):
    for _ in range(5):
        together = threading.Barrier(4)
        results: list[maintenance.IndexResult] = []

        def load(number: int, together: threading.Barrier = together, results: list = results) -> None:
            with session(loaded, f"p{number}"):
                together.wait()
            results.append(maintenance.finish_loading(loaded, SPACE.fingerprint))

        threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(result.built for result in results) == 1, results
        with loaded.connect() as connection:
            connection.execute("DROP INDEX doc_assets.embedding_1_hnsw")


def test_a_load_that_begins_while_it_is_built_does_not_wait_for_it(loaded):
    with loaded.connect() as connection, maintenance.locks.try_exclusive_loading_lock(connection) as alone:
        assert alone
        with session(loaded, "begins"):
            pass


def test_a_load_that_adds_much_to_an_index_drops_it_and_says_so(loaded, caplog):
    maintenance.finish_loading(loaded, SPACE.fingerprint)
    with loaded.connect() as connection:
        (live,) = connection.execute("SELECT name FROM partition").fetchone() or ("",)
    little, much = {"rust/new": 30 * 150}, {"rust/new": 100 * 150}
    assert not maintenance.prepare_loading(loaded, SPACE.fingerprint, little) and is_indexed(loaded)
    assert not maintenance.prepare_loading(loaded, SPACE.fingerprint, {live: 10**9}) and is_indexed(loaded)
    with session(loaded, "other"):  # it loads
        assert not maintenance.prepare_loading(loaded, SPACE.fingerprint, much) and is_indexed(loaded)
    assert maintenance.prepare_loading(loaded, SPACE.fingerprint, much) and not is_indexed(loaded)
    assert "which may add 100 vectors to 160" in caplog.text
    assert maintenance.finish_loading(loaded, SPACE.fingerprint).built


def test_an_index_that_large_searches_need_is_not_dropped(loaded, monkeypatch):
    maintenance.finish_loading(loaded, SPACE.fingerprint)
    monkeypatch.setattr(maintenance, "DROP_MOST", 100)
    assert not maintenance.prepare_loading(loaded, SPACE.fingerprint, {"rust/new": 10**9}) and is_indexed(loaded)


def test_a_load_does_not_wait_for_who_reads_the_vectors_and_leaves_the_index(loaded):
    maintenance.finish_loading(loaded, SPACE.fingerprint)
    with loaded.connect() as dump, dump.transaction():
        dump.execute("SELECT count(*) FROM embedding_1")
        assert not maintenance.prepare_loading(loaded, SPACE.fingerprint, {"rust/new": 10**9})
    with loaded.connect() as connection:
        assert vector_index.exists(connection, "embedding_1")
        assert vector_index.invalid_indexes(connection, "embedding_1") == []
    assert maintenance.prepare_loading(loaded, SPACE.fingerprint, {"rust/new": 10**9}) and not is_indexed(loaded)
