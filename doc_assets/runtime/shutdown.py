"""Stopping on request: SIGTERM (a pod's deletion or eviction, systemd, a cancelled run) and SIGINT (Ctrl-C).

A request raises ``Stopped`` in the main thread, wherever that is, so that waits, downloads and statements end at once.
Where work has borders at which it is better ended, it is ``deferred()``: the request is only noted, and threads look
for it with ``raise_if_requested`` and ``wait``. What a load does between its batches is in ``migration.filling``.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait as wait_for
from types import FrameType
from typing import Protocol

from doc_assets.errors import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# A thread cannot be woken from a signal handler without locks that the interrupted code may hold, so waits look.
LOOK_SECONDS = 0.1
_NEXT = "what was committed stays, and running it again goes on from there"


@dataclass
class _Request:
    """What this process was asked; written by its main thread alone.

    Attributes:
        number: Of the signal, None while nobody asked.
        deferrals: Blocks that the main thread is in and that only note a request.
        heeding: Blocks it is in that answer signals.
        again: What a further signal does.
        listeners: Told at once.
    """

    number: int | None = None
    deferrals: int = 0
    heeding: int = 0
    again: Callable[[int], None] | None = None
    listeners: list[Callable[[], None]] = field(default_factory=list)


class Pipe(Protocol):
    """One end of a pipe."""

    def fileno(self) -> int:
        """Its file descriptor."""
        ...


_request = _Request()


def requested() -> bool:
    """True once a stop was asked for."""
    return _request.number is not None


def exit_code() -> int:
    """As shells count: 143 after SIGTERM, 130 after SIGINT.

    Raises:
        RuntimeError: Nobody asked for a stop.
    """
    if _request.number is None:
        raise RuntimeError("nobody asked for a stop")
    return 128 + _request.number


def raise_if_requested(sentence: str | None = None) -> None:
    """Ends the work here if that was asked for.

    Raises:
        Stopped: It was.
    """
    if _request.number is not None:
        raise Stopped(sentence or f"stopped on request ({signal.Signals(_request.number).name}); {_NEXT}")


def wait(seconds: float) -> None:
    """Sleeps, in any thread, but not after a stop was asked for.

    Raises:
        Stopped: It was.
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        raise_if_requested()
        time.sleep(min(left, LOOK_SECONDS))
    raise_if_requested()


@contextmanager
def heeded(again: Callable[[int], None] | None = None) -> Iterator[None]:
    """Within it the signals ask this process to stop; the handlers that were there before are put back at its end.

    May be nested, also in programs with handlers of their own, as Dagster has. Does nothing outside the main thread,
    where signals never arrive.

    Args:
        again: Called with the number of each signal after the first. By default as the enclosing block has it, and
            outside of all it raises ``Stopped`` wherever the main thread is.

    Raises:
        Stopped: A stop was asked for, now or before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outermost = _request.heeding == 0
    if outermost:
        _request.number = _request.again = None
    with ExitStack() as restore:
        restore.callback(setattr, _request, "again", _request.again)
        restore.callback(setattr, _request, "heeding", _request.heeding)
        restore.callback(setattr, _request, "deferrals", _request.deferrals)
        if outermost:
            restore.callback(setattr, _request, "number", None)
        for number in SIGNALS:
            restore.callback(_restore, number, signal.getsignal(number))
            signal.signal(number, _handle)
        _request.heeding += 1
        _request.deferrals = 0
        _request.again = again or _request.again
        raise_if_requested()
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Within it a request is noted and interrupts nothing; whoever comes to a border looks for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _request.deferrals += 1
    try:
        yield
    finally:
        _request.deferrals -= 1


@contextmanager
def passed_on(listener: Callable[[], None]) -> Iterator[None]:
    """Within it the listener is called as soon as a stop is asked for; in a signal handler, so it must not wait."""
    _request.listeners.append(listener)
    try:
        if requested():
            listener()
        yield
    finally:
        _request.listeners.remove(listener)


def follow(parent: Pipe) -> None:
    """In a worker process: a stop is asked for as soon as the other end of the pipe is closed, and noted.

    Signals do the same: a terminal and systemd send them to workers as well. They may come in any number, since the
    parent decides when to stop at once, by ending. Call it in the main thread, before anything else.
    """
    _request.again, _request.deferrals, _request.heeding = (lambda _number: None), 1, 1
    for number in SIGNALS:
        signal.signal(number, _handle)
    main = threading.main_thread().ident
    assert main is not None  # noqa: S101 - it is running

    def watch() -> None:
        wait_for([parent.fileno()])
        # Not by a call: whoever has the handler at the moment, Dagster or this module, knows what may be interrupted.
        signal.pthread_kill(main, signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _handle(number: int, _frame: FrameType | None) -> None:
    if _request.number is None:
        _request.number = number
        for listener in _request.listeners:
            listener()
        if not _request.deferrals:
            raise_if_requested()
    elif _request.again is not None:
        _request.again(number)
    else:
        raise_if_requested()


def _restore(number: int, handler: Callable[[int, FrameType | None], object] | int | None) -> None:
    if handler is not None:  # else it was set by something that is not Python, and cannot be had back
        signal.signal(number, handler)
