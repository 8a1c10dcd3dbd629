"""On a real hot standby, and where writing is turned off: what reads works, what writes is refused in one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import typer.main
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.store.database.connection import Store
from doc_assets.store.history.progress import write_progress
from doc_assets.store.schema import schema
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.library import Library, WordModel, page
from doc_assets_tests.support.standby import caught_up, hot_standby

READERS = [
    ["search", "gadget", "--mode", "text", "--json"],
    ["fetch", "rust/a/a.md", "--json"],
    ["resolve", "rust/a", "--json"],
    ["history", "--json"],
    ["snapshots", "--json"],
    ["manifest", "rust/a", "--json"],
    ["diff", "rust/a", "--json"],
    ["duplicates", "--json"],
    ["spaces", "--json"],
    ["quarantine", "list", "--json"],
    ["db", "check", "--json"],
]
WRITERS = [
    ["migrate"],
    ["plan"],
    ["gc"],
    ["validate"],
    ["rollback", "rust/a"],
    ["discard", "--all"],
    ["retire", "rust/a"],
    ["spaces", "drop", "1"],
    ["quarantine", "retry"],
]


def command(url: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit code, and everything that was printed."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def primary(server_url: str) -> Iterator[str]:
    """URL of a database with something live."""
    with new_database(server_url) as url:
        schema.upgrade(url)
        library = Library(Store(url), WordModel())
        library.publish("rust/a", {"a.md": page("Gadgets", "Gears turn the gadget.")})
        library.publish("rust/a", {"a.md": page("Gadgets", "Gears turn the gadget slowly.")})
        yield url


@pytest.fixture(scope="module")
def standby(primary: str) -> Iterator[str]:
    with hot_standby(primary) as url:
        caught_up(primary, url)
        yield url


def test_what_only_reads_gives_the_same_on_a_standby(
    primary: str, standby: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    for arguments in READERS:
        expected = command(primary, *arguments, monkeypatch=monkeypatch)
        assert expected[0] == 0 and command(standby, *arguments, monkeypatch=monkeypatch) == expected
    code, said = command(standby, "show", "rust/a", monkeypatch=monkeypatch)
    assert code == 0 and "proven now" in said
    reader = StoreReader(standby)
    assert [state.partition for state in reader.reading().partitions] == ["rust/a"]
    reader.close()


def test_what_writes_is_refused_on_a_standby_in_one_sentence(
    standby: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    for arguments in WRITERS:
        code, said = command(standby, *arguments, monkeypatch=monkeypatch)
        assert code == 1 and "hot standby" in said and "to the primary" in said, (arguments, said)
        assert len(said.splitlines()) == 1, said


def test_a_standby_at_the_newest_revision_has_nothing_to_upgrade(standby: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = command(standby, "db", "upgrade", monkeypatch=monkeypatch)
    assert code == 0 and f"revision {schema.head()} already" in said


def test_an_upgrade_on_a_standby_says_that_it_belongs_on_the_primary(
    primary: str, standby: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_revision(revision: str) -> None:
        with psycopg.connect(primary) as connection:
            connection.execute("UPDATE doc_assets.alembic_version SET version_num = %s", (revision,))
        caught_up(primary, standby)

    set_revision("0005")
    try:
        code, said = command(standby, "db", "upgrade", monkeypatch=monkeypatch)
        assert code == 1 and "at revision 0005" in said and "to the primary" in said
        code, said = command(standby, "status", monkeypatch=monkeypatch)
        assert code == 1 and "db upgrade" in said
    finally:
        set_revision(schema.head())


def test_a_load_that_runs_on_the_primary_is_alive_on_the_standby(
    primary: str, standby: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its lock is not known there."""
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    figures = dict.fromkeys(("files_total", "files_done", "bytes_total", "bytes_done", "work_total", "work_done"), 4)
    figures |= dict.fromkeys(("tokens_done", "documents", "chunks", "embedded"), 1)
    with Store(primary).connect() as connection:
        write_progress(connection, 1, "run", {**figures, "snapshot_id": None, "stage": "load"})
        caught_up(primary, standby)
        _, said = command(standby, "status", "--json", monkeypatch=monkeypatch)
        assert json.loads(said[said.index("{") :])["running"][0]["alive"] is True
        connection.execute("UPDATE progress SET updated_at = now() - interval '1 hour'")
        caught_up(primary, standby)
        _, said = command(standby, "status", "--json", monkeypatch=monkeypatch)
        assert json.loads(said[said.index("{") :])["running"][0]["alive"] is False
        connection.execute("DELETE FROM progress")


