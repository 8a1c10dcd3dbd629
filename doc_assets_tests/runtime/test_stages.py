"""Stages overlap, hold each other back, and carry errors to whoever consumes them."""

import threading
from collections.abc import Generator
from typing import cast

import pytest

from doc_assets.runtime.stages import Stage, StageTimes, _UnderWay


def test_results_come_in_order_through_two_stages():
    doubled = Stage("double", lambda n: n * 2, range(100))
    assert list(Stage("add", lambda n: n + 1, doubled)) == [n * 2 + 1 for n in range(100)]


def test_a_stage_runs_at_most_its_depth_ahead_of_the_consumer():
    started: list[int] = []
    for consumed, n in enumerate(Stage("note", lambda n: started.append(n) or n, range(50), depth=2), 1):
        # One result handed over, two in the queue, one that waits for room, one more being taken.
        assert len(started) <= consumed + 4
        assert n == consumed - 1


def test_an_error_upstream_is_raised_at_the_consumer_after_the_results_before_it():
    def fail_at_three(n: int) -> int:
        if n == 3:
            raise ValueError("three")
        return n

    got = []
    with pytest.raises(ValueError, match="three"):
        for n in Stage("pass", lambda n: n, Stage("fail", fail_at_three, range(10))):
            got.append(n)
    assert got == [0, 1, 2]


def test_a_consumer_that_stops_early_ends_the_threads_and_closes_the_source():
    closed = threading.Event()

    def source():
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    before = threading.active_count()
    stages = cast(Generator[int], iter(Stage("b", lambda n: n, Stage("a", lambda n: n, source()))))
    assert next(stages) == 0
    stages.close()
    assert closed.wait(30)
    assert threading.active_count() <= before


def test_results_of_a_wide_stage_come_in_order_and_its_width_is_used_and_kept():
    together, counting = threading.Barrier(3, timeout=30), threading.Lock()
    under_way = most = 0

    def work(n: int) -> int:
        nonlocal under_way, most
        with counting:
            under_way += 1
            most = max(most, under_way)
        together.wait()
        with counting:
            under_way -= 1
        return n

    assert list(Stage("wide", work, range(12), width=3)) == list(range(12))
    assert most == 3


def test_a_wide_stage_raises_an_error_after_the_results_before_it_and_takes_no_more():
    taken: list[int] = []
    third = threading.Event()

    def source():
        for n in range(1_000_000):
            taken.append(n)
            yield n

    def fail_at_three(n: int) -> int:
        if n == 3:
            third.set()
            raise ValueError("three")
        third.wait(30)
        return n

    got = []
    with pytest.raises(ValueError, match="three"):
        for n in Stage("wide", fail_at_three, source(), width=4):
            got.append(n)
    assert got == [0, 1, 2]
    assert len(taken) < 20


def test_a_wide_stage_raises_an_error_where_no_more_threads_can_be_started(monkeypatch: pytest.MonkeyPatch):
    start, starts = threading.Thread.start, iter(range(10))

    def start_two(thread: threading.Thread) -> None:
        if next(starts) >= 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    results = iter(Stage("wide", lambda n: n, range(5), width=2))
    assert next(results) == 0
    with pytest.raises(RuntimeError, match="new thread"):
        next(results)


def test_a_wide_stage_works_as_long_as_one_of_its_threads():
    now = 0.0
    times = StageTimes(clock=lambda: now)
    under_way = _UnderWay(times)
    for seconds, step in enumerate(
        [
            lambda: under_way.otherwise("starved"),
            under_way.begin,
            lambda: under_way.otherwise("blocked"),
            under_way.begin,
            under_way.end,
            under_way.end,
            lambda: under_way.otherwise(None),
        ]
    ):
        now = float(seconds)
        step()
    assert (times.starved, times.working, times.blocked) == (1, 4, 1)
