"""Stopping on request: SIGTERM (a pod's deletion or eviction, systemd, a cancelled run) and SIGINT (Ctrl-C).

A request raises ``Stopped`` in the main thread, so that waits, downloads and statements end at once. Work that should
end at a border of its own runs within ``deferred()``, where the request is only noted and threads check for it with
``raise_if_requested`` and ``wait``. What a load does between its batches is in ``doc_assets.ingest.load_run``.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from doc_assets.errors import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Waits poll: waking a thread from a signal handler takes locks that the interrupted code may hold.
POLL_SECONDS = 0.1
_NEXT = "what was committed stays, and running it again resumes"


@dataclass
class _Request:
    """The request to stop this process; written by its main thread alone.

    Attributes:
        number: Number of the first signal, None without a request.
        deferrals: Nested ``deferred`` blocks that the main thread is in.
        handling: Nested ``handling_signals`` blocks that the main thread is in.
        again: Called for each further signal.
        listeners: Called at the first signal.
    """

    number: int | None = None
    deferrals: int = 0
    handling: int = 0
    again: Callable[[int], None] | None = None
    listeners: list[Callable[[], None]] = field(default_factory=list)


class Pipe(Protocol):
    """One end of a pipe."""

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...


_request = _Request()


def requested() -> bool:
    """Return True once a stop was requested."""
    return _request.number is not None


def exit_code() -> int:
    """Return the exit code that shells give: 143 after SIGTERM, 130 after SIGINT; RuntimeError without a request."""
    if _request.number is None:
        raise RuntimeError("no stop was requested")
    return 128 + _request.number


def raise_if_requested(sentence: str | None = None) -> None:
    """Raise ``Stopped`` if a stop was requested."""
    if _request.number is not None:
        raise Stopped(sentence or f"stopped on request ({signal.Signals(_request.number).name}); {_NEXT}")


def wait(seconds: float) -> None:
    """Sleep, in any thread; raise ``Stopped`` as soon as a stop is requested."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        raise_if_requested()
        time.sleep(min(left, POLL_SECONDS))
    raise_if_requested()


@contextmanager
def handling_signals(again: Callable[[int], None] | None = None) -> Iterator[None]:
    """Take SIGTERM and SIGINT as requests to stop within the block; restore the previous handlers at its end.

    May be nested, also in programs with handlers of their own, such as Dagster. Does nothing outside the main thread,
    which alone receives signals.

    Args:
        again: Called with the number of each signal after the first; by default inherited from the enclosing block,
            or else ``Stopped`` is raised in the main thread.

    Raises:
        Stopped: A stop was requested, now or before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outermost = _request.handling == 0
    if outermost:
        _request.number = _request.again = None
    with ExitStack() as restore:
        for name in ("again", "handling", "deferrals"):
            restore.callback(setattr, _request, name, getattr(_request, name))
        if outermost:
            restore.callback(setattr, _request, "number", None)
        for number in SIGNALS:
            restore.callback(_restore, number, signal.getsignal(number))
            signal.signal(number, _handle)
        _request.handling += 1
        _request.deferrals = 0
        _request.again = again or _request.again
        raise_if_requested()
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Note a request within the block without interrupting it; the code checks for it at its own borders."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _request.deferrals += 1
    try:
        yield
    finally:
        _request.deferrals -= 1


@contextmanager
def forwarded_to(listener: Callable[[], None]) -> Iterator[None]:
    """Call the listener as soon as a stop is requested within the block; in a signal handler, so it must not wait."""
    _request.listeners.append(listener)
    try:
        if requested():
            listener()
        yield
    finally:
        _request.listeners.remove(listener)


def follow_parent(parent: Pipe) -> None:
    """Note a request to stop in this worker process as soon as the other end of the pipe is closed.

    Signals have the same effect, however many arrive: a terminal and systemd send them to workers as well, and the
    parent decides when to stop at once, by ending. Call it in the main thread, before anything else.
    """
    _request.again, _request.deferrals, _request.handling = (lambda _number: None), 1, 1
    for number in SIGNALS:
        signal.signal(number, _handle)
    from multiprocessing.connection import wait as wait_for  # 20 ms, and commands that start no process need none

    main = threading.main_thread().ident
    assert main is not None  # noqa: S101 - it is running

    def watch() -> None:
        wait_for([parent.fileno()])
        # A signal, not a call: the handler in place, Dagster's or this module's, knows what may be interrupted.
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
    if handler is not None:  # None: not set by Python, so it cannot be restored
        signal.signal(number, handler)