def test_of_several_hosts_what_writes_takes_the_primary_and_what_reads_takes_either(
    primary: str, standby: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [str(conninfo_to_dict(url)["host"]) for url in (standby, primary)]
    both = f"{primary.partition('?')[0]}?host={','.join(hosts)}"
    with Store(both).connect() as connection:
        assert connection.info.host == hosts[1]
    with Store(both).reading() as connection:
        assert connection.info.host == hosts[0]
    with Store(f"{both}&target_session_attrs=primary").reading() as connection:
        assert connection.info.host == hosts[1]
    code, said = command(both, "db", "upgrade", monkeypatch=monkeypatch)
    assert code == 0, said


@pytest.mark.parametrize("where", ["DATABASE", "ROLE"])
def test_where_writing_is_turned_off_what_writes_says_so(
    server_url: str, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    with new_database(server_url) as url:
        name = str(conninfo_to_dict(url)["dbname"])
        with psycopg.connect(url, autocommit=True) as connection:
            of = {"DATABASE": sql.SQL("DATABASE {}"), "ROLE": sql.SQL("ROLE postgres IN DATABASE {}")}[where]
            off = sql.SQL("ALTER {} SET default_transaction_read_only = on").format(of.format(sql.Identifier(name)))
            connection.execute(off)
        code, said = command(url, "db", "upgrade", monkeypatch=monkeypatch)
        assert code == 1 and "the database is blank" in said and "default_transaction_read_only is on" in said
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(
                sql.SQL("ALTER {} RESET default_transaction_read_only").format(of.format(sql.Identifier(name)))
            )
        schema.upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(off)
        code, said = command(url, "db", "upgrade", monkeypatch=monkeypatch)
        assert code == 0 and "already" in said
        code, said = command(url, "status", monkeypatch=monkeypatch)
        assert code == 0, said
        code, said = command(url, "gc", monkeypatch=monkeypatch)
        assert code == 1 and "default_transaction_read_only is on" in said


def test_the_page_says_of_each_command_what_it_needs_and_the_tests_try_them() -> None:
    """docs/pools.md; a group that is a command itself counts beside its own."""
    table = [line for line in (ROOT / "docs" / "pools.md").read_text().splitlines() if line.startswith("| `")]
    reading, at_head, writing, offline = ([*re.findall(r"`([a-z ]+)`", line.split("|")[1])] for line in table)
    assert at_head == ["db upgrade"]
    named = sorted([*reading, *writing, *offline, "db client"])
    top = typer.main.get_command(app)
    groups = {name: getattr(command, "commands", {}) for name, command in getattr(top, "commands", {}).items()}
    existing = [f"{name} {inner}" for name, commands in groups.items() for inner in commands]
    existing += [name for name, commands in groups.items() if not commands or name == "spaces"]
    assert named == sorted(existing)
    tried = {" ".join(word for word in arguments if word.isalpha()) for arguments in READERS}
    untried = {"evaluate", "exporter", "status", "show", "quarantine show", "catalogue check"}
    untried |= {"embedder check", "embedder quantise", "serve", "mcp", "doctor"}
    assert {name.removesuffix(" gadget text") for name in tried} | untried == set(reading)
    written = {" ".join(word for word in one if word.isalpha()) for one in WRITERS}
    assert written | {"db upgrade", "webhook"} == set(writing)
