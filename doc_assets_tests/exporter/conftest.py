"""A loaded database, copied for each test, and an exporter in front of it whose way to the database can be shut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store
from doc_assets_tests.support.databases import name_of, new_database
from doc_assets_tests.support.exporter import Exporter, Gate, Loaded
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for


@pytest.fixture(scope="session")
def template(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a database with three guides; nobody is connected to it."""
    folder = tmp_path_factory.mktemp("template")
    with new_database(server_url) as url:
        with open_store(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})) as store:
            source = SmallSource(folder / "source")
            source.write_guides(3)
            with closing(loader_for(settings_for(folder, store), store)[0]) as loader:
                load(loader, store, source)
        yield name_of(url)


@pytest.fixture
def loaded(server_url: str, template: str, tmp_path: Path) -> Iterator[Loaded]:
    """A copy of the template with a source of its own that holds the same."""
    source = SmallSource(tmp_path / "source")
    source.write_guides(3)
    with new_database(server_url, template=template) as url:
        yield Loaded(Store(url), source, tmp_path)


@pytest.fixture
def gate(loaded: Loaded) -> Iterator[Gate]:
    gate = Gate(loaded.store.url)
    yield gate
    gate.remove()


@pytest.fixture
def exporter(loaded: Loaded) -> Iterator[Exporter]:
    exporter = Exporter(loaded.store.url, catalogue=loaded.source.catalogue_path)
    yield exporter
    exporter.close()
