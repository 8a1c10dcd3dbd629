"""Limits that the database's URL gives end a load in a sentence, with nothing published or lost."""

import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from doc_assets.store.database.locks import lock_content_shared
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import Shelves, seeded
from doc_assets_tests.support.crashes.loads import Order, run_here


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path / "shelves", ("alpha",), 12, seeded(3))


@pytest.fixture
def load(tmp_path, shelves, store):
    """Loads the sources once, under a limit if one is given; the outcome."""

    def load(run: str, limit: str = "") -> dict:
        trace = tmp_path / f"{run}.trace"
        url = make_conninfo(store.url, options=limit and f"-c {limit}")
        order = Order(shelves.catalogue_path, url, tmp_path / "home", trace, run, attempts=2)
        (outcome,) = run_here(order).outcomes().values()
        return outcome

    return load


@pytest.fixture
def lock(store):
    """Keeps others from writing manifests, as a long-running maintenance would."""

    def lock() -> psycopg.Connection:
        connection = store.connect("maintenance")
        connection.autocommit = False
        connection.execute("LOCK TABLE snapshot_file IN SHARE MODE")
        return connection

    return lock


def require_clean_end(outcome, store, before):
    assert outcome["result"] in ("StoreError", "StoreUnavailable"), outcome
    assert outcome["message"].endswith("nothing of it was published, and running it again resumes")
    assert proof.live_digests(store) == before
    proof.require_sound(store)


@pytest.fixture
def stalling(monkeypatch):
    """The loader does nothing for a moment in each of its transactions, as if its machine were busy elsewhere."""

    def stall(connection: psycopg.Connection) -> None:
        lock_content_shared(connection)
        time.sleep(0.03)

    monkeypatch.setattr("doc_assets.store.snapshots.batch_writer.lock_content_shared", stall)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("statement_timeout", "3ms", "raise it in the options of DOC_ASSETS_DATABASE_URL"),
        ("idle_in_transaction_session_timeout", "20ms", "idle-in-transaction timeout"),
        ("transaction_timeout", "20ms", "transaction timeout"),
    ],
)
def test_a_time_limit_ends_a_load_in_a_sentence_and_the_next_one_resumes(
    setting, value, said, stalling, shelves, load, store, crashing, tmp_path
):
    load("first")
    before = proof.live_digests(store)
    shelves.edit(1.0)
    outcome = load("limited", f"{setting}={value}")
    assert said in outcome.get("message", ""), outcome
    require_clean_end(outcome, store, before)
    assert load("resumed")["result"] == "published"
    assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)


def test_a_lock_that_is_not_let_go_of_ends_a_load_in_a_sentence_and_the_next_one_resumes(
    shelves, load, lock, store, crashing, tmp_path
):
    load("first")
    before = proof.live_digests(store)
    shelves.edit(1.0)
    with lock():
        outcome = load("limited", "lock_timeout=50ms")
    assert "lock timeout" in outcome.get("message", ""), outcome
    require_clean_end(outcome, store, before)
    assert load("resumed")["result"] == "published"
    assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)
