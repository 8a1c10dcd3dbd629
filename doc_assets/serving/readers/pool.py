"""The server's side of the reader processes: starts them, hands them searches, replaces those that die or hang."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from doc_assets.errors import DocAssetsError, StoreUnavailable
from doc_assets.runtime.processes import PlainContext, exit_reason
from doc_assets.search.live_index.loading import IndexStatus
from doc_assets.search.live_index.sharing import SharedState
from doc_assets.serving.answers import EncodedAnswer, SearchQuery
from doc_assets.serving.readers.index import keep_index
from doc_assets.serving.readers.process import Ask, ReaderSettings, Told, read

_log = logging.getLogger(__name__)
_SPAWN = PlainContext()
# Between two starts of a process that dies at once.
_PAUSE_SECONDS = 2.0


@dataclass(eq=False)
class _Reader:
    """A reader process and the server's end of the connection to it; ``holds`` is the index that it was given."""

    process: BaseProcess
    connection: Connection
    holds: SharedState | None = field(default=None)

    def ask(self, query: SearchQuery | None, index: SharedState | None, seconds: float) -> Told:
        """Ask and wait for the answer; raises EOFError or OSError if the process died, _Hung if it does not answer."""
        self.connection.send(Ask(query, index if index is not self.holds else None))
        self.holds = index
        if not self.connection.poll(seconds):
            raise _Hung
        return self.connection.recv()


class _Hung(Exception):
    """A reader process neither answers nor dies."""


