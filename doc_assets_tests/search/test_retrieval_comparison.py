"""What two embeddings find for the same questions, compared question by question."""

from __future__ import annotations

import pytest

from doc_assets.search.embedder_verdict import Outcome
from doc_assets.search.retrieval_comparison import paired


def test_a_loss_has_the_standard_error_of_its_questions() -> None:
    figures = paired([1, 2, None, 6], [1, 1, 6, 5])
    assert figures.loss["hit@1"] == pytest.approx(0.25) and figures.error["hit@1"] == pytest.approx(0.2165, abs=1e-4)
    assert figures.loss["hit@5"] == pytest.approx(0.25) and (figures.better, figures.worse) == (0, 3)
    assert set(paired([3, 1], [3, 1]).error.values()) == {0}


def test_the_message_of_a_failure_says_whether_it_may_be_chance() -> None:
    assert "chance" in Outcome("vector hit@5", 0.011, 0.01, passed=False, error=0.02).sentence
    assert "chance" not in Outcome("vector hit@5", 0.2, 0.01, passed=False, error=0.02).sentence
