"""A loader's sessions go from one partition to the next, and nothing of a partition goes with them."""

from __future__ import annotations

import gc

import psycopg
import pytest

from doc_assets.errors import StoreError
from doc_assets.store.database.connection import Store
from doc_assets.store.database.kept_sessions import SessionKeeper
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions import session as partition_session
from doc_assets.store.partitions.session import PartitionSession

_PROCESS = "SELECT pg_backend_pid()"


def names(store: Store) -> list[str]:
    """Return the names of the other sessions of the database."""
    with store.connect("counting") as connection:
        rows = connection.execute(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ).fetchall()
    return [row[0] for row in rows]


def process(keeper: Store, use: str) -> int:
    with keeper.lent(use, f"doc-assets {use}") as session:
        return session.execute(_PROCESS).fetchall()[0][0]


def test_a_session_is_lent_again_for_the_same_use_without_locks_and_transactions(store):
    with SessionKeeper(store) as keeper:
        with keeper.lent("load", "doc-assets load a") as session:
            (first,) = session.execute(_PROCESS).fetchall()[0]
            session.execute("SELECT pg_advisory_lock(7)")
            session.execute("BEGIN; CREATE TEMPORARY TABLE half (n int)")
        with keeper.lent("load", "doc-assets load b") as session:
            left = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"
            assert session.execute(left).fetchone() == (0,)
            assert session.execute("SELECT pg_backend_pid(), to_regclass('half')").fetchone() == (first, None)
            assert names(store) == ["doc-assets load b"]
        assert process(keeper, "audit") != first
    assert names(store) == []


def test_a_session_that_was_cut_while_it_was_kept_is_replaced(store):
    with SessionKeeper(store) as keeper:
        first = process(keeper, "lookup")
        with store.connect("cutter") as connection:
            assert connection.execute("SELECT pg_terminate_backend(%s, 10000)", (first,)).fetchone() == (True,)
        assert process(keeper, "lookup") != first


def test_a_keeper_that_is_forgotten_ends_its_sessions(store):
    keeper = SessionKeeper(store)
    process(keeper, "lookup")
    del keeper
    gc.collect()
    assert names(store) == []


def test_a_released_partition_is_locked_anew_before_a_step_runs(store):
    with SessionKeeper(store) as keeper, store.connect("watching") as connection:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND classid = 6582115"
        session = PartitionSession(keeper, "rust", "a", "a", Retries(RetryPolicy(attempts=1)))
        session.close()
        assert connection.execute(held, (session.partition_id,)).fetchone() == (0,)
        with keeper.lent("load", "another load"):
            session.run(lambda own: own.execute("SELECT 1"))
            assert connection.execute(held, (session.partition_id,)).fetchone() == (1,)
        session.close()


def test_a_step_never_runs_on_a_session_that_could_not_take_the_lock(store, monkeypatch):
    def cancelled(*_):
        raise psycopg.errors.QueryCanceled("canceling statement due to user request")

    with SessionKeeper(store) as keeper:
        session = PartitionSession(keeper, "rust", "a", "a", Retries(RetryPolicy(attempts=1)))
        session.close()
        for name in ("partition_lock", "shared_loading_lock"):
            with monkeypatch.context() as patched:
                patched.setattr(partition_session, name, cancelled)
                for _ in range(2):
                    with pytest.raises(StoreError, match="canceling"):
                        session.run(lambda own: own.execute("SELECT 1"))


def test_only_what_may_be_lost_is_answered_before_it_is_safe(store):
    with SessionKeeper(store) as keeper:
        kept = {use: keeper.lend(use, use) for use in ("load", "lookup", "write", "audit", "progress")}
        set_to = {use: one.execute("SHOW synchronous_commit").fetchall()[0][0] for use, one in kept.items()}
        assert {use for use, value in set_to.items() if value == "off"} == {"progress"}
        for use, session in kept.items():
            keeper.give_back(use, session)
