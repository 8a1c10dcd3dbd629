"""Only what was never published is dropped, only while nobody works on it, and that is on record."""

from __future__ import annotations

import pytest

from doc_assets.errors import LeaseLost, NotFound, PartitionLocked, Refused
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.history.history import HistoryFilter
from doc_assets.store.history.progress import progress, write_progress
from doc_assets.store.partitions.partitions import partition_id_of, partition_lock
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.discard import Discarded, discard
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets_tests.support.loading import HashEmbedder
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, page


@pytest.fixture
def shelf(store) -> Shelf:
    return Shelf(store)


def pages(number: int, n: int = 2) -> dict:
    return {f"{i}.md": page(f"page {i} of load {number}", f"says {i} in {number}") for i in range(n)}


def rows(store: Store, snapshot: int) -> tuple:
    with store.connect() as connection:
        row = connection.execute(
            "SELECT status, (SELECT count(*) FROM snapshot_file f WHERE f.snapshot_id = s.id),"
            " (SELECT count(*) FROM snapshot_document d WHERE d.snapshot_id = s.id) FROM snapshot s WHERE id = %s",
            (snapshot,),
        ).fetchone()
    assert row is not None
    return row


def set_status(store: Store, snapshot: int, status: str) -> None:
    with store.connect() as connection:
        connection.execute("UPDATE snapshot SET status = %s WHERE id = %s", (status, snapshot))


def events(store: Store) -> list[tuple]:
    found = history.history(store, HistoryFilter(actions=("discard",)))
    return [(row.partition, row.from_snapshot, row.result, row.counts["files"], row.run_id) for row in found]


@pytest.mark.parametrize("status", ["staging", "audited", "rejected"])
def test_what_was_never_published_is_dropped_and_recorded(shelf, store, status):
    live = shelf.publish(pages(1))
    left = shelf.leave(pages(2))
    set_status(store, left, status)
    done = discard(store, left, run_id="by-hand")
    assert done.dropped == [Discarded("test/shelf", left, status, 2, 2)] and done.held == []
    assert rows(store, left) == ("discarded", 0, 0)
    assert rows(store, live) == ("published", 2, 2)
    assert events(store) == [("test/shelf", left, "discarded", 2, "by-hand")]


def test_a_staging_snapshot_is_resumed_unless_it_was_discarded_and_its_content_is_reused(store):
    embedder = HashEmbedder(SPACE)
    shelf = Shelf(store, embedder=embedder)
    left = shelf.leave(pages(1))
    with store.connect() as connection:
        connection.execute("DELETE FROM snapshot_document")
        connection.execute("DELETE FROM snapshot_file")
    assert shelf.leave(pages(1)) == left
    discard(store, "test/shelf")
    embedder.texts.clear()
    assert shelf.publish(pages(1)) > left
    assert embedder.texts == []


def test_what_is_live_or_was_is_never_discarded(shelf, store):
    earlier, live = shelf.publish(pages(1)), shelf.publish(pages(2))
    for snapshot, sentence in ((live, "is what is live of test/shelf"), (earlier, "was published once and is kept")):
        with pytest.raises(Refused, match=f"snapshot {snapshot} .*{sentence}"):
            discard(store, snapshot)
        with store.connect() as connection, pytest.raises(Refused, match="not one that can be discarded"):
            lifecycle.discard(connection, snapshot)
    assert discard(store, "test/shelf").dropped == discard(store).dropped == []
    assert rows(store, earlier) == rows(store, live) == ("published", 2, 2)
    assert events(store) == []


def test_what_does_not_exist_is_a_sentence(shelf, store):
    left = shelf.leave(pages(1))
    discard(store, left)
    for what, sentence in (
        (999, "snapshot 999 does not exist"),
        ("test/absent", "test/absent was never loaded"),
        (left, "was discarded before"),
    ):
        with pytest.raises((NotFound, Refused), match=sentence):
            discard(store, what)


def test_a_partition_that_is_being_worked_on_is_left_alone_and_its_holder_named(store):
    busy, idle = Shelf(store, "busy"), Shelf(store, "idle")
    mine, other = busy.leave(pages(1)), idle.leave(pages(2))
    with (
        store.connect("doc-assets load of somebody") as connection,
        partition_lock(connection, partition_id_of(connection, "test/busy"), "test/busy"),
    ):
        for what in (mine, "test/busy"):
            with pytest.raises(PartitionLocked, match="doc-assets load of somebody"):
                discard(store, what)
        done = discard(store)
    assert [row.snapshot for row in done.dropped] == [other]
    assert len(done.held) == 1 and "test/busy is being worked on by doc-assets load of somebody" in done.held[0]
    assert rows(store, mine) == ("staging", 2, 2)


def test_a_load_that_lost_its_connection_cannot_write_into_what_was_discarded(shelf, store):
    left = shelf.leave(pages(1))
    discard(store, left)
    with store.connect() as connection, pytest.raises(LeaseLost):
        lifecycle.require_lease(connection, Lease(left, 0))


def test_what_a_new_load_finds_stale_is_discarded_on_record(shelf, store):
    left = shelf.leave(pages(1))
    with store.connect() as connection:
        connection.execute("UPDATE snapshot SET recipe = 'of an older program' WHERE id = %s", (left,))
    assert shelf.publish(pages(1)) > left
    assert events(store) == [("test/shelf", left, "discarded", 2, None)]


def test_the_progress_of_a_load_that_died_goes_with_its_snapshot(shelf, store):
    left = shelf.leave(pages(1))
    with store.connect() as connection:
        partition_id = partition_id_of(connection, "test/shelf")
        figures = dict.fromkeys(
            ("files_total", "files_done", "bytes_total", "bytes_done", "work_total", "work_done", "tokens_done",
             "documents", "chunks", "embedded"), 0,
        )  # fmt: skip
        write_progress(connection, partition_id, "run", {**figures, "snapshot_id": left, "stage": "embed"})
    discard(store, left)
    assert progress(store) == []
