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


@dataclass
class StageTimes:
    """Seconds that a stage spent working, waiting for input (starved), and waiting for space downstream (blocked)."""

    working: float = 0.0
    starved: float = 0.0
    blocked: float = 0.0


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
                started = time.perf_counter()
                try:
                    item = next(source)
                except StopIteration:
                    break
                taken = time.perf_counter()
                result = self.function(item)
                done = time.perf_counter()
                results.put(result)
                self.times.starved += taken - started
                self.times.working += done - taken
                self.times.blocked += time.perf_counter() - done
        except BaseException as error:
            end = _End(error)
        finally:
            getattr(source, "close", lambda: None)()
            results.put(end)
