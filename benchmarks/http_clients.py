"""``doc-assets serve`` as a process, and clients that ask it over HTTP; shared by the benchmarks of the server."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import psutil


class Served:
    """A server that runs.

    Attributes:
        process: Its first process.
        address: As it says itself.
    """

    def __init__(self, process: psutil.Process, address: str) -> None:
        """Take the process and its address."""
        self.process = process
        self.address = address

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection, which stays open between requests."""
        return connected(self.address)

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the server, those of PostgreSQL apart."""
        members = [self.process, *self.process.children(recursive=True)]
        return [member for member in members if not _name(member).startswith("postgres")]

    def memory_mb(self) -> float:
        """Return the memory of all processes, of which pages that several have count once."""
        total = 0
        for member in self.processes():
            try:
                total += member.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return round(total / 1e6, 1)

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of all processes so far."""
        return sum(sum(member.cpu_times()[:2]) for member in self.processes())

    def wait_for_index(self, seconds: float = 600) -> int:
        """Wait until searches are answered from memory; returns the number of chunks in the index."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            _, body = ask(self.connection(), "/metrics")
            found = re.search(rb"^doc_assets_index_chunks (\S+)", body, re.MULTILINE)
            if found and float(found[1]):
                return int(float(found[1]))
            time.sleep(0.2)
        raise TimeoutError("no index was read")


@contextmanager
def serving(arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Run ``doc-assets serve`` on a free port until the end of the block; it ends by SIGTERM."""
    unbounded = {"DOC_ASSETS_SERVE_RATE": "0", "DOC_ASSETS_SERVE_REQUESTS": "64"}
    process = subprocess.Popen(  # noqa: S603 - this program
        [sys.executable, "-c", "from doc_assets.cli import main; main()", "serve", "--port", "0", *arguments],
        env=os.environ | unbounded | dict(environment or {}),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        address = next((f[1] for line in process.stderr if (f := re.search(r"serving on (\S+)", line))), None)
        assert address, "the server did not start"
        rest = threading.Thread(target=sys.stderr.writelines, args=(process.stderr,), daemon=True)
        rest.start()
        served = Served(psutil.Process(process.pid), address)
        while ask(served.connection(), "/readyz")[0] != 200:
            assert process.poll() is None, "the server ended"
            time.sleep(0.2)
        yield served
    finally:
        process.terminate()
        process.wait(60)


def connected(address: str) -> http.client.HTTPConnection:
    """Return a connection to a server."""
    parts = urlsplit(address)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)


def ask(
    connection: http.client.HTTPConnection, path: str, parameters: Mapping[str, object] | None = None
) -> tuple[int, bytes]:
    """Return status and body of a GET; a connection that the server closed while it was idle is opened again."""
    url = f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path
    for is_last in (connection.sock is None, True):
        try:
            connection.request("GET", url)
            response = connection.getresponse()
            return response.status, response.read()
        except ConnectionError:
            connection.close()
            if is_last:
                raise
    raise AssertionError


def search(connection: http.client.HTTPConnection, **parameters: object) -> dict:
    """Return the answer to a search; raises ``RuntimeError`` with the status of another answer than 200."""
    status, body = ask(connection, "/v1/search", parameters)
    if status != 200:
        raise RuntimeError(f"{status}: {body[:200].decode(errors='replace')}")
    return json.loads(body)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""
