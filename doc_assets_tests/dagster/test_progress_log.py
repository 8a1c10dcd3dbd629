"""When a line about a load's progress is due, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doc_assets.dagster.progress_log import ProgressLines
from doc_assets.store.history.progress import ProgressRow

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(bytes_done: int, seconds: float) -> ProgressRow:
    return ProgressRow(
        partition="rust/std", snapshot_id=1, run_id="r", host="h", pid=1, stage="load", files_total=1_000,
        files_done=bytes_done // 1_000, bytes_total=1_000_000, bytes_done=bytes_done, work_total=1_000_000,
        work_done=bytes_done, tokens_done=bytes_done // 4,
        documents=bytes_done // 1_000, chunks=bytes_done // 500, embedded=bytes_done // 500,
        started_at=START, updated_at=START + timedelta(seconds=seconds),
    )  # fmt: skip


def test_a_line_is_due_every_fifteen_seconds_or_five_percent() -> None:
    now = 0.0
    lines = ProgressLines(clock=lambda: now)
    said = []
    for now, done in [(5, 10_000), (10, 60_000), (12, 70_000), (20, 80_000), (26, 90_000)]:
        said.append(lines.line(row(done, now)) is not None)
    assert said == [False, True, False, False, True]


def test_a_line_tells_share_counts_rate_and_eta() -> None:
    assert ProgressLines(clock=lambda: 0.0).line(row(250_000, 100)) == (
        "load 25.0% · 250/1,000 files · 250 documents · 500 chunks · 500 embedded · 625 tokens/s · ETA 5 m 00 s"
    )


def test_a_load_that_has_not_discovered_its_files_has_no_eta() -> None:
    now = 0.0
    lines = ProgressLines(clock=lambda: now)
    now = 60.0
    line = lines.line(row(0, 60))
    assert line is not None
    assert line.endswith("ETA …")
