"""A real PgBouncer in front of a server, on a free port of this machine, for the length of a block."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from doc_assets_tests.support.services import program

_SECONDS = 10.0


def version() -> tuple[int, int]:
    """The version of the PgBouncer that is installed; prepared statements are followed from 1.21 on."""
    said = subprocess.run([program("pgbouncer"), "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = re.findall(r"PgBouncer (\d+)\.(\d+)", said)[0]
    return int(major), int(minor)


@contextmanager
def pooled(database_url: str, **settings: str | int) -> Iterator[str]:
    """The URL of the same database through a pool; ``settings`` are PgBouncer's own, as ``pool_mode="transaction"``."""
    given = {key: str(value) for key, value in conninfo_to_dict(database_url).items() if value is not None}
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-pgbouncer-"))
    port, user, is_socket = _free_port(), given.get("user", "postgres"), given.get("host", "").startswith("/")
    server = " ".join(f"{key}='{given[key]}'" for key in ("host", "port", "user", "password", "dbname") if key in given)
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "admin_users": "admin",
        "logfile": folder / "log",
        "max_client_conn": 200,
        **settings,
    }
    lines = [f"{key} = {value}" for key, value in options.items()]
    (folder / "pgbouncer.ini").write_text("\n".join(["[databases]", f"pooled = {server}", "[pgbouncer]", *lines, ""]))
    command: list[str | Path] = [program("pgbouncer"), "-q"]
    if os.geteuid() == 0:  # which it refuses to run as; the owner of a socket's folder may enter it
        account = pwd.getpwuid(Path(given["host"]).stat().st_uid) if is_socket else pwd.getpwnam("nobody")
        for path in (folder, folder / "pgbouncer.ini"):
            os.chown(path, account.pw_uid, account.pw_gid)
        command += ["-u", account.pw_name]
    process = subprocess.Popen([*command, folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL)
    url = f"postgresql://{quote(user)}@127.0.0.1:{port}/pooled"
    try:
        _wait_until_it_listens(process, port, folder / "log")
        yield url
    finally:
        process.kill()  # since 1.23 it would wait for the last client to leave
        process.wait(_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def console(url: str, command: str) -> list[dict[str, object]]:
    """The answer of PgBouncer's own console to a command, as in ``SHOW SERVERS``."""
    with psycopg.connect(
        url.rpartition("/")[0] + "/pgbouncer", user="admin", autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as connection:
        cursor = connection.execute(command.encode())
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text() if log.exists() else ""
                raise RuntimeError(f"PgBouncer did not start: {said}") from None
            time.sleep(0.02)
