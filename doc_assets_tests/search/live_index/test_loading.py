"""The index follows what is live, and says why it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from doc_assets.errors import StoreUnreachable
from doc_assets.search.live_index import loading
from doc_assets.search.live_index.loading import LiveIndex
from doc_assets.search.live_index.segment import read_segment
from doc_assets.store.database.connection import NO_SETTINGS, Connection, Store
from doc_assets.store.search.live_key import live_key
from doc_assets.store.search.live_passages import LiveSnapshot, live_snapshots
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.library import Library, WordModel, page, publish_pages


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index asks often what is live."""
    monkeypatch.setattr(loading, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(loading, "_PAUSE_SECONDS", 0.01)


@pytest.fixture(scope="module")
def library(server_url: str, template: str) -> Iterator[Library]:
    """For all tests here: none leaves another state than it found."""
    with new_database(server_url, template=template) as url:
        library = Library(Store(url), WordModel())
        publish_pages(library)
        yield library


class Interrupted(Store):
    """A store that can be out of reach."""

    reached = True

    @contextmanager
    def reading(
        self, application: str = "doc-assets", *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
    ) -> Iterator[Connection]:
        if not self.reached:
            raise StoreUnreachable("no answer")
        with super().reading(application, one_state=one_state, settings=settings) as connection:
            yield connection


def until(holds: Callable[[], bool]) -> bool:
    """Wait until it holds, for 10 s at most."""
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        threading.Event().wait(0.005)
    return holds()


def key_of(store: Store) -> str:
    with store.reading() as connection:
        return live_key(connection)


def test_what_is_held_stays_while_postgresql_is_out_of_reach(library: Library) -> None:
    store, key = Interrupted(library.store.url), key_of(library.store)
    with LiveIndex(store, 10**9) as index:
        assert index.wait(60)
        held = index.at(key)
        store.reached = False
        assert until(lambda: "no answer" in index.status.reason)
        assert index.at(key) is held
        store.reached = True
        assert until(lambda: not index.status.reason)
        assert index.at(key) is held


def test_an_unforeseen_failure_is_told_and_ends_the_index(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("of 8 GB")

    monkeypatch.setattr(loading, "read_segment", fail)
    with LiveIndex(library.store, 10**9) as index:
        assert not index.wait(60)
        assert (index.status.status, index.status.reason) == ("off", "it failed: MemoryError: of 8 GB")
        assert index.at(key_of(library.store)) is None


def test_what_gets_no_index_is_asked_for_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_POLL_SECONDS", 60.0)
    with LiveIndex(library.store, 1_000) as index:
        assert not index.wait(60)
        assert until(lambda: not index._wanted.is_set())
        assert index.at(key_of(library.store)) is None
        assert not index._wanted.is_set()
        assert index.at("another state") is None
        assert index._wanted.is_set()


def test_words_are_read_again_after_they_were_recomputed(library: Library) -> None:
    key = key_of(library.store)
    with LiveIndex(library.store, 10**9) as index:
        assert index.wait(60)
        held = index.at(key)
        with library.store.connect() as connection:
            connection.execute("INSERT INTO recomputation (what, after) VALUES ('chunk.tsv', '')")
            assert until(lambda: index.at(key) is None)
            assert "recomputed" in index.status.reason
            connection.execute("DELETE FROM recomputation")
        assert until(lambda: index.at(key) is not None)
        assert index.at(key) is not held


def test_closing_ends_the_reading_of_a_large_snapshot(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, parts = threading.Event(), []

    def read_slowly(_: Connection, __: LiveSnapshot, on_chunks: Callable[[int], None]) -> None:
        for part in range(1_000):
            parts.append(part)
            on_chunks(1)
            begun.set()
            threading.Event().wait(0.005)

    monkeypatch.setattr(loading, "read_segment", read_slowly)
    with LiveIndex(library.store, 10**9) as index:
        index.begin()
        assert begun.wait(60)
    assert len(parts) < 1_000


class Replaced(Store):
    """A store behind whose URL another database may come to stand."""

    now: Store

    @contextmanager
    def reading(
        self, application: str = "doc-assets", *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
    ) -> Iterator[Connection]:
        with self.now.reading(application, one_state=one_state, settings=settings) as connection:
            yield connection


def test_a_database_made_anew_or_restored_is_another_state_though_its_snapshots_have_the_same_ids(
    server_url: str, template: str
) -> None:
    with new_database(server_url, template=template) as first, new_database(server_url, template=template) as second:
        libraries = [Library(Store(url), WordModel()) for url in (first, second)]
        for library, word in zip(libraries, ("old", "new"), strict=True):
            library.publish("rust/book", {"a.md": page("Locks", f"the {word} lock")})
        store = Replaced(first)
        store.now = libraries[0].store
        with LiveIndex(store, 10**9) as index:
            assert index.wait(60)
            store.now = libraries[1].store
            with store.reading() as connection:
                key, snapshots = live_key(connection), live_snapshots(connection)
            assert index.at(key) is None
            assert until(lambda: index.at(key) is not None)
            state = index.at(key)
            assert state is not None and state.snapshots == tuple(snapshots)
            with libraries[0].store.reading() as connection:
                (before,) = live_snapshots(connection)
                assert before.id == snapshots[0].id
                assert read_segment(connection, before).document_ids != state.document_ids
