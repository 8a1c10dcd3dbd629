"""Loads that are asked to stop, anywhere: what was embedded is kept, nothing is half, and the next load goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.history.history import history
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import Shelves, seeded
from doc_assets_tests.support.crashes.loads import Child, Order, run_here

_PARTITION = "best_practices/one"
# One batch of the made-up model, and its commit, on a busy machine.
_SOON = 30.0


def order(store: Store, folder: Path, run: str, pause: float = 0.0) -> Order:
    return Order(folder / "shelves" / "sources.yaml", store.url, folder / "home", folder / run, run, pause=pause)


def locks_and_rows(store: Store) -> tuple[int, int]:
    """Advisory locks that are held, and partitions that something is told to work on."""
    with store.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())), (SELECT count(*) FROM progress)"
        ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("stage", "nth"),
    [("discover", 1), ("open", 1), ("parse", 3), ("embed", 1), ("embed", 3), ("write", 3), ("seal", 1)],
)
def test_what_was_embedded_is_committed_and_the_next_load_embeds_only_the_rest(store, tmp_path, stage, nth):
    shelves = Shelves(tmp_path / "shelves", ("one",), 12, seeded(stage, nth))
    child = Child(order(store, tmp_path, "stopped", pause=0.1))
    assert child.told.wait_for(stage, nth, lambda: child.alive, 60)
    asked = time.monotonic()
    os.kill(child.pid, signal.SIGTERM)
    while child.alive and time.monotonic() - asked < _SOON:
        time.sleep(0.02)
    assert not child.alive
    (escaped,) = child.told.of("escaped")
    assert "Stopped: stopped on request" in escaped["traceback"]

    assert locks_and_rows(store) == (0, 0)
    (event,) = history(store)
    assert (event.action, event.result) == ("load", "interrupted") and (event.error or "").startswith("stopped on req")
    left = set(proof.staging(store))
    assert stage == "open" or left == (set() if stage == "discover" else {_PARTITION})  # while it opens, either may be
    committed = proof.committed_chunks(store)
    assert set(child.told.embedded()) == committed
    if stage in ("parse", "embed", "write"):
        assert "batch border" in escaped["traceback"]

    again = run_here(order(store, tmp_path, "again"))
    assert again.outcomes()[_PARTITION]["result"] == "published"
    assert not committed & set(again.embedded())
    assert set(shelves.catalogue.types) == {"best_practices"}
    proof.require_sound(store, again)


def test_a_request_that_comes_while_a_snapshot_is_published_lets_it_be_published(store, tmp_path):
    Shelves(tmp_path / "shelves", ("one",), 2, seeded("publish"))
    child = Child(order(store, tmp_path, "stopped", pause=0.3))
    assert child.told.wait_for("publish", 1, lambda: child.alive, 60)
    os.kill(child.pid, signal.SIGTERM)
    told = child.end(_SOON)
    assert told.outcomes()[_PARTITION]["result"] == "published"
    proof.require_sound(store, told)
