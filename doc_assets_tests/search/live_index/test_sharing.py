"""An index that one process reads and others map."""

from __future__ import annotations

import errno
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from doc_assets.search.live_index.loading import LiveIndex
from doc_assets.search.live_index.sharing import PublishedIndex, SharedIndex, SharedState, StateFiles
from doc_assets.search.searcher import Searcher
from doc_assets.store.database.connection import Store
from doc_assets.store.search.live_key import live_key
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.library import Library, WordModel, page, publish_pages


@pytest.fixture(scope="module")
def library(server_url: str, template: str) -> Iterator[Library]:
    """For all tests here, which only add to it."""
    with new_database(server_url, template=template) as url:
        library = Library(Store(url), WordModel())
        publish_pages(library)
        yield library


def key_of(library: Library) -> str:
    with library.store.reading() as connection:
        return live_key(connection)


def raise_(error: Exception) -> None:
    raise error


def files_in_memory() -> int:
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile, by the index's thread
            found += "doc-assets-index" in one.readlink().name
    return found


def test_searches_over_a_mapped_index_find_the_same_and_map_only_what_is_new(library: Library) -> None:
    published: list[SharedState] = []
    shared, open_before = SharedIndex(), files_in_memory()
    with PublishedIndex(library.store, 10**9, published.append) as index:
        assert index.wait(10)
        shared.take(published[-1])
        with (
            Searcher(library.store, library.model) as own,
            Searcher(library.store, library.model, index=shared) as other,
        ):
            assert own.wait()
            for query in ("the lock of a thread", "fair FairMutex channel"):
                assert other.search(query) == own.search(query)
            assert not shared.is_behind
            held = shared.at(key_of(library))
            assert held is not None and not held.tokens.flags.writeable
            library.publish("ebpf/new", {"n.md": page("New", "a new map with a lock")})
            assert other.search("new map")[0].source == "new"
            assert shared.is_behind
            index.refresh()
            while index.at(key_of(library)) is None:
                threading.Event().wait(0.005)
            shared.take(published[-1])
            now = shared.at(key_of(library))
            assert now is not None
            assert sum(segment in held.segments for segment in now.segments) == len(held.segments)
            # Given up by the process that holds the files: what is mapped stays.
            shared.take(published[0])
            assert shared.at(key_of(library)) is now
    del held, now
    shared.close()
    gc.collect()
    assert files_in_memory() == open_before


def test_a_descriptor_that_names_another_file_by_now_is_not_mapped(library: Library) -> None:
    published: list[SharedState] = []
    with PublishedIndex(library.store, 10**9, published.append) as index:
        assert index.wait(10)
        (state,) = [one for one in published if one.state is not None]
        assert state.state is not None
        descriptor = state.state.descriptor
        kept = os.dup(descriptor)
        empty = os.memfd_create("another")
        os.dup2(empty, descriptor)
        shared = SharedIndex()
        shared.take(state)
        assert not shared.wait(0)
        os.dup2(kept, descriptor)
        shared.take(state)
        assert shared.wait(0)
        os.close(kept), os.close(empty)


def test_an_index_that_the_system_does_not_let_map_is_no_silent_loss(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published: list[SharedState] = []
    with PublishedIndex(library.store, 10**9, published.append) as index:
        assert index.wait(10)
        monkeypatch.setattr(Path, "open", lambda *_: raise_(OSError(errno.EMFILE, "Too many open files")))
        shared = SharedIndex()
        shared.take(published[-1])
        assert not shared.wait(0)
        assert "the index cannot be mapped" in caplog.text and "Too many open files" in caplog.text


def test_an_index_that_memory_is_too_short_for_keeps_none(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    free, create = [True], os.memfd_create

    def memfd_create(name: str) -> int:
        if not free:
            raise OSError(errno.ENOSPC, "No space left on device")
        free.pop()
        return create(name)

    monkeypatch.setattr(os, "memfd_create", memfd_create)
    with LiveIndex(library.store, 10**9) as index:
        assert index.wait(10)
        state = index.at(key_of(library))
        assert state is not None
        gc.collect()
        open_before = files_in_memory()
        with pytest.raises(OSError, match="No space left"):
            StateFiles().keep(state)
        gc.collect()
        assert not free and files_in_memory() == open_before
