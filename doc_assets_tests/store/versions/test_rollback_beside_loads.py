"""Rollbacks and loads of the same partition: one at a time, and the other is told who is at work."""

from __future__ import annotations

import pytest

from doc_assets.errors import PartitionLocked
from doc_assets.store.partitions.partitions import live_snapshot
from doc_assets.store.versions import rollback as rollbacks
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, guide, load, loader_for, settings_for

PARTITION = "best_practices/guides"


@pytest.fixture
def source(tmp_path):
    return SmallSource(tmp_path / "source")


@pytest.fixture
def loader(tmp_path, store):
    return loader_for(settings_for(tmp_path, store), store)[0]


def live(store) -> int | None:
    with store.connect() as connection:
        return live_snapshot(connection, PARTITION)


def test_a_rollback_of_real_loads_restores_the_digest_and_what_is_read(source, loader, store):
    source.write_guides(3)
    first = load(loader, store, source)
    source.write("guide-01.md", guide(70))
    second = load(loader, store, source)
    assert rollback(store, PARTITION).digest == first.digest != second.digest
    assert all(check.passed for check in audit(store, first.snapshot or 0))
    with store.connect() as connection:
        titles = connection.execute("SELECT title FROM live_document JOIN document ON id = document_id").fetchall()
    assert sorted(titles) == [("Guide 0",), ("Guide 1",), ("Guide 2",)]
    # What is in the source now is what was live before: a load finds its content there, and goes on from it.
    assert loader.survey(source.partition, source.catalogue).unchanged is None
    assert load(loader, store, source).digest == second.digest
    assert rollback(store, PARTITION).to_snapshot == first.snapshot


def test_a_rollback_is_refused_while_a_load_runs_which_publishes_undisturbed(source, loader, store):
    source.write_guides(1)
    load(loader, store, source)
    source.write("guide-00.md", guide(70))
    second = load(loader, store, source)
    source.write("guide-00.md", guide(71))
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id="run-that-works") as staged:
        with pytest.raises(PartitionLocked, match=f"{PARTITION} is being worked on by .*run-that-works"):
            rollback(store, PARTITION)
        assert live(store) == second.snapshot
        staged.publish(audit(store, staged.snapshot), allow_deletions=True)
    assert rollback(store, PARTITION).to_snapshot == second.snapshot


def test_a_load_is_refused_while_a_rollback_runs(source, loader, store, monkeypatch):
    source.write_guides(1)
    first = load(loader, store, source)
    source.write("guide-00.md", guide(70))
    load(loader, store, source)
    refusals: list[str] = []
    check = rollbacks.require_publishable

    def while_it_is_checked(*arguments):
        with pytest.raises(PartitionLocked) as refused:
            loader.stage(loader.survey(source.partition, source.catalogue), run_id="run-3")
        refusals.append(str(refused.value))
        check(*arguments)

    monkeypatch.setattr(rollbacks, "require_publishable", while_it_is_checked)
    rollback(store, PARTITION, run_id="run-back")
    assert "doc-assets rollback run-back" in refusals[0]
    assert live(store) == first.snapshot
