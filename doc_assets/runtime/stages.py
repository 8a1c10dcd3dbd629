"""Stages that overlap, each in a thread of its own with bounded queues between them; and one call, side by side.

A slow stage fills the queue before it and so holds back the stages upstream: memory is bounded by the queues, not by
the amount of work. How long each stage worked and waited tells which one is the bottleneck.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from doc_assets.runtime import shutdown

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass
class StageTimes:
    """Seconds that a stage spent working, waiting for input (starved), and waiting for room downstream (blocked)."""

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
        """Results in order; an error of this stage or one upstream is raised here. Closing the iterator stops both."""
        results: queue.Queue[Out | _End] = queue.Queue(maxsize=self.depth)
        stopped = threading.Event()
        # With the ids under which the caller logs.
        run = contextvars.copy_context().run
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
                _drain(results)
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
            close = getattr(source, "close", None)
            if close is not None:
                close()
            results.put(end)


def side_by_side(function: Callable[[In], Out], items: Sequence[In], width: int, name: str = "side") -> list[Out]:
    """The results of a function for each item, in order, from ``width`` threads.

    The first error ends it, after the calls that are under way.

    Raises:
        Stopped: A stop was asked for. What is under way is left to itself, in threads that hold up no exit: a server
            that hangs can do so for minutes.
    """
    waiting = deque(enumerate(items))
    results: dict[int, Out] = {}
    errors: list[BaseException] = []

    def work() -> None:
        while waiting and not errors:
            try:
                place, item = waiting.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                results[place] = function(item)
            except BaseException as error:
                errors.append(error)

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(work,), name=f"{name}-{i}", daemon=True)
        for i in range(min(width, len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            shutdown.raise_if_requested()
            thread.join(shutdown.LOOK_SECONDS)
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(items))]


def _drain(results: queue.Queue) -> None:
    try:
        while True:
            results.get_nowait()
    except queue.Empty:
        return
