"""A real hot standby of a server on this machine: a base backup that replays what the primary writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from doc_assets.store.database.embedded import CLIENTS
from doc_assets_tests.support.postgres_servers import chosen_programs, wait_for

_SECONDS = 60.0


@contextmanager
def hot_standby(primary: str) -> Iterator[str]:
    """The URL of the standby's database of the same name; ``primary`` is on the server of the tests."""
    programs = chosen_programs() or CLIENTS
    given = conninfo_to_dict(primary)
    sockets = Path(str(given["host"]))
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-standby-"))
    account = sockets.stat()
    user: int | None = None
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        os.chown(folder, account.st_uid, account.st_gid)
        user = account.st_uid
    data, log = folder / "data", folder / "log"
    try:
        subprocess.run(
            [programs / "pg_basebackup", "-h", sockets, "-U", "postgres", "-D", data, "--write-recovery-conf",
             "--checkpoint=fast", "--wal-method=stream", "--no-sync"],
            check=True, capture_output=True, text=True, cwd="/", user=user,
        )  # fmt: skip
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "shared_buffers=32MB"]
        with log.open("w") as output:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stdout=output, stderr=output, cwd="/", user=user
            )
        try:
            url = urlunsplit(urlsplit(primary)._replace(query=f"host={quote(str(folder), safe='')}"))
            wait_for(server, url, log)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def caught_up(primary: str, standby: str) -> None:
    """Wait until the standby has replayed what the primary has written."""
    with psycopg.connect(primary, autocommit=True) as connection:
        written = connection.execute("SELECT pg_current_wal_lsn()").fetchall()[0][0]
    deadline = time.monotonic() + _SECONDS
    with psycopg.connect(standby, autocommit=True) as connection:
        while connection.execute("SELECT pg_last_wal_replay_lsn() < %s::pg_lsn", (written,)).fetchall()[0][0]:
            if time.monotonic() > deadline:
                raise TimeoutError("the standby does not follow")
            time.sleep(0.02)
