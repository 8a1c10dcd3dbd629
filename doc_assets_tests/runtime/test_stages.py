"""Stages overlap, hold each other back, and carry errors to whoever consumes them."""

import threading
from collections.abc import Generator
from typing import cast

import pytest

from doc_assets.runtime.stages import Stage


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
    assert closed.wait(5)
    assert threading.active_count() <= before
