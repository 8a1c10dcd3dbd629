"""A load that ends with an error is recorded with its batch, and with how far it came."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from doc_assets.errors import EmbeddingError
from doc_assets.ingest.load_history import recording_failures
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import SmallSource, last_event


def test_a_failure_is_recorded_with_its_batch_and_what_was_reached(store: Store, tmp_path: Path) -> None:
    partition = SmallSource(tmp_path / "source").partition
    reached: dict[str, object] = {}
    with (
        pytest.raises(EmbeddingError),
        recording_failures(
            store, partition, "run", time.perf_counter(), batch_id="batch", reached=lambda: {"reached": reached}
        ),
    ):
        reached["documents"] = 7
        raise EmbeddingError("the model is gone")
    event = last_event(store)
    assert (event.result, event.run_id, event.batch_id, event.error) == ("failed", "run", "batch", "the model is gone")
    assert event.counts["reached"] == {"documents": 7}
