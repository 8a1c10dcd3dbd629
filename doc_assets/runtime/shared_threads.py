"""Threads that several callers share: each caller maps a function over its items, all items wait in one line."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from doc_assets.runtime import shutdown

In = TypeVar("In")
Out = TypeVar("Out")


class SharedThreads:
    """Threads that apply functions for several callers at once, each item in its turn. Safe to call from any thread.

    They start when there is work and end when there is none: nothing has to be closed.

    Example:
        >>> SharedThreads(2, "double").map(lambda n: n * 2, [1, 2, 3])
        [2, 4, 6]
    """

    def __init__(self, width: int, name: str) -> None:
        """Start no thread yet; at most ``width`` run at a time."""
        self._width = width
        self._name = name
        self._changing = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._running = 0

    def map(self, function: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """Return the results of a function for each item, in order.

        The first error is raised once the calls under way have returned; calls that wait are dropped.

        Raises:
            Stopped: A stop was requested. Calls under way continue in daemon threads: a server may hang for minutes.
        """
        if not items:
            return []
        call = _Call(function, items)
        with self._changing:
            self._waiting.extend(call.steps())
            more = min(self._width - self._running, len(items))
            self._running += more
        for started in range(more):
            try:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            except RuntimeError as error:  # the container may start no more threads
                with self._changing:
                    self._running -= more - started
                call.give_up(error)
                raise
        return call.wait()

    def _work(self) -> None:
        while True:
            with self._changing:
                if not self._waiting:
                    self._running -= 1
                    return
                step = self._waiting.popleft()
            step()


class _Call(Generic[In, Out]):
    """One map: its results by place, its first error, and how many items are left."""

    def __init__(self, function: Callable[[In], Out], items: Sequence[In]) -> None:
        self._function = function
        self._items = items
        self._results: dict[int, Out] = {}
        self._error: BaseException | None = None
        self._left = len(items)
        self._changing = threading.Lock()
        self._finished = threading.Event()

    def steps(self) -> list[Callable[[], None]]:
        """Return a function for each item; each has the log ids of the caller."""
        runs = [contextvars.copy_context().run for _ in self._items]
        return [lambda place=place, run=run: run(self._do, place) for place, run in enumerate(runs)]

    def _do(self, place: int) -> None:
        try:
            if self._error is None:
                self._results[place] = self._function(self._items[place])
        except BaseException as error:
            self.give_up(error)
        with self._changing:
            self._left -= 1
            if not self._left:
                self._finished.set()

    def give_up(self, error: BaseException) -> None:
        self._error = self._error or error  # what waits does nothing

    def wait(self) -> list[Out]:
        try:
            while not self._finished.wait(shutdown.POLL_SECONDS):
                shutdown.raise_if_requested()
        except BaseException as stop:
            self.give_up(stop)
            raise
        if self._error is not None:
            raise self._error
        return [self._results[place] for place in range(len(self._items))]
