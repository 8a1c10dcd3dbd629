"""Through a real PgBouncer: what reads works, what writes has a session of its own or is refused, nothing is left."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.dagster.in_process_runs import open_instance
from doc_assets.errors import ConfigurationError, StoreUnavailable
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings
from doc_assets.store.database import pools
from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.validate import validate
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.library import Library, WordModel, page
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for
from doc_assets_tests.support.services import pgbouncer

pytestmark = pytest.mark.services("pgbouncer")

SHARED = [
    {"pool_mode": "transaction"},
    {"pool_mode": "transaction", "ignore_startup_parameters": "options, extra_float_digits"},
    {"pool_mode": "transaction", "server_round_robin": 1, "min_pool_size": 3},
    {"pool_mode": "transaction", "server_round_robin": 1, "min_pool_size": 2, "default_pool_size": 2},
    {"pool_mode": "transaction", "default_pool_size": 1},
    {"pool_mode": "transaction", "server_reset_query_always": 1},
    {"pool_mode": "statement"},
]
OWN = [
    {"pool_mode": "session"},
    {"pool_mode": "session", "server_reset_query": ""},
    {"pool_mode": "session", "server_reset_query": "", "ignore_startup_parameters": "options"},
]
WRITERS = [
    ["migrate"],
    ["plan"],
    ["gc"],
    ["validate"],
    ["rollback", "rust/x"],
    ["discard", "--all"],
    ["retire", "rust/x"],
    ["spaces", "drop", "1"],
    ["quarantine", "retry"],
]
FOLLOWS_PREPARED = 121  # PgBouncer 1.21


def named(settings: dict[str, str | int]) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.items())


def tables(url: str) -> set[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
        ).fetchall()
    return set(rows)


def command(url: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit code, and everything that was printed."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


@contextmanager
def sessions(url: str, number: int) -> Iterator[list[psycopg.Connection]]:
    """As many sessions of the pool as there are, each held in a transaction."""
    with ExitStack() as held:
        found = [held.enter_context(psycopg.connect(url, prepare_threshold=None)) for _ in range(number)]
        for connection in found:
            connection.execute("SELECT 1")
        yield found


def left_on(connection: psycopg.Connection) -> list[tuple]:
    """What an earlier client left on a session: settings, locks, prepared statements, temporary tables."""
    # A pool sets these itself, for each client.
    followed = ["client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings", "application_name"]
    return connection.execute(
        """
        SELECT name || ' = ' || setting FROM pg_settings WHERE source = 'session' AND name <> ALL (%s)
        UNION ALL SELECT 'lock ' || locktype FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
        UNION ALL SELECT 'prepared ' || name FROM pg_prepared_statements
        UNION ALL SELECT 'channel ' || pg_listening_channels()
        UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
        """,
        (followed,),
    ).fetchall()


@pytest.mark.parametrize("settings", SHARED, ids=named)
def test_a_pool_that_shares_sessions_is_refused_in_one_sentence_before_anything_is_written(
    database_url: str, settings: dict[str, str | int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    with pgbouncer.pooled(database_url, **settings) as pool:
        for _ in range(3):
            code, said = command(pool, "db", "upgrade", monkeypatch=monkeypatch)
            assert code == 2 and "set DOC_ASSETS_DATABASE_URL to PostgreSQL itself" in said
            assert len(said.splitlines()) == 1
        with pytest.raises(ConfigurationError), open_instance(Settings.from_environment()):
            pass
        assert tables(database_url) == set()
        schema.upgrade(database_url)
        before = tables(database_url)
        for arguments in WRITERS:
            code, said = command(pool, *arguments, monkeypatch=monkeypatch)
            assert code == 2 and "pool_mode" in said, (arguments, said)
        assert tables(database_url) == before


def test_it_is_refused_however_many_others_use_the_pool(database_url: str) -> None:
    with pgbouncer.pooled(database_url, pool_mode="transaction", default_pool_size=4) as pool:
        over = threading.Event()

        def use() -> None:
            with psycopg.connect(pool, autocommit=True, prepare_threshold=None) as connection:
                while not over.is_set():
                    connection.execute("SELECT pg_sleep(0.0005)")

        others = [threading.Thread(target=use) for _ in range(6)]
        for other in others:
            other.start()
        try:
            for _ in range(20):
                with pytest.raises(ConfigurationError, match="pool_mode = transaction"):
                    Store(pool).connect()
        finally:
            over.set()
            for other in others:
                other.join()


@pytest.fixture(scope="module")
def published(server_url: str) -> Iterator[str]:
    """URL of a database with something live."""
    with new_database(server_url) as url:
        schema.upgrade(url)
        library = Library(Store(url), WordModel())
        other = page("Other", "Another page.")
        library.publish("rust/a", {"a.md": page("Gadgets", "Gears turn the gadget."), "b.md": other})
        library.publish("rust/a", {"a.md": page("Gadgets", "Gears turn the gadget slowly."), "b.md": other})
        yield url


READERS = [
    ["search", "gadget", "--mode", "text", "--json"],
    ["status", "--json"],
    ["history", "--json"],
    ["history", "--json-lines"],
    ["snapshots", "--json"],
    ["show", "rust/a", "--json"],
    ["manifest", "rust/a", "--json"],
    ["diff", "rust/a", "--json"],
    ["duplicates", "--json"],
    ["spaces", "--json"],
    ["quarantine", "list", "--json"],
    ["db", "check", "--json"],
]


@pytest.mark.parametrize("prepared", [0, 50])
def test_what_only_reads_works_through_a_pool_that_shares_sessions_and_leaves_nothing(
    published: str, prepared: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings: dict[str, str | int] = {"pool_mode": "transaction", "default_pool_size": 3, "server_round_robin": 1}
    major, minor = pgbouncer.version()
    if major * 100 + minor >= FOLLOWS_PREPARED:
        settings["max_prepared_statements"] = prepared
    elif prepared:
        pytest.skip(f"PgBouncer {major}.{minor} follows no prepared statements; 1.21 does")
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    with pgbouncer.pooled(published, **settings) as pool:
        for arguments in READERS:
            direct = command(published, *arguments, monkeypatch=monkeypatch)
            for _ in range(2):
                code, said = command(pool, *arguments, monkeypatch=monkeypatch)
                assert code == direct[0] == 0, said
                assert _without_times(said) == _without_times(direct[1])
        with sessions(pool, 3) as found:
            assert [left_on(connection) for connection in found] == [[], [], []]


def _without_times(said: str) -> object:
    """The answer without the moment at which it was given."""
    try:
        found = json.loads(said)
    except ValueError:
        return said
    if isinstance(found, dict):
        found.pop("at", None)
        found.pop("proof", None)
    return found


def test_the_exporter_reads_through_a_pool_that_shares_sessions_again_and_again(published: str) -> None:
    with pgbouncer.pooled(published, pool_mode="transaction", default_pool_size=2, server_round_robin=1) as pool:
        reader = StoreReader(pool)
        for _ in range(8):
            assert [state.partition for state in reader.reading(max_age=0.0).partitions] == ["rust/a"]
        reader.close()
        with sessions(pool, 2) as found:
            assert [left_on(connection) for connection in found] == [[], []]


@pytest.mark.parametrize("settings", OWN, ids=named)
def test_a_load_through_session_pooling_is_the_same_and_leaves_nothing_on_its_sessions(
    database_url: str, server_url: str, settings: dict[str, str | int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SmallSource(tmp_path)
    source.write_guides(3)
    with new_database(server_url) as other:
        schema.upgrade(other)
        loader, _ = loader_for(settings_for(tmp_path, Store(other)), Store(other))
        expected = load(loader, Store(other), source).digest
    with pgbouncer.pooled(database_url, **settings) as pool:
        assert schema.upgrade(pool)
        store = Store(pool)
        loader, _ = loader_for(settings_for(tmp_path, store), store)
        assert load(loader, store, source).digest == expected
        source.write("guide-00.md", "# Guide 0\n\nIt says something else now.\n")
        assert load(loader, store, source).result == "published"
        rollback(store, source.partition.name)
        assert [row for row in validate(store).checks if not row.passed] == []
        loader.close()
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", pool)
        monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        with open_instance(Settings.from_environment()) as instance:
            assert instance.get_runs() == []
        used = len(pgbouncer.console(pool, "SHOW SERVERS"))
        with sessions(pool, used) as found:
            assert [left_on(connection) for connection in found] == [[]] * used
    assert {name for name, _ in tables(database_url)} == {"doc_assets", "dagster"}
    with Store(database_url).reading() as connection:
        assert schema.check(connection) == []


def test_what_an_earlier_client_left_on_a_session_changes_nothing(
    published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["search", "gadget", "--mode", "text", "--json"]
    expected = command(published, *arguments, monkeypatch=monkeypatch)
    for mode in ("session", "transaction"):
        with pgbouncer.pooled(published, pool_mode=mode, server_reset_query="", default_pool_size=2) as pool:
            with psycopg.connect(pool, autocommit=True) as careless:
                careless.execute(
                    "SET search_path = pg_catalog; SET enable_bitmapscan = off; SET bytea_output = 'escape'"
                )
            assert command(pool, *arguments, monkeypatch=monkeypatch) == expected


def test_a_pool_with_a_single_session_is_refused_where_several_are_needed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_SECOND_SESSION_SECONDS", 0.5)
    with (
        pgbouncer.pooled(database_url, pool_mode="session", default_pool_size=1) as pool,
        pytest.raises(StoreUnavailable, match="default_pool_size"),
    ):
        Store(pool).connect()


def test_a_parameter_that_the_pool_refuses_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pgbouncer.pooled(database_url, pool_mode="session") as pool:
        code, said = command(f"{pool}?options=-cwork_mem%3D8MB", "status", monkeypatch=monkeypatch)
    assert code == 2 and "options" in said and "take it out" in said
