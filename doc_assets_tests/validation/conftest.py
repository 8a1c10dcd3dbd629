"""A small source for each test, and its loader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doc_assets_tests.support.loading import SmallSource, loader_for, settings_for


@pytest.fixture
def source(tmp_path):
    source = SmallSource(tmp_path / "source")
    source.write_guides(4)
    return source


@pytest.fixture
def settings(tmp_path, store, source):
    return replace(settings_for(tmp_path, store), catalogue=source.catalogue_path)


@pytest.fixture
def loader(settings, store):
    return loader_for(settings, store)[0]
