"""PostgreSQL of any version for the tests, from the folder of its programs: a server in a folder of its own.

``DOC_ASSETS_TEST_POSTGRES`` names such a folder, and the tests then use that server instead of the embedded one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from doc_assets.store.database.embedded import CLIENTS

VARIABLE = "DOC_ASSETS_TEST_POSTGRES"
_STARTS_WITHIN, _STOPS_WITHIN = 60.0, 30.0
# As /dev/shm is mounted for the server alone, in a mount namespace that ends with it.
_MOUNTING = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mount -t tmpfs -o "size=$0" tmpfs /dev/shm && exec "$@"']  # fmt: skip


def chosen_programs() -> Path | None:
    """The folder that ``DOC_ASSETS_TEST_POSTGRES`` names, such as ``/usr/lib/postgresql/17/bin``; None if unset."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    programs = Path(named)
    if not (programs / "postgres").exists():
        raise FileNotFoundError(f"{VARIABLE}={named} holds no program postgres: name the folder of its programs")
    return programs


def clients() -> Path:
    """The folder of pg_dump and others of the version of the server that the tests use."""
    return chosen_programs() or CLIENTS


def no_small_shared_memory() -> str | None:
    """Why no server with a small ``/dev/shm`` can be started here; None if one can."""
    try:
        mounted = subprocess.run([*_MOUNTING, "64k", "true"], capture_output=True, text=True)
    except FileNotFoundError as error:
        return f"{error.filename} is absent"
    return None if mounted.returncode == 0 else f"needs the right to mount, as root has it: {mounted.stderr.strip()}"


@contextmanager
def postgres(
    programs: Path, settings: Mapping[str, str | int] | None = None, *, shared_memory: str | None = None
) -> Iterator[str]:
    """Start a server on a socket and yield its URL (superuser ``postgres``); it ends with the block or this process.

    Args:
        programs: Folder with ``initdb`` and ``postgres``.
        settings: Settings of the server beside those that spare a test time.
        shared_memory: Size of ``/dev/shm`` as this server alone sees it, like ``64m``; needs root.
    """
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-postgres-"))
    data, log = folder / "data", folder / "log"
    user = _owner(folder)
    try:
        subprocess.run(
            [*user, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        given = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": 200}
        options = [f"-c{name}={value}" for name, value in {**given, **(settings or {})}.items()]
        command = [*user, programs / "postgres", "-D", data, *options]
        if shared_memory is not None:
            command = [*_MOUNTING, shared_memory, *command]
        with log.open("w") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output, cwd="/")
        url = f"postgresql://postgres:@/postgres?host={quote(str(folder), safe='')}"
        try:
            wait_for(server, url, log)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # sessions end where they are
            try:
                server.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait(_STOPS_WITHIN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner(folder: Path) -> list[str | Path]:
    """The command under which the server runs: it refuses root, and ends with the process that started it."""
    bound = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return [*bound]
    os.chown(folder, 65534, 65534)
    return [*bound, "--reuid=65534", "--regid=65534", "--clear-groups"]


def wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the server takes connections; raises RuntimeError with the end of its log if it does not."""
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"the server did not start: {error}; its log ends with {log.read_text()[-2000:]}"
                ) from error
            time.sleep(0.05)
