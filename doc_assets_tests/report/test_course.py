"""What a run did over time adds up to what it did in all, with samples and without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doc_assets.report.course import run_course
from doc_assets.store.history.history import HistoryRow

BEGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)


def load(start: float, seconds: float, documents: int, tokens: int, **counts: object) -> HistoryRow:
    known = {"documents": documents, "tokens_embedded": tokens, **counts}
    at = BEGIN + timedelta(seconds=start + seconds)
    return HistoryRow(
        1, at, "load", "rust/a", None, 1, None, None, "published", "r", "b", "postgres", "vm", known, {}, seconds, None,
        100, None,
    )  # fmt: skip


def sampled(start: float, seconds: float, columns: dict[str, list]) -> HistoryRow:
    return load(start, seconds, 0, 0, samples=columns)


def test_rates_of_loads_without_samples_add_up_to_their_documents_and_tokens() -> None:
    course = run_course([load(0, 60, 10, 600), load(30, 90, 20, 1200)])
    assert course is not None
    minutes = course.seconds / 60 / len(course.minutes)
    assert sum(course.documents_per_minute) * minutes == pytest.approx(30)
    assert sum(course.tokens_per_minute) * minutes == pytest.approx(1800)
    assert (course.seconds, course.at_once, course.sampled, course.loads) == (120, 2, 0, 2)
    assert max(course.memory_bytes) == 200 and course.memory_bytes[0] == 100


def test_samples_say_when_the_work_was_done() -> None:
    columns = {"seconds": [0, 30, 60], "documents": [0, 0, 9], "tokens": [0, 300, 300], "rss_bytes": [5, 50, 7]}
    course = run_course([sampled(0, 60, columns)], steps=2)
    assert course is not None
    assert course.documents_per_minute == pytest.approx((0, 18))
    assert course.tokens_per_minute == pytest.approx((600, 0))
    assert max(course.memory_bytes) == 50 and course.sampled == 1


def test_loads_that_follow_one_another_do_not_count_as_side_by_side() -> None:
    course = run_course([load(0, 10, 1, 1), load(10, 10, 1, 1)])
    assert course is not None and course.at_once == 1


def test_the_model_that_loads_of_a_machine_share_counts_once() -> None:
    columns = {"seconds": [0, 60], "documents": [0, 0], "tokens": [0, 0], "rss_bytes": [5, 5]}
    with_model = columns | {"model_rss_bytes": [0, 100]}
    course = run_course([sampled(0, 60, with_model), sampled(0, 60, with_model), sampled(0, 60, columns)])
    assert course is not None and max(course.memory_bytes) == 3 * 5 + 100


def test_a_load_that_failed_counts_as_far_as_it_came() -> None:
    event = load(0, 60, 0, 0, reached={"documents": 6, "tokens_embedded": 60, "peak_rss_bytes": 9})
    course = run_course([event])
    assert course is not None and course.documents_per_minute[0] == pytest.approx(6)


def test_without_a_load_that_took_time_there_is_no_course() -> None:
    assert run_course([load(0, 0, 1, 1)]) is None
