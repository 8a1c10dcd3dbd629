"""The time of planned loads is that of the busiest stage, at the pace of earlier loads or of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from doc_assets.document import Chunk
from doc_assets.embedding.prompts import Role
from doc_assets.ingest.estimate import estimate
from doc_assets.ingest.planning import PartitionPlan
from doc_assets.ingest.result import LoadResult
from doc_assets.store.history.rates import LoadRates

LANES = {"parse": 2, "embed": 1, "write": 2}
NOTHING = LoadRates(0, 0, 0.0, 0, 0.0, 0.0)
SAMPLE = [Chunk("Title", f"text {i}", 0, 6, (), None, 10) for i in range(20)]


class Counting:
    texts = 0

    def embed(self, texts: Sequence[str], role: Role) -> None:
        self.texts += len(texts)


def planned(chunks: int = 0, embedded: int = 0, tokens_embedded: int = 0) -> PartitionPlan:
    result = LoadResult("rust", "a", "planned", chunks=chunks, embedded=embedded, tokens_embedded=tokens_embedded)
    return PartitionPlan(result, files_parsed=10)


def unopened() -> Any:
    raise AssertionError("the model is not needed")


def test_the_pace_of_earlier_loads_is_enough_and_no_model_is_opened():
    rates = LoadRates(3, 200_000, 100.0, 50, 5.0, 6.0)
    found = estimate([planned(chunks=100, embedded=100, tokens_embedded=20_000)], rates, LANES, 384, SAMPLE, unopened)
    assert (found.tokens_per_second, found.rests_on) == (2_000, "history")
    assert found.seconds == pytest.approx(5 + 10 + 0.06)  # opening, 20,000 tokens, index
    assert found.disk_bytes == pytest.approx(490_000, rel=0.01)


def test_without_a_history_a_sample_is_embedded():
    model: Any = Counting()
    found = estimate([planned(embedded=1, tokens_embedded=20_000)], NOTHING, LANES, 384, SAMPLE, lambda: model)
    assert found.rests_on == "sample" and found.tokens_per_second and model.texts == 28


def test_for_few_tokens_without_a_history_no_model_is_opened():
    found = estimate([planned(embedded=1, tokens_embedded=14_000)], NOTHING, LANES, 384, SAMPLE, unopened)
    assert found.rests_on == "core" and found.seconds == pytest.approx(5 + 10, abs=0.1)


def test_where_nothing_is_to_embed_parsing_or_closing_counts_and_nothing_without_a_load():
    found = estimate([planned(chunks=1_000)] * 4, NOTHING, LANES, 384, [], unopened)
    assert (found.rests_on, found.tokens_per_second, found.disk_bytes) == ("nothing", None, 0)
    assert found.seconds == pytest.approx(5 + 4 * 2.5 / 2)
    assert estimate([], NOTHING, LANES, 384, [], unopened).seconds == 0
