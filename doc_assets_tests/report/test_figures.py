"""The sums of a run count what each load brought about, also where it ended early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from doc_assets.report.figures import figures_of
from doc_assets.store.history.history import HistoryRow
from doc_assets.store.versions.runs import RunFacts, RunId

BEGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)
REACHED = {"files": 358, "files_expected": 700, "bytes": 9_000, "documents": 350, "tokens_embedded": 4_000}


def load(number: int, partition: str, result: str, counts: dict[str, Any]) -> HistoryRow:
    at = BEGIN + timedelta(seconds=10 * number)
    return HistoryRow(
        number, at, "load", partition, None, 1, None, None, result, "r", "b", "postgres", "vm", counts, {}, 10.0, None,
        100, None,
    )  # fmt: skip


def totals(*events: HistoryRow) -> dict[str, int]:
    found = figures_of(RunFacts(RunId("b", "batch"), BEGIN, events)).totals
    return {name: found[name] for name in REACHED if name != "files_expected"}


def test_a_load_that_was_stopped_counts_as_far_as_it_came() -> None:
    whole = {"files": 2, "bytes": 20, "documents": 2, "tokens_embedded": 200}
    found = totals(load(1, "rust/a", "interrupted", {"reached": REACHED}), load(2, "rust/b", "published", whole))
    assert found == {"files": 360, "bytes": 9_020, "documents": 352, "tokens_embedded": 4_200}


def test_a_load_that_a_later_one_of_the_run_finished_counts_once() -> None:
    whole = {"files": 700, "bytes": 18_000, "documents": 690, "tokens_embedded": 4_100}  # the rest of the tokens
    found = totals(load(1, "rust/a", "interrupted", {"reached": REACHED}), load(2, "rust/a", "published", whole))
    assert found == {**whole, "tokens_embedded": 8_100}
