"""Retirement: partitions are taken down together or not at all, can be brought back, and load again as any other."""

from __future__ import annotations

import pytest

from doc_assets.errors import NotFound, PartitionLocked
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import live_partitions, partition_id_of, partition_lock
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.versions.retirement import retire
from doc_assets.store.versions.rollback import roll_back, rollback
from doc_assets.store.versions.rollback_targets import BeforeRun
from doc_assets.validation.validate import validate
from doc_assets_tests.support.library import Library
from doc_assets_tests.support.memory_partitions import Shelf, is_sound, kept, orphans


@pytest.fixture
def shelves(store) -> list[Shelf]:
    """Two partitions with two snapshots each."""
    shelves = [Shelf(store, "one"), Shelf(store, "two")]
    for shelf in shelves:
        shelf.publish_versions(2)
    return shelves


def live(store) -> list[str]:
    with store.connect() as connection:
        return live_partitions(connection)


def test_readers_see_nothing_of_it_and_its_neighbours_are_untouched(pages: Library):
    before = pages.find("thread")
    retired = retire(pages.store, ("rust/std",))
    (row,) = retired.partitions
    assert (row.partition, row.to_snapshot, row.result) == ("rust/std", None, "unpublished")
    assert {place.split("/")[0] for place in before} == {"rust", "ebpf"}
    assert [place.split("/")[0] for place in pages.find("thread")] == ["ebpf"]
    assert pages.find("lock", mode="hybrid") == ["ebpf/kernel/map.md"]
    assert validate(pages.store).passed
    roll_back(pages.store, BeforeRun(retired.run_id))
    assert sorted(pages.find("thread")) == sorted(before)


def test_the_history_has_a_row_of_each_at_one_time_under_one_run(shelves, store):
    retired = retire(store, ("test/*",))
    rows = [row for row in history.history(store) if row.action == "retire"]
    assert {row.partition for row in rows} == {"test/one", "test/two"}
    assert {(row.result, row.to_snapshot, row.run_id) for row in rows} == {("unpublished", None, retired.run_id)}
    assert len({row.at for row in rows}) == 1
    assert {row.from_snapshot for row in rows} == {row.from_snapshot for row in retired.partitions}
    assert live(store) == []


def test_what_is_down_already_is_unchanged_and_gets_no_row(shelves, store):
    retire(store, ("test/one",))
    again = retire(store, ("test/one", "test/two"))
    assert [row.result for row in again.partitions] == ["unchanged", "unpublished"]
    assert len([row for row in history.history(store) if row.action == "retire"]) == 2


@pytest.mark.parametrize("names", [("test/one", "test/absent"), ("test/one", "rust/*")])
def test_a_name_that_does_not_exist_takes_nothing_down(shelves, store, names):
    with pytest.raises(NotFound, match=r"test/absent was never loaded|matches rust/\*"):
        retire(store, names)
    assert live(store) == ["test/one", "test/two"]


def test_a_partition_that_is_being_loaded_keeps_all_of_them_up_and_a_dry_run_needs_no_lock(shelves, store):
    with (
        store.connect("the load") as connection,
        partition_lock(connection, partition_id_of(connection, "test/two"), "test/two"),
    ):
        with pytest.raises(PartitionLocked, match="the load"):
            retire(store, ("test/one", "test/two"))
        planned = retire(store, ("test/one", "test/two"), dry_run=True)
    assert [row.result for row in planned.partitions] == ["unpublished", "unpublished"]
    assert live(store) == ["test/one", "test/two"]
    assert "retire" not in {row.action for row in history.history(store)}


def test_a_rollback_of_the_partition_or_of_the_run_brings_it_back(shelves, store):
    (row,) = retire(store, ("test/one",)).partitions
    assert rollback(store, "test/one").to_snapshot == row.from_snapshot
    retired = retire(store, ("test/one", "test/two"))
    back = roll_back(store, BeforeRun(retired.run_id[:8]))
    assert [(row.from_snapshot, row.to_snapshot) for row in back.partitions] == [
        (None, row.from_snapshot) for row in retired.partitions
    ]
    assert is_sound(store)


def test_it_loads_again_as_any_other_without_embedding_again(shelves, store):
    retire(store, ("test/one",))
    texts = shelves[0].embedder.texts
    texts.clear()
    shelves[0].publish_versions(1)
    assert live(store) == ["test/one", "test/two"] and texts == [] and is_sound(store)


def test_gc_keeps_as_much_of_it_as_of_any_other_and_frees_it_when_asked(shelves, store):
    retire(store, ("test/one",))
    collect_garbage(store, Policy())
    assert len(kept(store)) == 4
    collect_garbage(store, Policy.of(1, None))
    assert len(kept(store)) == 2
    back = rollback(store, "test/one").to_snapshot
    retire(store, ("test/one",))
    collect_garbage(store, Policy.of(0, None), partitions=("test/one",))
    assert back not in kept(store) and orphans(store) == 0 and is_sound(store)
    with pytest.raises(NotFound, match="collected"):
        rollback(store, "test/one")
    shelves[0].publish_versions(1)
    assert live(store) == ["test/one", "test/two"] and is_sound(store)
