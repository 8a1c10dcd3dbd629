"""What fell against earlier figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doc_assets.errors import Misuse
from doc_assets.search.baseline import falls, read_baseline


def figures(hit: float, shown: float, questions: int = 20) -> dict:
    of_mode = {"hit@1": hit, "mrr@10": hit, "shown@1": shown, "interval": {"hit@1": [0.1, 0.9]}}
    return {"hybrid": of_mode, "questions": questions, "by_type": {"rust": {"hybrid": of_mode}}}


def test_a_lower_figure_is_a_fall_and_a_higher_or_equal_one_is_not() -> None:
    assert falls(figures(0.9, 0.5), figures(0.9, 0.5)) == []
    assert falls(figures(0.95, 0.6), figures(0.9, 0.5)) == []
    (fall,) = falls(figures(0.95, 0.45), figures(0.9, 0.5))
    assert str(fall) == "hybrid shown@1 fell from 0.500 to 0.450"


def test_a_figure_that_is_no_longer_there_has_fallen() -> None:
    now = figures(0.9, 0.5)
    del now["hybrid"]["shown@1"]
    assert [fall.figure for fall in falls(now, figures(0.9, 0.5))] == ["shown@1"]


def test_other_questions_other_modes_and_other_files_are_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="of 19 questions, these are 20"):
        falls(figures(0.9, 0.5), figures(0.9, 0.5, 19))
    with pytest.raises(Misuse, match="figures of text only"):
        falls(figures(0.9, 0.5), {"text": {"mrr@10": 0.5}, "questions": 20})
    path = tmp_path / "baseline.json"
    for content in ("", "[]", '{"hybrid": {}}'):
        path.write_text(content)
        with pytest.raises(Misuse, match=r"baseline\.json"):
            read_baseline(path)
    path.write_text(json.dumps(figures(0.9, 0.5)))
    assert read_baseline(path)["questions"] == 20
