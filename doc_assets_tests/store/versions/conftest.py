"""Two partitions that are live, in a library of their own."""

from __future__ import annotations

import pytest

from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel, publish_pages


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


@pytest.fixture
def pages(library: Library) -> Library:
    """Two partitions whose pages share words, live."""
    publish_pages(library)
    return library
