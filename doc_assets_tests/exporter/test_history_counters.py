"""What the history adds up to never shrinks, counts nothing twice, and knows the last of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doc_assets.exporter.history_counters import CHECKS, History, HistoryCounters
from doc_assets.store.history.metrics import Event
from doc_assets.validation.audit import CHECKS as AUDITED

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
GUIDES = "best_practices/guides"


def event(
    number: int,
    result: str,
    *,
    partition: str | None = GUIDES,
    action: str = "load",
    age: float = 0.0,
    **counts: object,
) -> Event:
    return Event(number, NOON - timedelta(seconds=age), action, result, partition, number, 2.0, counts)


def counters(*events: Event) -> HistoryCounters:
    return History().updated(NOON, events)


def test_the_checks_are_those_of_the_audit():
    assert CHECKS == AUDITED


def test_rows_that_are_given_again_are_not_counted_again():
    history = History()
    old = [event(n, "published", age=7200, documents=10) for n in range(1, 6)]
    new = [event(n, "failed", age=60) for n in range(6, 9)]
    first = history.updated(NOON, [*old, *new])
    assert history.counted_through == 5
    again = history.updated(NOON, new)
    for found in (first, again):
        assert found.events == {("load", "published"): 5, ("load", "failed"): 3}
        assert found.documents == {"best_practices": 50}


def test_a_row_that_became_visible_late_is_counted():
    """Its number was drawn before that of rows which were committed earlier."""
    history = History()
    history.updated(NOON, [event(1, "published", age=7200), event(3, "published", age=5)])
    assert history.counted_through == 1
    late = [event(2, "failed", age=6), event(3, "published", age=5)]
    assert history.updated(NOON, late).events == {("load", "published"): 2, ("load", "failed"): 1}


def test_settled_rows_are_no_longer_asked_for_once_they_are_old():
    history = History()
    rows = [event(1, "published", age=0)]
    history.updated(NOON, rows)
    assert history.counted_through == 0
    history.updated(NOON + timedelta(hours=2), rows)
    assert history.counted_through == 1
    assert history.updated(NOON + timedelta(hours=2), []).events == {("load", "published"): 1}


def test_a_look_that_found_nothing_new_confirms_each_partition_it_was_about():
    found = counters(
        event(1, "published", age=900),
        event(2, "unchanged", partition=None, partitions=2, unchanged=[GUIDES, "rust/crate-tokio"], age=60),
    )
    assert found.confirmed[GUIDES] == found.confirmed["rust/crate-tokio"] == NOON - timedelta(seconds=60)
    assert found.loads[GUIDES].result == "unchanged"
    assert found.figures[GUIDES].seconds == 2.0  # of the load that did something


def test_a_failed_load_confirms_nothing():
    found = counters(event(1, "published", age=900), event(2, "failed"))
    assert found.confirmed[GUIDES] == NOON - timedelta(seconds=900)
    assert found.loads[GUIDES].result == "failed"


def test_the_last_verdict_is_that_on_what_is_live_or_on_what_was_staged_last():
    damaged = event(
        3, "failed", action="validate", partition=None, snapshot_ids=[1], failed_checks={"1": ["checksums"]}
    )
    rejected = event(2, "rejected", rejected_allowed=3, failed_checks=["duplicates"], age=60)
    found = counters(event(1, "published", age=900), rejected)
    verdict = found.checks(GUIDES, live=1)
    assert verdict is not None and verdict.failed == {"duplicates"}
    found = counters(event(1, "published", age=900), rejected, damaged)
    verdict = found.checks(GUIDES, live=1)
    assert verdict is not None and verdict.failed == {"checksums"}
    mended = event(4, "published")
    verdict = counters(event(1, "published", age=900), rejected, damaged, mended).checks(GUIDES, live=4)
    assert verdict is not None and not verdict.failed


def test_a_rejection_whose_checks_were_not_written_down_is_no_verdict():
    assert counters(event(1, "rejected")).checks(GUIDES, live=None) is None
