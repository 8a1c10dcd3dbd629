"""Batches hold every text once, within their budget, with little padding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.embedding.batching import pad, plan


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
