"""``--wait``: for a server that starts and a schema that is on its way; many upgrades at once are one."""

from __future__ import annotations

import sys
import threading
import time

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.store.schema import schema
from doc_assets_tests.support.older_schema import make_at


@pytest.fixture
def doc_assets(database_url, monkeypatch, capsys, tmp_path):
    """Runs a command in this process; gives its exit code and what it said on stderr."""
    from doc_assets.cli import main

    def run(*arguments: str, url: str = database_url) -> tuple[int, str]:
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
        monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), " ".join(capsys.readouterr().err.split())

    return run


def test_a_check_waits_until_another_program_has_upgraded_the_schema(database_url, doc_assets, monkeypatch):
    make_at(database_url, "0003")
    with pytest.raises(SchemaBehind, match="at revision 0003"):
        schema.require_head(database_url)
    monkeypatch.setattr("doc_assets.runtime.shutdown.wait", lambda _seconds: schema.upgrade(database_url))
    code, said = doc_assets("db", "check", "--wait", "60")
    assert code == 0 and "at revision 0003" in said and "sound" in said


def test_a_wait_that_is_over_is_a_failure_with_what_was_waited_for(database_url, doc_assets):
    code, said = doc_assets("db", "check", "--wait", "0.2")
    assert code == 1 and "waited 0.2 s for nothing: the database is blank" in said
    code, said = doc_assets("db", "upgrade", "--wait", "0.2", url="postgresql://x@127.0.0.1:9/x")
    assert code == 1 and "waited 0.2 s for nothing: PostgreSQL cannot be reached" in said


def test_what_does_not_pass_is_not_waited_for(database_url, doc_assets):
    schema.upgrade(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE doc_assets.alembic_version SET version_num = '9999'")
    started = time.monotonic()
    for command in ("check", "upgrade"):
        code, said = doc_assets("db", command, "--wait", "60")
        assert code == 1 and "revision 9999" in said and "upgrade this program" in said
    assert time.monotonic() - started < 30


def test_upgrades_that_run_at_once_do_not_disturb_each_other(database_url):
    errors: list[StoreError] = []

    def upgrade() -> None:
        try:
            schema.upgrade(database_url)
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    schema.require_head(database_url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://robot:s3cr3t%20word-1@127.0.0.1:9/d?connect_timeout=3",
        "host=127.0.0.1 port=9 password=s3cr3t-1",
        "postgresql://robot@127.0.0.1:9/database-4-docs",
    ],
)
def test_the_url_is_printed_without_its_password_unless_that_is_asked_for(url, capsys, monkeypatch):
    from doc_assets.cli import main

    shown = {}
    for option in ((), ("--with-password",)):
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["doc-assets", "db", "url", *option])
        with pytest.raises(SystemExit):
            main()
        shown[option] = capsys.readouterr().out.strip()
    assert shown["--with-password",] == url
    assert "s3cr3t" not in shown[()]
    assert {**conninfo_to_dict(url), "password": None} == {**conninfo_to_dict(shown[()]), "password": None}


@pytest.mark.parametrize(
    "url",
    ["host=127.0.0.1 port=abc password=Zq9-s3cr3t", "postgresql://u:Zq9-s3cr3t@127.0.0.1:9/d?gssencmode=x",
     "postgresql://u:Zq9-s3cr3t@127.0.0.1:9/d?keepalives=x", "postgresql://u:Zq9-s3cr3t%0A@127.0.0.1:9/d"],
)  # fmt: skip
def test_a_url_that_libpq_does_not_understand_is_misuse_and_not_waited_for(url, doc_assets):
    started = time.monotonic()
    code, said = doc_assets("db", "check", "--wait", "60", url=url)
    assert code == 2 and "DOC_ASSETS_DATABASE_URL" in said
    assert "s3cr3t" not in said
    assert time.monotonic() - started < 30
