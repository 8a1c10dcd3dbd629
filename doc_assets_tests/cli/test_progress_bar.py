"""The progress of a load fits into a line of 80 columns."""

from __future__ import annotations

import pytest
from rich.console import Console

from doc_assets.cli.output import build_grid
from doc_assets.cli.progress_bar import bar, bar_row
from doc_assets.runtime.progress import Progress


def test_the_longest_rows_fit_into_80_columns_one_line_each():
    state = Progress(
        work_total=10_000, work_done=9_999, tokens_done=99_999_999, seconds=1_000, forecast_seconds=359_940
    )
    console = Console(width=80, record=True, force_terminal=False)
    console.print(build_grid([bar_row("best_practices/a-source-with-a-long-name.12", state), bar_row("all", state)]))
    lines = console.export_text().splitlines()
    assert len(lines) == 2 and all(len(line.rstrip()) <= 80 for line in lines)
    assert lines[0].startswith("…") and "name.12 " in lines[0] and lines[0].rstrip().endswith("99 h 59 m left")


@pytest.mark.parametrize(("share", "full"), [(0.0, 0), (0.5, 5), (0.999, 9), (1.0, 10)])
def test_only_what_is_done_is_a_full_bar(share: float, full: int):
    assert bar(share) == "█" * full + "░" * (10 - full)
