"""Stages that overlap, each in a thread of its own with bounded queues between them.

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
from dataclasses import dataclass, field
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class StageTimes:
    """Seconds that a stage spent working, waiting for input (starved), and waiting for space downstream (blocked).

    Written by the stage's thread; others may read it at any time, what is under way included.
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


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


@dataclass
class Stage(Generic[In, Out]):
    """A function applied to each item of an iterable, in a thread, at most ``depth`` results ahead of the consumer.

    Example:
        >>> parsed = Stage("double", lambda n: n * 2, iter([1, 2, 3]))
        >>> list(parsed)
        [2, 4, 6]
    """

    name: str
    function: Callable[[In], Out]
    source: Iterable[In]
    depth: int = 2
    times: StageTimes = field(default_factory=StageTimes)

    def __iter__(self) -> Generator[Out, None, None]:
        """Yield results in order; raise an error of this stage or one upstream. Closing the iterator stops both."""
        results: queue.Queue[Out | _End] = queue.Queue(maxsize=self.depth)
        stopped = threading.Event()
        run = contextvars.copy_context().run  # with the log ids of the caller
        thread = threading.Thread(target=run, args=(self._run, results, stopped), name=self.name, daemon=True)
        thread.start()
        try:
            while not isinstance(item := results.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            stopped.set()
            while thread.is_alive():
                with contextlib.suppress(queue.Empty):
                    while True:
                        results.get_nowait()
                thread.join(timeout=0.05)

    def _run(self, results: queue.Queue[Out | _End], stopped: threading.Event) -> None:
        source = iter(self.source)
        end = _End()
        try:
            while not stopped.is_set():
                self.times.begin("starved")
                try:
                    item = next(source)
                except StopIteration:
                    break
                self.times.begin("working")
                result = self.function(item)
                self.times.begin("blocked")
                results.put(result)
        except BaseException as error:
            end = _End(error)
        finally:
            self.times.begin(None)
            getattr(source, "close", lambda: None)()
            results.put(end)
