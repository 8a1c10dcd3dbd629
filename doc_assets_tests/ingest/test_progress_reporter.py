"""How busy a load's stages are, as its progress row says it."""

from __future__ import annotations

from doc_assets.embedding.model_use import ModelUse
from doc_assets.ingest.progress_reporter import StageUse


def test_shares_are_of_the_time_since_the_stages_began_and_never_more_than_all_of_it() -> None:
    row = StageUse(parsing=2.0, embedding=10.2, writing=1.0, model=ModelUse(30.0, 40.0, 256)).over(10.0)
    assert row == {"parse_busy": 0.2, "embed_busy": 1.0, "write_busy": 0.1, "model_busy": 0.75, "model_queue": 256}


def test_before_the_stages_begin_nothing_is_busy_and_no_model_is_shared() -> None:
    idle = {"parse_busy": 0.0, "embed_busy": 0.0, "write_busy": 0.0, "model_busy": None, "model_queue": None}
    assert StageUse().over(0.0) == StageUse().over(3.0) == idle
