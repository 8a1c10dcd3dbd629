"""Readings over kept connections."""

from __future__ import annotations

import psycopg
import pytest

from doc_assets.errors import StoreUnavailable, StoreUnreachable
from doc_assets.store.database.connection import Store
from doc_assets.store.database.pools import process_of
from doc_assets.store.database.reader_pool import ReaderPool


def test_readings_share_a_connection_whose_settings_stay_and_whose_transactions_only_read(store: Store) -> None:
    with ReaderPool(store, "test readers", 2) as pool:
        served = []
        for one_state in (False, True):
            with pool.reading(one_state=one_state) as connection:
                served.append(process_of(connection))
                shown = [
                    connection.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0]
                    for name in ("transaction_isolation", "transaction_read_only", "max_parallel_workers_per_gather")
                ]
                assert shown == ["repeatable read" if one_state else "read committed", "on", "0"]
                connection.execute("SET LOCAL enable_seqscan = off")
        with pool.reading() as connection:
            assert connection.execute("SHOW enable_seqscan").fetchall() == [("on",)]
        assert served[0] == served[1]


def test_connections_that_the_server_ended_are_replaced_before_anybody_notices(store: Store) -> None:
    with ReaderPool(store, "test readers", 2) as pool, store.connect() as other:
        with pool.reading() as one, pool.reading() as two:
            served = [process_of(one), process_of(two)]
        other.execute("SELECT pg_terminate_backend(p, 5000) FROM unnest(%s::int[]) p", (served,))
        with pool.reading() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_whose_statement_failed_is_not_used_again(store: Store) -> None:
    with ReaderPool(store, "test readers", 1) as pool:
        with pytest.raises(psycopg.errors.DivisionByZero), pool.reading() as connection:
            before = process_of(connection)
            connection.execute("SELECT 1 / 0")
        with pool.reading() as connection:
            assert process_of(connection) != before


def test_who_gets_no_connection_in_time_is_told_that_others_have_them(store: Store) -> None:
    with ReaderPool(store, "test readers", 1, patience=1.0) as pool, pool.reading():

        def read() -> None:
            with pool.reading():
                raise AssertionError("there was a second connection")

        with pytest.raises(StoreUnavailable, match="all 1 connections of test readers"):
            read()


def test_who_gets_no_connection_since_the_server_is_away_is_told_that() -> None:
    nowhere = Store("postgresql://127.0.0.1:1/docs?connect_timeout=2")
    pool = ReaderPool(nowhere, "test readers", 1, patience=0.01)
    with pool, pytest.raises(StoreUnreachable), pool.reading():
        pass