class Readers(AbstractContextManager["Readers"]):
    """Reader processes, and the one that keeps their index; may be shared between threads.

    A search goes to the reader that answered the same query before, if that is free, since it has the query's vector.
    """

    def __init__(self, number: int, given: ReaderSettings) -> None:
        """Start the processes; ``number`` is that of the readers."""
        self._given = given
        self._number = number
        self._changed = threading.Condition()
        self._processes: dict[str, BaseProcess] = {}
        self._readers: dict[int, _Reader] = {}
        self._idle: set[int] = set()
        self._closed = threading.Event()
        self._begun = threading.Event()
        self._index: SharedState | None = None
        self._is_index_wanted = False
        self._asks_for_index: Callable[[], None] = lambda: None
        self._threads = [threading.Thread(target=self._follow_index, name="index", daemon=True)]
        self._threads += [
            threading.Thread(target=self._keep_running, args=(place,), name=f"reader {place}", daemon=True)
            for place in range(number)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def index(self) -> IndexStatus:
        """What the index holds that readers map."""
        return self._index.status if self._index is not None else IndexStatus("reading")

    @property
    def running(self) -> int:
        """Number of readers that have begun and not died."""
        return len(self._readers)

    def search(self, query: SearchQuery) -> EncodedAnswer:
        """Return the answer of a reader; raises as ``Service.search`` does."""
        result = self._answer(query).result
        if not isinstance(result, EncodedAnswer):
            raise TypeError(f"a reader answered {type(result).__name__}")
        return result

    def require_ready(self) -> None:
        """Raise the error that a search would unless a reader can answer one; its first call opens the model."""
        self._answer(None)

    def close(self) -> None:
        """End the processes; a search that is under way fails."""
        with self._changed:
            self._closed.set()
            self._begun.set()
            self._changed.notify_all()
            for process in self._processes.values():
                process.kill()  # it only reads, and heeds no other signal
        for thread in self._threads:
            thread.join()

    def __exit__(self, *_: object) -> None:
        """Close the pool."""
        self.close()

    def _answer(self, query: SearchQuery | None) -> Told:
        # A reader that died while it was idle answers nothing; a query that kills readers kills two at most.
        for _ in range(2):
            place, reader = self._taken(hash(query.q) if query is not None else 0)
            try:
                told = reader.ask(query, self._index, self._given.answer_seconds)
            except _Hung:  # and another one would over this query
                _log.error("a reader process gave no answer for %g s and is ended", self._given.answer_seconds)
                reader.process.kill()
                raise StoreUnavailable(
                    f"there was no answer within {self._given.answer_seconds:g} s: narrow the search, or try again"
                ) from None
            except (EOFError, OSError):
                reader.process.join(1)
                _log.error("a reader process died during a search: %s", exit_reason(reader.process.exitcode))
                reader.process.kill()
                continue
            except BaseException:
                reader.process.kill()  # its answer would be taken for that of the next search
                raise
            # One that answered from an index before the newest is no sign that this is behind.
            is_wanted = told.is_behind and reader.holds is self._index
            self._give_back(place, reader)
            if is_wanted and not self._is_index_wanted:
                self._is_index_wanted = True
                self._asks_for_index()
            if isinstance(told.result, DocAssetsError):
                raise told.result
            return told
        raise StoreUnavailable("the reader processes died during this search: try again")

    def _taken(self, preferred: int) -> tuple[int, _Reader]:
        with self._changed:
            if not self._changed.wait_for(lambda: self._idle or self._closed.is_set(), self._given.statement_seconds):
                raise StoreUnavailable("no reader process is free: try again, or let more of them run")
            if self._closed.is_set():
                raise StoreUnavailable("the server is being closed")
            place = preferred % self._number
            if place not in self._idle:
                place = min(self._idle)
            self._idle.remove(place)
            return place, self._readers[place]

    def _give_back(self, place: int, reader: _Reader) -> None:
        with self._changed:
            if self._readers.get(place) is reader:
                self._idle.add(place)
                self._changed.notify()

    def _keep_running(self, place: int) -> None:
        """Start a reader, and another one whenever it has ended, until the pool is closed."""
        if place:
            # After the first one, which opens the model: were it not converted yet, all would convert it.
            self._begun.wait()
        while not self._closed.is_set():
            started = time.monotonic()
            if (begun := self._started(read, f"reader {place}")) is None:
                continue
            process, connection = begun
            reader = _Reader(process, connection)
            with suppress(EOFError, OSError):
                told: Told = connection.recv()
                if isinstance(told.result, DocAssetsError):
                    _log.info("a reader process cannot answer searches yet: %s", told.result)
                with self._changed:
                    self._readers[place] = reader
                self._give_back(place, reader)
            self._begun.set()
            process.join()
            with self._changed:
                self._readers.pop(place, None)
                self._idle.discard(place)
            # The connection is closed with the last reference: a search may still read from it, and were the
            # descriptor closed meanwhile, its number would soon be that of the next reader's.
            self._pause(f"a reader process ended ({exit_reason(process.exitcode)})", started)

    def _follow_index(self) -> None:
        """Take each state that the index process sends; start it again if it ends, until the pool is closed."""
        while not self._closed.is_set():
            started = time.monotonic()
            if (begun := self._started(keep_index, "index")) is None:
                continue
            process, connection = begun
            asking = threading.Lock()

            def ask(connection: Connection = connection, asking: threading.Lock = asking) -> None:
                with asking, suppress(OSError):
                    connection.send(None)

            self._asks_for_index = ask
            with suppress(EOFError, OSError):
                while True:
                    self._index = connection.recv()
                    self._is_index_wanted = False
                    self._spread()
            process.join()
            self._pause(f"the index process ended ({exit_reason(process.exitcode)})", started)

    def _spread(self) -> None:
        """Give readers that are idle the newest index, so that they do not keep an older one in memory."""
        for place in range(self._number):
            with self._changed:
                if place not in self._idle or self._readers[place].holds is self._index:
                    continue
                self._idle.remove(place)
                reader = self._readers[place]
            try:
                reader.ask(None, self._index, self._given.answer_seconds)
            except (EOFError, OSError):
                continue
            except _Hung:
                _log.error("a reader process did not take the newest index and is ended")
                reader.process.kill()
                continue
            self._give_back(place, reader)

    def _started(
        self, target: Callable[[Connection, ReaderSettings], None], name: str
    ) -> tuple[BaseProcess, Connection] | None:
        """Start a process; None, after a pause, if the machine allows none now or it died while it was started."""
        begun = time.monotonic()
        try:
            here, there = _SPAWN.Pipe()
            process = _SPAWN.Process(target=target, args=(there, self._given), name=name, daemon=True)
            with self._changed:  # two at a time would mix up what a process is started with
                process.start()
                self._processes[name] = process
                if self._closed.is_set():
                    process.kill()
        except OSError as error:
            self._pause(f"the process {name!r} cannot be started ({error})", begun)
            return None
        there.close()
        return process, here

    def _pause(self, what: str, started: float) -> None:
        if not self._closed.is_set():
            _log.error("%s and is started again", what)
            self._closed.wait(max(0.0, started + _PAUSE_SECONDS - time.monotonic()))
