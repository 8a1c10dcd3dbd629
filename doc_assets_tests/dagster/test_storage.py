"""Dagster's records in our PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import psycopg
import pytest
import sqlalchemy as sa
from dagster._core.instance.ref import InstanceRef
from dagster_shared.serdes import serialize_value

from doc_assets.dagster.in_process_runs import open_instance
from doc_assets.dagster.storage import _require_alive
from doc_assets.errors import ConfigurationError, StoreError
from doc_assets.secrets import learn
from doc_assets.settings import Settings
from doc_assets.store.database.dagster_schema import dagster_url
from doc_assets.store.database.dagster_tables import DAGSTER_TABLES
from doc_assets.store.database.url import database_url
from doc_assets_tests.support import ROOT


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC_ASSETS_HOME", str(home))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """As ``dagster dev`` and ``dagster job execute`` open it in the checkout without DAGSTER_HOME."""
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path), config_dir=str(ROOT))) as instance:
        yield instance


@dg.op
def hello() -> None:
    dg.get_dagster_logger().info("hello")


@dg.job
def greet() -> None:
    hello()


def tables(home: Path) -> set[tuple[str, str]]:
    with psycopg.connect(database_url(Settings.from_environment())) as connection:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
        )
        return {(schema, table) for schema, table in rows}


def test_runs_and_events_go_to_a_schema_of_their_own(instance: dg.DagsterInstance, home: Path) -> None:
    result = greet.execute_in_process(instance=instance)
    assert instance.get_run_by_id(result.run_id) is not None
    found = tables(home)
    assert {("dagster", "runs"), ("dagster", "event_logs"), ("dagster", "job_ticks")} <= found
    assert {schema for schema, _ in found} == {"dagster"}


def test_another_process_finds_the_same_records_from_the_reference_alone(instance: dg.DagsterInstance) -> None:
    """Web server, daemon, code server and runs are handed the reference; it names no database and no password."""
    result = greet.execute_in_process(instance=instance)
    reference = serialize_value(instance.get_ref())
    assert "postgresql" not in reference
    script = (
        "import sys, dagster as dg; from dagster._core.instance.ref import InstanceRef;"
        "from dagster_shared.serdes import deserialize_value;"
        "ref = deserialize_value(sys.argv[1], InstanceRef); instance = dg.DagsterInstance.from_ref(ref);"
        "print(instance.get_run_by_id(sys.argv[2]).status.value, ref.event_storage.get_logs_for_run(sys.argv[2]) != [])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, reference, result.run_id], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["SUCCESS", "True"], done.stderr


def test_the_events_of_a_run_can_be_watched(instance: dg.DagsterInstance) -> None:
    """The UI and the sensors follow a run this way."""
    seen: list[str | None] = []
    run_id = greet.execute_in_process(instance=instance).run_id
    watcher = lambda event, cursor: seen.append(event.message)  # noqa: E731 - the same object ends the watch
    instance.watch_event_logs(run_id, None, watcher)
    deadline = time.monotonic() + 60
    while "hello" not in seen and time.monotonic() < deadline:
        time.sleep(0.05)
    instance.end_watch_event_logs(run_id, watcher)
    assert "hello" in seen


def test_what_steps_print_is_kept_when_the_command_ends(instance: dg.DagsterInstance, home: Path) -> None:
    result = greet.execute_in_process(instance=instance)
    assert list((home / "dagster" / "logs" / result.run_id).rglob("*.out"))


def test_the_command_line_and_dagster_share_their_records(instance: dg.DagsterInstance, home: Path) -> None:
    with open_instance(Settings.from_environment()) as own:
        run_id = greet.execute_in_process(instance=own).run_id
        assert not list((home / "dagster").rglob(f"*{run_id}*"))
    assert instance.get_run_by_id(run_id) is not None


def test_a_role_that_may_not_create_the_schema_is_told_what_to_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database_url(Settings.from_environment())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE poor")
        connection.execute("CREATE ROLE poor LOGIN")
    poor = sa.make_url(url).set(username="poor", database="poor").render_as_string(hide_password=False)
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", poor)
    with (
        pytest.raises(StoreError, match="CREATE SCHEMA dagster AUTHORIZATION"),
        open_instance(Settings.from_environment()),
    ):
        pass


@pytest.mark.parametrize(
    ("given", "host", "port", "user", "password", "database"),
    [
        ("postgresql://u:p%40ss@db.example:5433/docs", "db.example", "5433", "u", "p@ss", "docs"),
        ("postgres://u@db.example/docs?sslmode=require", "db.example", None, "u", None, "docs"),
        ("postgresql://u@/docs?host=/run/postgresql", "/run/postgresql", None, "u", None, "docs"),
        ("host=a,b port=1,2 dbname=docs user=u", "a,b", "1,2", "u", None, "docs"),
    ],
)
def test_any_url_that_libpq_takes_becomes_one_for_dagster(
    given: str, host: str, port: str | None, user: str, password: str | None, database: str
) -> None:
    url = sa.create_engine(dagster_url(given)).url
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.database) == (user, password, database)
    assert (url.query["host"], url.query.get("port")) == (host, port)
    _, arguments = url.get_dialect()().create_connect_args(url)
    assert "options" not in arguments and "plugin" not in arguments


def test_options_of_the_users_own_are_kept() -> None:
    url = sa.make_url(dagster_url("postgresql://h/d?options=-cstatement_timeout%3D5s"))
    assert url.query["options"] == "-cstatement_timeout=5s"


def test_a_password_in_the_configuration_is_refused_since_arguments_would_show_it(tmp_path: Path) -> None:
    url = "postgresql://robot:Zq9-s3cr3t-Va1ue@127.0.0.1:9/docs"
    (tmp_path / "dagster.yaml").write_text(
        "storage: {custom: {module: doc_assets.dagster.storage, class: DocAssetsStorage,"
        f" config: {{database_url: '{url}'}}}}}}"
    )
    reference = InstanceRef.from_dir(str(tmp_path))
    with pytest.raises(ConfigurationError, match="env: DOC_ASSETS_DATABASE_URL") as refused:
        dg.DagsterInstance.from_ref(reference)
    assert "s3cr3t" not in str(refused.value)


def test_nothing_that_dagster_writes_shows_a_secret(instance: dg.DagsterInstance) -> None:
    learn("Zq9-s3cr3t-Va1ue")

    @dg.op
    def show() -> None:
        dg.get_dagster_logger().info("logged Zq9-s3cr3t-Va1ue")
        raise dg.Failure("failed with Zq9-s3cr3t-Va1ue", metadata={"why": "Zq9-s3cr3t-Va1ue"})

    @dg.job
    def tell() -> None:
        show()

    done = tell.execute_in_process(instance=instance, tags={"why": "Zq9-s3cr3t-Va1ue"}, raise_on_error=False)
    with psycopg.connect(database_url(Settings.from_environment())) as connection:
        rows = connection.execute(
            "SELECT r::text FROM dagster.runs r WHERE run_id = %(run)s UNION ALL"
            " SELECT e::text FROM dagster.event_logs e WHERE run_id = %(run)s UNION ALL"
            " SELECT t::text FROM dagster.run_tags t WHERE run_id = %(run)s",
            {"run": done.run_id},
        ).fetchall()
    written = "".join(row[0] for row in rows)
    assert "logged ***" in written and "failed with ***" in written
    assert "s3cr3t" not in written


def test_no_table_of_dagsters_lands_outside_its_schema_whatever_path_the_session_has(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pool's session has one that an earlier client set."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA other")
        connection.execute(
            "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = other, public', current_database()); END$$"
        )
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    with open_instance(Settings.from_environment()) as own:
        assert own.get_run_by_id(greet.execute_in_process(instance=own).run_id) is not None
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
        ).fetchall()
    assert {schema for schema, _ in rows} == {"dagster"}
    assert {table for _, table in rows} - {"alembic_version"} <= DAGSTER_TABLES


def test_a_process_that_loads_asks_once_for_the_tables_of_dagster(home: Path) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.extend(["catalog"] if "FROM pg_catalog" in statement else [])

    with open_instance(Settings.from_environment()) as own:
        greet.execute_in_process(instance=own)
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            greet.execute_in_process(instance=own)
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert asked == []


def test_a_connection_that_was_cut_right_after_its_use_is_replaced(home: Path) -> None:
    with open_instance(Settings.from_environment()) as own:
        run_id = greet.execute_in_process(instance=own).run_id
        with psycopg.connect(database_url(Settings.from_environment()), autocommit=True) as other:
            for _ in range(3):
                assert own.get_run_by_id(run_id) is not None
                cut = other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchall()
                assert cut and own.get_run_by_id(run_id) is not None


class Connection:
    """A connection that notes each question; its descriptor is one that select() does not take."""

    def __init__(self, ours: socket.socket) -> None:
        self.number, self.asked = fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD, 1_100), 0

    def fileno(self) -> int:
        return self.number

    @contextmanager
    def cursor(self) -> Iterator[Connection]:
        yield self

    def execute(self, _statement: str) -> None:
        self.asked += 1


def test_a_connection_that_was_just_used_is_asked_only_if_its_server_said_something() -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 1_200:
        pytest.skip("this process may not open so many files")
    ends = socket.socketpair()
    with ends[0] as ours, ends[1] as theirs:
        connection, record = Connection(ours), SimpleNamespace(info={})
        try:
            for expected in (1, 1, 1):
                _require_alive(connection, record, None)
                assert connection.asked == expected
            theirs.close()
            _require_alive(connection, record, None)
            assert connection.asked == 2
        finally:
            os.close(connection.number)
