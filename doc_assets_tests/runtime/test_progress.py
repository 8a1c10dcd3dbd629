"""Shares, rates and times left are what the figures say, and never more than all."""

import pytest

from doc_assets.runtime.progress import Progress, duration


def test_half_the_bytes_in_a_minute_leaves_a_minute():
    state = Progress(work_total=100, work_done=50, tokens_done=6_000, documents=30, seconds=60)
    assert state.share == 0.5
    assert state.remaining_seconds == pytest.approx(60)
    assert state.tokens_per_second == pytest.approx(100)
    assert state.documents_per_minute == pytest.approx(30)


def test_nothing_done_has_no_time_left_to_tell():
    assert Progress(work_total=100).remaining_seconds is None
    assert duration(None) == "…"


def test_loads_side_by_side_add_their_work_but_not_their_time():
    total = Progress(work_total=10, work_done=10, seconds=5) + Progress(work_total=30, work_done=10, seconds=8)
    assert (total.work_total, total.work_done, total.seconds) == (40, 20, 8)
    assert total.share == 0.5


def test_before_a_source_is_discovered_nothing_is_done():
    assert Progress().share == 0.0


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (245, "4 m 05 s"), (3720, "1 h 02 m")])
def test_durations_read_as_people_say_them(seconds, text):
    assert duration(seconds) == text
