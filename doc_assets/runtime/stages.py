"""Stages that overlap, in threads of their own with bounded queues between them.

A slow stage fills the queue before it and so holds back the stages upstream: memory is bounded by the queues, not by
the amount of work. The seconds that each stage worked and waited show which one is the bottleneck.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class StageTimes:
    """Seconds that a stage spent working, waiting for input (starved), and waiting for space downstream (blocked).

    Written by one thread at a time; others may read it at any time, what is under way included.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin with nothing under way; ``clock`` gives seconds."""
        self._clock = clock
        # Replaced as a whole, so that a reader never meets half a change.
        self._state: tuple[dict[str, float], str | None, float] = ({}, None, clock())

    def begin(self, what: str | None) -> None:
        """Count the time from now on as ``working``, ``starved`` or ``blocked``; None: as none of them."""
        seconds, before, since = self._state
        now = self._clock()
        if before is not None:
            seconds = {**seconds, before: seconds.get(before, 0.0) + now - since}
        self._state = (seconds, what, now)

    @property
    def working(self) -> float:
        """Seconds of work."""
        return self._until_now("working")

    @property
    def starved(self) -> float:
        """Seconds of waiting for input."""
        return self._until_now("starved")

    @property
    def blocked(self) -> float:
        """Seconds of waiting for space downstream."""
        return self._until_now("blocked")

    def _until_now(self, what: str) -> float:
        seconds, under_way, since = self._state
        return seconds.get(what, 0.0) + (self._clock() - since if under_way == what else 0.0)


@dataclass
class Stage(Generic[In, Out]):
    """A function applied to each item of an iterable, in ``width`` threads; results come in the order of the items.

    At most ``depth`` results are ahead of the consumer, beside the one or the ``width`` that are under way. The stage
    works as long as one of its threads does.

    Example:
        >>> parsed = Stage("double", lambda n: n * 2, iter([1, 2, 3]))
        >>> list(parsed)
        [2, 4, 6]
    """

    name: str
    function: Callable[[In], Out]
    source: Iterable[In]
    depth: int = 2
    width: int = 1
    times: StageTimes = field(default_factory=StageTimes)

    def __iter__(self) -> Generator[Out, None, None]:
        """Yield results in order; raise an error of this stage or one upstream. Closing the iterator stops both."""
        results: queue.Queue[Future[Out] | None] = queue.Queue(maxsize=self.depth + self.width - 1)
        stopped = threading.Event()
        run = contextvars.copy_context().run  # with the log ids of the caller
        thread = threading.Thread(target=run, args=(self._run, results, stopped), name=self.name, daemon=True)
        thread.start()
        try:
            while (result := results.get()) is not None:
                yield result.result()
        finally:
            stopped.set()
            while thread.is_alive():
                with contextlib.suppress(queue.Empty):
                    while True:
                        results.get_nowait()
                thread.join(timeout=0.05)

    def _run(self, results: queue.Queue[Future[Out] | None], stopped: threading.Event) -> None:
        source = iter(self.source)
        under_way = _UnderWay(self.times)
        try:
            while not stopped.is_set():
                under_way.otherwise("starved")
                try:
                    item = next(source)
                except StopIteration:
                    break
                under_way.otherwise("blocked")
                result: Future[Out] = Future()
                if self.width == 1:
                    under_way.begin()
                    self._apply(item, result, under_way, stopped)
                    results.put(result)
                    continue
                results.put(result)
                under_way.begin()
                run, given = contextvars.copy_context().run, (self._apply, item, result, under_way, stopped)
                try:
                    threading.Thread(target=run, args=given, name=self.name, daemon=True).start()
                except RuntimeError as error:  # the container may start no more threads
                    result.set_exception(error)
                    under_way.end()
                    break
                under_way.wait_below(self.width)
        except BaseException as error:
            failed: Future[Out] = Future()
            failed.set_exception(error)
            results.put(failed)
        finally:
            under_way.otherwise(None)
            getattr(source, "close", lambda: None)()
            under_way.wait_below(1)
            results.put(None)

    def _apply(self, item: In, result: Future[Out], under_way: _UnderWay, stopped: threading.Event) -> None:
        try:
            result.set_result(self.function(item))
        except BaseException as error:
            stopped.set()  # what comes after an error is not consumed
            result.set_exception(error)
        finally:
            under_way.end()


class _UnderWay:
    """The items of a stage under way; while there is one, the stage works, whatever its own thread waits for."""

    def __init__(self, times: StageTimes) -> None:
        self._times = times
        self._changed = threading.Condition()
        self._count = 0
        self._otherwise: str | None = None

    def otherwise(self, what: str | None) -> None:
        """Say what the stage does while nothing is under way."""
        with self._changed:
            self._otherwise = what
            if not self._count:
                self._times.begin(what)

    def begin(self) -> None:
        """Count an item."""
        with self._changed:
            self._count += 1
            if self._count == 1:
                self._times.begin("working")

    def end(self) -> None:
        """Count an item no longer."""
        with self._changed:
            self._count -= 1
            if not self._count:
                self._times.begin(self._otherwise)
            self._changed.notify_all()

    def wait_below(self, count: int) -> None:
        """Wait until fewer items are under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._count < count)
