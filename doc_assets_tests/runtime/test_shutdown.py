"""A stop on request: waits end at once wherever they are, and work at its borders."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psycopg
import pytest

from doc_assets.catalogue import ArchiveSource, GitSource
from doc_assets.embedding.backends.http import HttpEmbedder
from doc_assets.embedding.opening import open_tokenizers
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.errors import Stopped, StoreUnreachable
from doc_assets.ingest.parse_pool import ParsePool, ParseTask
from doc_assets.runtime import shutdown
from doc_assets.runtime.stages import Stage
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import SourceFile
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.partitions import GC_APPLICATION, ensure_partition, partition_lock
from doc_assets.store.partitions.session import PartitionSession

# Less than any of the waits below, far more than a busy machine needs.
_SOON = 30.0


def ask(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture
def soon() -> Iterator[Callable[[], None]]:
    """Asks this process to stop in a moment; the test fails if that takes long to be heeded."""
    started: list[float] = []

    def start() -> None:
        started.append(time.monotonic())
        threading.Timer(0.2, ask).start()

    yield start
    assert time.monotonic() - started[0] < _SOON


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_first_request_ends_the_work_and_the_handlers_from_before_are_put_back():
    before = [signal.getsignal(number) for number in shutdown.SIGNALS]
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        with shutdown.handling_signals():
            with pytest.raises(Stopped, match=signal.Signals(number).name):
                ask(number)
            assert shutdown.exit_code() == code
        assert not shutdown.requested()
    assert [signal.getsignal(number) for number in shutdown.SIGNALS] == before


def test_within_a_deferral_it_is_noted_and_threads_see_it():
    with shutdown.handling_signals():
        with shutdown.deferred():
            ask()
            with pytest.raises(Stopped):
                shutdown.wait(60)
            stage = iter(Stage("thread", lambda _: shutdown.wait(60), [1]))
            with pytest.raises(Stopped):
                next(stage)
        with pytest.raises(Stopped), shutdown.handling_signals():
            pytest.fail("a part of the work began although a stop was asked for")


def test_a_second_request_is_not_deferred():
    with shutdown.handling_signals(), pytest.raises(Stopped), shutdown.deferred():
        ask()
        ask()
        pytest.fail("the second request was only noted")


def test_a_program_with_handlers_of_its_own_gets_them_back():
    """As Dagster's, which are set before a load and raise in the middle of anything."""
    got: list[int] = []
    before = [signal.signal(number, lambda n, _: got.append(n)) for number in shutdown.SIGNALS]
    try:
        with shutdown.handling_signals(), shutdown.deferred():
            ask()
        ask()
        assert got == [signal.SIGTERM]
    finally:
        for number, handler in zip(shutdown.SIGNALS, before, strict=True):
            signal.signal(number, handler)


_FOLLOWER = """
import os, sys
from doc_assets.runtime import shutdown
from doc_assets.errors import Stopped

shutdown.follow_parent(open(int(sys.argv[1])))
print("follows", flush=True)
if sys.argv[2] == "signals":  # as a terminal or systemd sends them, beside the parent
    for number in shutdown.SIGNALS:
        os.kill(os.getpid(), number)
sys.stdin.readline()
try:
    with shutdown.handling_signals():
        sys.stdin.readline()
except Stopped:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("by", ["signals", "pipe"])
def test_a_worker_stops_when_its_parent_closes_the_pipe_and_survives_any_number_of_signals(by):
    following, asking = os.pipe()
    worker = subprocess.Popen(
        [sys.executable, "-c", _FOLLOWER, str(following), by],
        text=True, pass_fds=[following], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert worker.stdin is not None and worker.stdout is not None
        assert worker.stdout.readline().strip() == "follows"
        worker.stdin.write("begin\n")
        worker.stdin.flush()
        os.close(asking)
        assert worker.stdout.readline().strip() == "stopped"
        assert worker.wait(_SOON) == 0
    finally:
        worker.kill()
        worker.communicate()
        os.close(following)


def test_the_wait_between_two_attempts_ends(soon):
    def fail() -> None:
        raise StoreUnreachable("down")

    with shutdown.handling_signals(), shutdown.deferred(), pytest.raises(Stopped):
        soon()
        Retries(RetryPolicy(attempts=8, longest_wait=60)).run(fail)


def test_a_hanging_embedding_endpoint_is_not_waited_for(silent_server, soon, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = Settings.from_environment({})
    embedder = HttpEmbedder(
        describe_space(settings), open_tokenizers(settings), f"http://127.0.0.1:{silent_server}/embed"
    )
    with shutdown.handling_signals(), shutdown.deferred(), pytest.raises(Stopped):
        soon()
        embedder.embed(["a text"], Role.DOCUMENT)


class _SlowPool(ParsePool):
    """Whose files take a minute each."""

    def _schedule(self, task: ParseTask) -> Future[Any]:
        assert self._pool is not None
        return self._pool.schedule(time.sleep, args=[60.0])


def test_a_file_that_is_parsed_slowly_is_not_waited_for(soon, tmp_path):
    pool = _SlowPool(Settings.from_environment({"DOC_ASSETS_THREADS": "1"}))
    task = ParseTask(SourceFile("a.md", tmp_path / "a.md", 1), tmp_path, "auto", {})
    try:
        with shutdown.handling_signals(), shutdown.deferred(), pytest.raises(Stopped):
            soon()
            list(pool.parse([task]))
    finally:
        pool.close()


def test_git_is_ended_while_it_fetches(tmp_path, monkeypatch, soon):
    program, pid = tmp_path / "git", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    source = GitSource(name="repo", kind="git", location="https://git.example/repo.git")
    with shutdown.handling_signals(), pytest.raises(Stopped):
        soon()
        fetch(source, base=tmp_path, cache=tmp_path / "cache")
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_a_download_that_hangs_is_not_waited_for(tmp_path, silent_server, monkeypatch, soon):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with shutdown.handling_signals(), pytest.raises(Stopped):
        soon()
        source = ArchiveSource(name="hangs", kind="archive", location=f"http://127.0.0.1:{silent_server}/a.zip")
        fetch(source, base=tmp_path, cache=tmp_path / "cache")


def test_the_wait_for_a_partitions_lock_ends_and_leaves_nothing_locked(store, soon):
    with store.connect(GC_APPLICATION) as gc:
        partition = ensure_partition(gc, "rust", "a", "a")
        with partition_lock(gc, partition, "rust/a"), shutdown.handling_signals(), pytest.raises(Stopped):
            soon()
            PartitionSession(store, "rust", "a", "a", Retries(RetryPolicy()))
        assert gc.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                          " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                          ).fetchone() == (0,)  # fmt: skip


def test_a_statement_is_cancelled_at_the_server(store, soon):
    with psycopg.connect(store.url) as connection, shutdown.handling_signals():
        soon()
        with pytest.raises(Stopped):
            connection.execute("SELECT pg_sleep(60)")
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)
