"""Limits that an administrator sets on a role or database end a load in a sentence, with nothing published or lost."""

import time
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.store.database.locks import lock_content_shared
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import Shelves, seeded
from doc_assets_tests.support.crashes.loads import Order, run_here


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path / "shelves", ("alpha",), 12, seeded(3))


@pytest.fixture
def load(tmp_path, shelves, store):
    """Loads the sources once; the outcome."""

    def load(run: str, attempts: int = 2) -> dict:
        trace = tmp_path / f"{run}.trace"
        order = Order(shelves.catalogue_path, store.url, tmp_path / "home", trace, run, attempts=attempts)
        (outcome,) = run_here(order).outcomes().values()
        return outcome

    return load


@pytest.fixture
def limit(server_url, store):
    """Sets a limit for all sessions of the database that are opened from now on, or takes it away again."""

    def limit(setting: str, value: str | None) -> None:
        change = sql.SQL("RESET {}") if value is None else sql.SQL("SET {} = {}")
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(urlsplit(store.url).path.lstrip("/")))
                + change.format(sql.Identifier(setting), sql.Literal(value))
            )

    return limit


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
        ("statement_timeout", "3ms", "raise it with ALTER ROLE … SET statement_timeout"),
        ("idle_in_transaction_session_timeout", "20ms", "idle-in-transaction timeout"),
        ("transaction_timeout", "20ms", "transaction timeout"),
    ],
)
def test_a_time_limit_ends_a_load_in_a_sentence_and_the_next_one_resumes(
    setting, value, said, stalling, shelves, load, limit, store, crashing, tmp_path
):
    load("first")
    before = proof.live_digests(store)
    shelves.edit(1.0)
    limit(setting, value)
    outcome = load("limited")
    limit(setting, None)
    assert said in outcome.get("message", ""), outcome
    require_clean_end(outcome, store, before)
    assert load("resumed")["result"] == "published"
    assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)


def test_a_lock_that_is_not_let_go_of_ends_a_load_in_a_sentence_and_the_next_one_resumes(
    shelves, load, limit, lock, store, crashing, tmp_path
):
    load("first")
    before = proof.live_digests(store)
    shelves.edit(1.0)
    limit("lock_timeout", "50ms")
    with lock():
        outcome = load("limited")
    assert "lock timeout" in outcome.get("message", ""), outcome
    require_clean_end(outcome, store, before)
    assert load("resumed")["result"] == "published"
    assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)
