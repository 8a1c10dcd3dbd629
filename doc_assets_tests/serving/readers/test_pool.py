"""Readers that die, that cannot be started, and that hold an older index; threads stand for the processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

import pytest

from doc_assets.errors import StoreUnavailable
from doc_assets.search.live_index.loading import IndexStatus
from doc_assets.search.live_index.sharing import SharedState
from doc_assets.serving.answers import EncodedAnswer, SearchQuery
from doc_assets.serving.readers import pool
from doc_assets.serving.readers.pool import Readers
from doc_assets.serving.readers.process import Ask, ReaderSettings, Told
from doc_assets.settings import Settings

GIVEN = ReaderSettings("", Settings(home=Path("none"), catalogue=Path("none")), statement_seconds=5)
ANSWER = Told(EncodedAnswer(b"{}", "state", 1))
BEHIND = Told(ANSWER.result, is_behind=True)


class ThreadAsProcess:
    """What the pool uses of a process; ``refused`` of them cannot be started."""

    refused: ClassVar[list[OSError]] = []
    exitcode = -9

    def __init__(self, target: Callable[..., None], args: tuple[Connection, object], **_: object) -> None:
        self._end = Connection(os.dup(args[0].fileno()))
        self._thread = threading.Thread(target=self._run, args=(target, args[1]), daemon=True)

    def _run(self, target: Callable[..., None], given: object) -> None:
        with self._end:
            target(self._end, given)

    def start(self) -> None:
        if self.refused:
            raise self.refused.pop()
        self._thread.start()

    def join(self, _seconds: float | None = None) -> None:
        self._thread.join()

    def kill(self) -> None:
        """Do nothing: the other end is closed with the pool."""


class Threads:
    Pipe = staticmethod(Pipe)
    Process = ThreadAsProcess


@contextmanager
def readers(
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[Connection, Ask], Told | None],
    index: Callable[[Connection], None] = lambda connection: None,
) -> Iterator[Readers]:
    """Yield a pool of one reader that answers like that, or ends after None."""
    closing = threading.Event()

    def read(connection: Connection, _: object) -> None:
        connection.send(Told(None))
        while not closing.is_set():
            if connection.poll(0.005):
                if (told := answer(connection, connection.recv())) is None:
                    return
                connection.send(told)

    def keep_index(connection: Connection, _: object) -> None:
        index(connection)
        closing.wait()

    monkeypatch.setattr(pool, "_SPAWN", Threads)
    monkeypatch.setattr(pool, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(pool, "read", read)
    monkeypatch.setattr(pool, "keep_index", keep_index)
    with Readers(1, GIVEN) as running:
        try:
            yield running
        finally:
            closing.set()


def test_a_process_that_cannot_be_started_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # No memory or process number left; the child was killed before it read what it is to do.
    monkeypatch.setattr(ThreadAsProcess, "refused", [BlockingIOError(11, "none left"), BrokenPipeError(32, "it died")])
    with readers(monkeypatch, lambda _connection, _ask: ANSWER) as running:
        assert running.search(SearchQuery(q="lock")) == ANSWER.result
    assert not ThreadAsProcess.refused


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_search_whose_reader_dies_within_its_answer_is_answered_by_another_at_most_once(
    monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    left = [None] * deaths

    def answer(connection: Connection, _ask: Ask) -> Told | None:
        if not left:
            return ANSWER
        os.write(connection.fileno(), b"\0\0\1\0half")  # 256 bytes were to follow
        return left.pop()

    with readers(monkeypatch, answer) as running:
        if deaths == 1:
            assert running.search(SearchQuery(q="lock")) == ANSWER.result
        else:
            with pytest.raises(StoreUnavailable, match="died during this search"):
                running.search(SearchQuery(q="lock"))
            assert running.search(SearchQuery(q="lock")) == ANSWER.result


def test_only_a_reader_with_the_newest_index_says_that_this_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [SharedState(IndexStatus("loaded"), process) for process in (1, 2)]
    begun, newest, asked = threading.Event(), threading.Event(), threading.Event()
    held: list[SharedState] = []

    def index(connection: Connection) -> None:
        connection.send(states[0])
        begun.wait(5)
        connection.send(states[1])
        if connection.poll(5):
            asked.set()

    def answer(_connection: Connection, ask: Ask) -> Told | None:
        if ask.index is not None:
            held.append(ask.index)
        if ask.query is None:
            return Told(None)
        if held == states[:1]:
            begun.set()
            newest.wait(5)
        return BEHIND

    with readers(monkeypatch, answer, index) as running:
        while not held:
            running.require_ready()
        search = threading.Thread(target=running.search, args=(SearchQuery(q="lock"),))
        search.start()
        while running._index != states[1]:
            threading.Event().wait(0.001)
        newest.set()
        search.join()
        assert not running._is_index_wanted
        running.search(SearchQuery(q="lock"))
        assert asked.wait(5)


def test_a_reader_that_hangs_is_replaced_and_its_search_is_given_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    killed, asked = threading.Event(), list[SearchQuery | None]()

    def answer(_connection: Connection, ask: Ask) -> Told | None:
        asked.append(ask.query)
        if len(asked) == 1:
            killed.wait(30)
            return None
        return ANSWER

    monkeypatch.setattr(ThreadAsProcess, "kill", lambda self: killed.set())
    with readers(monkeypatch, answer) as running:
        monkeypatch.setattr(ReaderSettings, "answer_seconds", 0.01)
        with pytest.raises(StoreUnavailable, match=r"no answer within 0\.01 s"):
            running.search(SearchQuery(q="hangs"))
        monkeypatch.setattr(ReaderSettings, "answer_seconds", 30)
        assert running.search(SearchQuery(q="lock")) == ANSWER.result
    assert [query.q for query in asked if query] == ["hangs", "lock"]
