"""Every session has the same settings, whatever role, database and server have; what cannot be pinned is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.errors import StoreError
from doc_assets.store.database.connection import Store
from doc_assets.store.database.session_settings import PINNED, pin_settings

# Settings that a role may have and that change no result: how fast a statement is, what is logged, where tables lie.
FREE = re.compile(
    r"Reporting and Logging|Statistics / |Resource Usage|Vacuuming|Write-Ahead Log|Connections and Authentication"
    r"|Replication|Query Tuning / (Genetic|Planner Cost)|Developer Options|Shared Library Preloading"
)
ALSO_FREE = {
    *("lc_messages", "lc_monetary", "lc_numeric", "lc_time", "timezone_abbreviations", "icu_validation_level"),
    *("dynamic_library_path", "extension_control_path", "event_triggers", "check_function_bodies", "file_copy_method"),
    *("client_min_messages", "createrole_self_grant", "default_table_access_method", "default_tablespace"),
    *("default_toast_compression", "gin_pending_list_limit", "temp_tablespaces", "deadlock_timeout", "vacuum_truncate"),
    *("constraint_exclusion", "cursor_tuple_fraction", "from_collapse_limit", "join_collapse_limit", "jit"),
    *("recursive_worktable_factor", "plpgsql.check_asserts", "plpgsql.extra_warnings", "plpgsql.print_strict_params"),
    *("escape_string_warning", "synchronize_seqscans", "lo_compat_privileges"),
    # Methods that change how a plan runs, and none that the search relies on.
    *("enable_async_append", "enable_distinct_reordering", "enable_gathermerge", "enable_group_by_reordering"),
    *("enable_incremental_sort", "enable_parallel_append", "enable_parallel_hash", "enable_partition_pruning"),
    *("enable_partitionwise_aggregate", "enable_partitionwise_join", "enable_presorted_aggregate"),
    *("enable_self_join_elimination", "enable_eager_aggregate"),
    # Of older versions, and of Debian's packages.
    *("vacuum_failsafe_age", "vacuum_freeze_min_age", "vacuum_freeze_table_age", "vacuum_multixact_failsafe_age"),
    *("vacuum_multixact_freeze_min_age", "vacuum_multixact_freeze_table_age", "extension_destdir"),
    # Those of the transaction that runs; the path, set beside them; what the connection refuses to write under.
    *("transaction_deferrable", "transaction_isolation", "transaction_read_only", "search_path"),
    "default_transaction_read_only",
}


@contextmanager
def role_with(store: Store, settings: dict[str, str], attributes: str = "SUPERUSER") -> Iterator[str]:
    """The URL of a new role that has these settings."""
    with store.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE odd LOGIN {}").format(sql.SQL(attributes)))  # pyrefly: ignore[bad-argument-type]
        for name, value in settings.items():
            connection.execute(
                sql.SQL("ALTER ROLE odd SET {} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value))
            )
        try:
            yield urlunsplit(urlsplit(store.url)._replace(netloc="odd:@"))
        finally:
            connection.execute("DROP ROLE odd")


def settings_of(connection: psycopg.Connection) -> dict[str, str | None]:
    return {name: connection.execute("SELECT current_setting(%s, true)", (name,)).fetchall()[0][0] for name in PINNED}


def test_every_setting_that_a_role_may_have_is_pinned_or_changes_no_result(store: Store) -> None:
    with store.connect() as connection:
        connection.execute("LOAD 'vector'; LOAD 'plpgsql'")
        rows = connection.execute(
            "SELECT name, category FROM pg_settings WHERE context IN ('user', 'superuser')"
        ).fetchall()
    undecided = {name for name, category in rows if not FREE.search(category)} - set(PINNED) - ALSO_FREE
    assert undecided == set()


OTHERS = {
    "client_encoding": "LATIN1",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Chatham",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
    "default_text_search_config": "pg_catalog.simple",
    "default_transaction_isolation": "serializable",
    # Longer than any test: a session's first statements run under what its role has.
    **dict.fromkeys(("statement_timeout", "lock_timeout"), "1h"),
    **dict.fromkeys(("idle_in_transaction_session_timeout", "idle_session_timeout"), "1h"),
    "gin_fuzzy_search_limit": "1",
    "hnsw.max_scan_tuples": "1",
    "max_parallel_workers_per_gather": "4",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "session_replication_role": "replica",
    "synchronous_commit": "off",
}


def test_a_session_has_the_pinned_settings_whatever_its_role_has(store: Store) -> None:
    with role_with(store, OTHERS) as url:
        for opened in (Store(url).connect(), Store(url).reading(), Store(url).reading(one_state=True)):
            with opened as connection:
                found = {name: value for name, value in settings_of(connection).items() if value is not None}
                assert found == {name: PINNED[name] for name in found}
                assert found.keys() >= OTHERS.keys() - {"synchronous_commit"}
                assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_the_limit_of_a_statement_is_lifted_before_any_statement_that_takes_time(store: Store) -> None:
    sent: list[str] = []

    class Noting(psycopg.Connection[tuple]):
        def execute(self, query: Any, *rest: Any, **options: Any) -> psycopg.Cursor[tuple]:
            sent.append(query.decode() if isinstance(query, bytes) else str(query))
            return super().execute(query, *rest, **options)

    with Noting.connect(store.url, autocommit=True) as connection:
        pin_settings(connection)
    assert sent[0].startswith("SET SESSION statement_timeout = '0'") and "SELECT" not in sent[0]


def test_a_transaction_can_be_pinned_alone(store: Store) -> None:
    with role_with(store, OTHERS) as url, psycopg.connect(url, autocommit=True) as connection:
        before = settings_of(connection)
        with connection.transaction():
            pin_settings(connection, local=True)
            assert settings_of(connection)["TimeZone"] == "UTC"
        assert settings_of(connection) == before


def test_a_time_limit_in_the_url_holds(store: Store) -> None:
    limited = Store(f"{store.url}&options=-cstatement_timeout%3D7s%20-c%20lock-timeout%3D8s%20-c%20TimeZone%3DJapan")
    with limited.connect() as connection:
        found = settings_of(connection)
    assert (found["statement_timeout"], found["lock_timeout"], found["TimeZone"]) == ("7s", "8s", "UTC")


def test_a_setting_that_the_role_may_not_set_back_is_refused_by_name(store: Store) -> None:
    refused = pytest.raises(StoreError, match=r"session_replication_role.*ALTER ROLE .* RESET")
    with role_with(store, {"session_replication_role": "replica"}, "NOSUPERUSER") as url, refused:
        Store(url).connect()


def test_a_role_that_is_not_to_write_is_refused_where_something_is_written_and_reads(store: Store) -> None:
    with role_with(store, {"default_transaction_read_only": "on"}) as url:
        with pytest.raises(StoreError, match="default_transaction_read_only is on"):
            Store(url).connect()
        with Store(url).reading() as connection:
            assert connection.execute("SELECT count(*) FROM live_document").fetchone() == (0,)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_a_transaction_that_waited_sees_what_others_committed_meanwhile(store: Store, isolation: str) -> None:
    """Near duplicates are linked, and one embedding space kept live, by what is read after waiting for a lock."""
    with (
        role_with(store, {"default_transaction_isolation": isolation}) as url,
        Store(url).connect() as waiting,
        Store(url).connect() as other,
        waiting.transaction(),
    ):
        assert waiting.execute("SELECT count(*) FROM partition").fetchone() == (0,)
        other.execute("INSERT INTO partition (doc_type, key, source) VALUES ('rust', 'std', 'std')")
        assert waiting.execute("SELECT count(*) FROM partition").fetchone() == (1,)
