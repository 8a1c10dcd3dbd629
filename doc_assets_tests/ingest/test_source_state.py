"""The states of sources, as schedules and loads see them."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from doc_assets.catalogue import Catalogue, DirectorySource, DocType, Source
from doc_assets.ingest import source_state
from doc_assets.ingest.source_state import source_states
from doc_assets.settings import Settings
from doc_assets.sources.fetch_options import FetchOptions


@pytest.fixture
def sharded(tmp_path: Path) -> Catalogue:
    """A folder in two shards."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n")
    source = DirectorySource(name="docs", kind="directory", location="docs", shards=2)
    return Catalogue({"ebpf": DocType(sources=(source,))}, tmp_path)


def states(catalogue: Catalogue, settings: Settings | None = None, **options: float) -> dict[str, str | None]:
    return source_states(catalogue.partitions(), catalogue, settings or Settings.from_environment({}), **options)


def test_a_state_changes_with_source_recipe_and_catalogue_and_with_nothing_else(sharded: Catalogue) -> None:
    settings = Settings.from_environment({})
    first = states(sharded, settings)
    assert set(first) == {"ebpf/docs.1", "ebpf/docs.2"}
    assert None not in first.values()
    assert states(sharded, replace(settings, threads=7, retry_attempts=2)) == first
    (source,) = sharded.types["ebpf"].sources
    narrower = source.model_copy(update={"include": ("*.rst",)})
    heavier = source.model_copy(update={"weight": 5})
    licensed = source.model_copy(update={"licence": "MIT"})

    def of(changed: Source) -> dict[str, str | None]:
        return states(Catalogue({"ebpf": DocType(sources=(changed,))}, sharded.directory))

    assert of(heavier) == first
    assert of(narrower) != first != of(licensed)
    (sharded.directory / "docs" / "b.md").write_text("# B\n")
    assert states(sharded, settings) != first


def test_a_source_that_does_not_answer_is_unknown_and_holds_nobody_up(
    sharded: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = [], threading.Event()

    def slow(source: DirectorySource, base: Path, options: FetchOptions) -> str:
        asked.append(source.name)
        answer.wait(30)
        return "late"

    monkeypatch.setattr(source_state, "revision_of", slow)
    try:
        assert set(states(sharded, budget=0.05).values()) == {None}
        assert asked == ["docs"], "one question for all shards"
    finally:
        answer.set()
