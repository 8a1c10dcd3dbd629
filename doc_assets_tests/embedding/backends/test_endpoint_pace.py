"""One pace for all requests of a process: fewer and later once the endpoint is busy, more as it answers."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from doc_assets.embedding.backends.endpoint_pace import GivenUpError, Pace


class Clock:
    """Time that waits alone move."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def paced(clock: Clock, most: int = 16, attempts: int = 8) -> Pace:
    return Pace(most, attempts, 30.0, sleep=clock.sleep, clock=lambda: clock.now)


def send(pace: Pace) -> float:
    """Send a request, and return when."""
    with pace.turn(pace.patience()) as sent:
        return sent


def refuse_together(pace: Pace, requests: int, asked: float = 0.0) -> None:
    """Send requests at the same time, all of which are refused."""
    with ExitStack() as under_way:
        for sent in [under_way.enter_context(pace.turn(pace.patience())) for _ in range(requests)]:
            pace.refused(sent, asked, "busy")


def test_requests_that_are_refused_together_are_one_refusal(clock: Clock) -> None:
    pace = paced(clock, attempts=2)
    refuse_together(pace, 16)
    assert pace.limit == 8
    assert pace.patience() == 0
    assert clock.waits == []


def test_what_one_request_is_asked_to_wait_all_wait_and_then_one_goes_first(clock: Clock) -> None:
    pace = paced(clock)
    refuse_together(pace, 4, asked=7)
    with pace.turn(pace.patience()) as sent:
        assert 107 <= sent < 108
        assert pace.limit == 1
    assert sum(clock.waits) == sent - 100


def test_a_second_refusal_in_a_row_makes_all_wait_and_then_one_goes_first(clock: Clock) -> None:
    pace = paced(clock)
    sent = send(pace)
    assert 0.5 <= pace.refused(sent, 0, "busy") < 1
    clock.now += 1
    assert pace.refused(clock.now, 0, "busy") == 0
    send(pace)
    assert 1 <= sum(clock.waits) < 1.5
    assert pace.limit == 1
    pace.answered(send(pace))
    assert pace.limit == 4


def test_an_answer_to_a_request_from_before_the_refusal_does_not_end_the_care(clock: Clock) -> None:
    pace = paced(clock)
    with pace.turn(pace.patience()) as early:
        clock.now += 1
        refuse_together(pace, 1, asked=1)
        pace.answered(early)
    assert pace.limit == 1


def test_each_round_of_answers_allows_one_request_more_up_to_the_bound(clock: Clock) -> None:
    pace = paced(clock)
    refuse_together(pace, 1)
    limits = []
    for _ in range(200):
        pace.answered(send(pace))
        limits.append(pace.limit)
    assert limits[0] == 8
    assert (limits[6], limits[9]) == (8, 9)
    assert limits[-1] == 16


def test_waits_double_until_the_longest_and_differ_by_chance(clock: Clock) -> None:
    pace = paced(clock)
    waits = [pace.wait(failures) for failures in range(1, 20)]
    assert all(least <= wait < least + 0.5 for least, wait in zip((0.5, 1, 2, 4, 8, 16, 30, 30), waits, strict=False))
    assert len(set(waits[7:])) > 1
    assert 60 <= pace.wait(1, asked=60) < 61


def test_an_endpoint_that_answers_nothing_is_given_up_by_all_at_once_and_tried_anew_later(clock: Clock) -> None:
    pace = paced(clock, attempts=3)
    before = pace.patience()
    for _ in range(3):
        refuse_together(pace, 1)
        clock.now += 1
    with pytest.raises(GivenUpError, match="busy"), pace.turn(before):
        pass
    waited = len(clock.waits)
    refuse_together(pace, 1)
    assert pace.patience() == 1
    assert len(clock.waits) == waited


def test_an_endpoint_that_answers_now_and_then_is_not_given_up(clock: Clock) -> None:
    pace = paced(clock, attempts=2)
    for _ in range(10):
        refuse_together(pace, 1)
        clock.now += 1
        pace.answered(send(pace))
    assert pace.patience() == 0
    assert pace.limit <= 3
