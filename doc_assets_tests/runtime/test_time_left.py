"""The time left is learnt from what is done: at a steady pace it is right, whatever was expected before."""

from __future__ import annotations

import pytest

from doc_assets.runtime.time_left import Expected, Forecast, Learned, Running

# Tokens that a second embeds in these tests.
PACE = 2_000.0


def said_at(share: float, given: dict[str, float], forecast: Forecast, opening: float = 0.0) -> float:
    """Load partitions one after the other; the error of the time left at a share of the time, 0.1 for 10 % too much."""
    total = sum(given.values()) / PACE
    now = opening
    for name, tokens in given.items():
        done = 0.0
        while done < tokens:
            now, done = now + 10.0, min(tokens, done + 10 * PACE)
            forecast.update(now, [Running(name, done, tokens)])
            if now - opening >= share * total:
                left = forecast.remaining_seconds
                assert left is not None
                return left / (total + opening - now) - 1
        forecast.finish(name, tokens, whole=True)
    raise AssertionError("the share is not reached")


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("opening", [0.0, 120.0])
def test_at_a_steady_pace_with_what_was_expected_the_time_left_is_right(share: float, opening: float):
    given = {f"rust/{i}": 400_000.0 for i in range(20)}
    forecast = Forecast({name: Expected(".md", tokens) for name, tokens in given.items()})
    forecast.update(opening, [])
    assert forecast.remaining_seconds is None
    assert abs(said_at(share, given, forecast, opening)) < 0.03


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_what_partitions_give_corrects_what_is_expected_of_those_that_wait(factor: float):
    given = {f"rust/{i}": 2_000_000.0 for i in range(20)}
    forecast = Forecast({name: Expected(".md", tokens / factor) for name, tokens in given.items()})
    assert abs(said_at(0.5, given, forecast)) < 0.15


def test_a_partition_that_fails_leaves_neither_its_work_nor_a_lesson():
    forecast = Forecast({name: Expected(".md", 1_000_000.0) for name in ("a", "b", "c")})
    forecast.update(0.0, [Running("a", 20_000, 1_000_000)])
    forecast.update(10.0, [Running("a", 40_000, 1_000_000)])
    forecast.finish("a", 40_000, whole=False)
    forecast.update(20.0, [Running("b", 20_000, 1_000_000)])
    assert (forecast.done, forecast.left) == (60_000, pytest.approx(1_980_000, rel=0.01))
    assert forecast.remaining_seconds == pytest.approx(1_980_000 / 2_000, rel=0.02)


def test_files_that_are_taken_over_are_no_work_and_make_no_pace():
    """A resumed or warm load has little to do: what is in already must not count as done in no time."""
    forecast = Forecast({"a": Expected(".md changed", 10_000.0, 100), "b": Expected(".md", 100_000.0, 100)})
    forecast.update(5.0, [Running("a", 1_000, 10_000)])
    forecast.update(15.0, [Running("a", 5_000, 10_000)])
    assert forecast.remaining_seconds == pytest.approx((5_000 + 100_000) / 400, rel=0.05)


def test_where_nothing_is_to_embed_each_load_still_takes_its_time():
    forecast = Forecast({name: Expected(".md parsed anew", 100.0, 1_000) for name in ("a", "b", "c")}, at_once=2)
    forecast.update(0.0, [Running("a", 1, 100)])
    forecast.update(10.0, [Running("a", 51, 100)])
    assert forecast.remaining_seconds is not None and forecast.remaining_seconds > 2 * 27 / 2


def test_kinds_are_learnt_apart_and_a_new_one_starts_from_all():
    learned = Learned(1_000)
    learned.see(".md", 1_000_000, 2_000_000)
    assert learned.ratio(".md") == pytest.approx(2, rel=0.01)
    assert 1.5 < learned.ratio(".html") <= 2
    learned.see(".html", 1_000_000, 500_000)
    assert learned.ratio(".html") == pytest.approx(0.5, rel=0.01)
