"""Many loads at once: of one partition only one at a time, of several that share their content as if one by one."""

import platform

import pytest

from doc_assets.store.database.connection import Store
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import Shelves, seeded
from doc_assets_tests.support.crashes.loads import Child, Order

PROCESSES = 8
ROUNDS = 3


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path / "shelves", tuple(f"shelf-{n}" for n in range(PROCESSES)), 4, seeded(8))


@pytest.fixture
def ordered(tmp_path, shelves, store):
    """Orders for loads of one partition each, or of all."""

    def order(run: str, partition: str | None = None, **more) -> Order:
        only = (partition,) if partition else ()
        return Order(shelves.catalogue_path, store.url, tmp_path / "home", tmp_path / f"{run}.trace", run, only, **more)

    return order


def test_a_second_process_is_told_which_one_loads_the_partition(shelves, ordered):
    partition = shelves.catalogue.partitions()[0].name
    first = Child(ordered("first", partition, pause=0.1))
    try:
        assert first.told.wait_for("embed", 1, lambda: first.alive, 60)
        first.stop()  # it keeps its lock, however long the second takes to start
        second = Child(ordered("second", partition)).end().outcomes()[partition]
    finally:
        first.kill()
    assert second["result"] == "PartitionLocked"
    assert f"process {first.pid} on {platform.node()} (run first, since " in second["message"]
    assert second["message"].endswith("wait for it, or end that process")


def test_eight_processes_that_share_chunks_do_not_wait_for_ever_and_load_what_one_by_one_does(
    shelves, ordered, store, crashing, tmp_path
):
    one_by_one = proof.Uninterrupted(crashing, tmp_path)
    partitions = [partition.name for partition in shelves.catalogue.partitions()]
    for number in range(ROUNDS):
        held = proof.committed_chunks(store)
        loads = [Child(ordered(f"{number}-{n}", partition)) for n, partition in enumerate(partitions)]
        told = [load.end(120) for load in loads]
        results = {partition: o["result"] for t in told for partition, o in t.outcomes().items()}
        assert results == dict.fromkeys(partitions, "published")
        for one in told:
            embedded = one.embedded()
            assert len(embedded) == len(set(embedded)) and held.isdisjoint(embedded)
        assert proof.committed_chunks(store) == held.union(*(t.embedded() for t in told))
        proof.require_sound(store, *told)
        assert proof.live_digests(store) == one_by_one.digests(shelves)
        shelves.edit()
    assert deadlocks(store) == 0


def deadlocks(store: Store) -> int:
    with store.connect() as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return row[0]
