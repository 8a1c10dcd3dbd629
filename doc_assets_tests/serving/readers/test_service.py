"""The service whose searches reader processes answer."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import StoreUnavailable
from doc_assets.serving.readers.pool import Readers
from doc_assets.serving.readers.service import SpreadService
from doc_assets.serving.token_counts import EstimatedTokens
from doc_assets_tests.support.library import Library


class CountedReaders:
    """So many readers that run, each able to answer."""

    def __init__(self) -> None:
        self.running = 2
        self.asked = threading.Event()

    def require_ready(self) -> None:
        self.asked.set()


def test_a_server_without_readers_is_not_ready_also_after_it_was(served: Library) -> None:
    readers = CountedReaders()
    service = SpreadService(
        served.store,
        cast(SpaceModels, served.model),
        cast(Readers, readers),
        scopes=dict,
        tokens=EstimatedTokens(),
        statement_seconds=5,
    )
    service.require_ready()
    assert readers.asked.is_set()
    service.require_ready()
    readers.running = 0
    with pytest.raises(StoreUnavailable, match="no reader process runs"):
        service.require_ready()
