"""Search vectors of an older revision are brought up to date in steps, beside searches, and after an interruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.store.schema import recomputation, schema
from doc_assets.store.schema.opening import open_store
from doc_assets_tests.support.library import WordModel
from doc_assets_tests.support.loading import SmallSource, loader_for, settings_for
from doc_assets_tests.support.older_schema import fill, make_at

_OUTDATED = "SELECT count(*) FROM chunk WHERE tsv <> search_vector(breadcrumb, text)"


def count(store: Store, query: str = _OUTDATED) -> int:
    with store.connect() as connection:
        return connection.execute(query.encode()).fetchall()[0][0]


@pytest.fixture
def old(database_url: str, tmp_path: Path) -> Store:
    """A store of the revision before, with a page about names and keywords among others."""
    make_at(database_url, "0008")
    source = SmallSource(tmp_path)
    source.write("names.md", "# Names\n\nA CiliumBGPPeeringPolicy is read `while` it changes.\n")
    settings = settings_for(tmp_path, Store(database_url))
    fill(database_url, "0008", source, settings, loader_for(settings, Store(database_url))[1])
    return Store(database_url)


def test_an_interrupted_recomputation_goes_on_where_it_stopped_and_searches_meanwhile(
    old: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(line: str) -> None:
        said.append(line)
        raise KeyboardInterrupt

    said: list[str] = []
    chunks = count(old, "SELECT count(*) FROM chunk")
    with pytest.raises(KeyboardInterrupt):
        schema.upgrade(old.url, interrupt)
    assert said == [f"the words of {chunks} chunks are recomputed; searches and loads go on meanwhile"]
    assert count(old) > 0
    monkeypatch.setattr(recomputation, "_STEP", 1)
    assert recomputation._step(old)
    store = open_store(settings_for(tmp_path, old))
    assert [found.path for found in search(store, WordModel(), "CiliumBGPPeeringPolicy", mode="text")] == ["names.md"]
    with store.connect() as connection:
        assert schema.check(connection) == []
        assert recomputation.remaining(connection) == chunks - 1

    assert recomputation.recompute(store) == chunks - 1
    assert count(store) == 0
    for query in ("bgp peering", "while"):
        assert [found.path for found in search(store, WordModel(), query, mode="text")] == ["names.md"]
    assert recomputation.recompute(store) == 0


def test_two_upgrades_at_once_share_the_work(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "_STEP", 1)
    other = [True]

    def work_beside(_: str) -> None:
        other.append(recomputation._step(old))

    schema.upgrade(old.url, work_beside)
    assert all(other) and len(other) == 2
    assert count(old) == 0


def test_a_blank_database_has_nothing_to_recompute(store: Store) -> None:
    with store.connect() as connection:
        assert recomputation.remaining(connection) == 0
