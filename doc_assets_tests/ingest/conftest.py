"""A source of its own for each test, and a loader whose retries wait milliseconds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from doc_assets.ingest.loader import Loader
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import SmallSource, loader_for, settings_for


@pytest.fixture
def source(tmp_path: Path) -> SmallSource:
    return SmallSource(tmp_path / "source")


@pytest.fixture
def settings(tmp_path: Path, store: Store) -> Settings:
    return dataclasses.replace(settings_for(tmp_path, store), retry_longest_wait=0.02)


@pytest.fixture
def loader(settings: Settings, store: Store) -> Loader:
    return loader_for(settings, store)[0]
