"""Threads that several callers share: results in order, a bound for all of them together, no work after an error."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from doc_assets.errors import Stopped
from doc_assets.runtime import shutdown
from doc_assets.runtime.shared_threads import SharedThreads


def test_results_come_in_the_order_of_the_items() -> None:
    threads = SharedThreads(4, "test")
    assert threads.map(lambda n: n * 2, range(100)) == [n * 2 for n in range(100)]
    assert threads.map(lambda n: n, []) == []


def test_callers_share_the_bound_and_reach_it() -> None:
    threads, together = SharedThreads(3, "test"), threading.Barrier(3, timeout=30)
    counting, running, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        together.wait()
        with counting:
            running -= 1

    callers = [threading.Thread(target=threads.map, args=(work, range(6))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert most == 3


def test_the_first_error_is_raised_and_what_waits_is_dropped() -> None:
    done: list[int] = []

    def work(n: int) -> None:
        if n == 2:
            raise ValueError("two")
        done.append(n)

    threads = SharedThreads(1, "test")
    with pytest.raises(ValueError, match="two"):
        threads.map(work, range(50))
    assert done == [0, 1]
    assert threads.map(lambda n: n, [7]) == [7]


def test_a_stop_does_not_wait_for_a_call_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(_: int) -> None:
        released.wait(30)

    def stop() -> None:
        raise Stopped("stopped")

    stopping: Callable[[], None] = stop
    monkeypatch.setattr(shutdown, "raise_if_requested", stopping)
    with pytest.raises(Stopped):
        SharedThreads(1, "test").map(hang, [1])
    released.set()


def test_an_error_and_no_endless_wait_follows_where_no_thread_can_be_started() -> None:
    threads = SharedThreads(2, "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", cannot_start)
        with pytest.raises(RuntimeError, match="new thread"):
            threads.map(lambda n: n, [1, 2, 3])
    assert threads.map(lambda n: n, [7]) == [7]


def cannot_start(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
