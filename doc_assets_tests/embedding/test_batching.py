"""Batches hold every text once, within their budget, with little padding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.embedding.batching import pad, plan, plan_few_shapes


@given(st.lists(st.integers(0, 300), max_size=200), st.integers(1, 2_000), st.integers(1, 40))
def test_every_text_is_in_one_batch_within_the_budget(lengths: list[int], budget: int, max_rows: int) -> None:
    batches = plan(lengths, budget, max_rows)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
        assert len(batch) <= max_rows


def test_texts_of_documentation_pad_by_less_than_three_percent() -> None:
    lengths = np.random.default_rng(1).integers(40, 256, size=2_000).tolist()
    batches = plan(lengths, 512)
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    assert padded < 1.03 * sum(lengths)


def test_padding_is_masked_out() -> None:
    tokens, mask = pad([[5, 6, 7], [8]])
    assert tokens.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert tokens.dtype == mask.dtype == np.int64


@given(st.lists(st.integers(0, 250), max_size=200), st.integers(1, 2_000), st.sampled_from([1, 8, 16]))
def test_few_shapes_hold_every_text_once_within_budget_and_window(
    lengths: list[int], budget: int, multiple: int
) -> None:
    batches = plan_few_shapes(lengths, budget, multiple, 250)
    assert sorted(i for rows, _ in batches for i in rows) == list(range(len(lengths)))
    for rows, width in batches:
        assert max(lengths[i] for i in rows) <= width <= 250
        assert width % multiple == 0 or width in (1, 250)
        assert len(rows) == 1 or len(rows) * width <= budget


def test_thousands_of_lengths_make_few_shapes() -> None:
    rng = np.random.default_rng(1)
    calls = [plan_few_shapes(rng.integers(1, 257, size=128).tolist(), 256, 8, 256) for _ in range(40)]
    assert len({(len(rows), width) for call in calls for rows, width in call}) <= 63
