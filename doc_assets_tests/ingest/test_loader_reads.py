"""How often a load reads its source: each file once, whoever surveys it and whoever loads it."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from doc_assets.document.records import FileRecord
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import ParsePool, ParseTask, parse_file
from doc_assets.ingest.result import LoadResult
from doc_assets.settings import Settings
from doc_assets.sources import discovery
from doc_assets.store.database.connection import Store
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, guide, loader_for, settings_for


class PoolHere(ParsePool):
    """Parses in this process, where opens can be counted."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._here = settings, open_tokenizer(settings)

    def parse(self, tasks: Iterable[ParseTask]) -> Iterator[FileRecord]:
        settings, tokenizer = self._here
        for task in tasks:
            yield parse_file(task, settings.max_file_bytes, tokenizer)


@pytest.fixture
def source(tmp_path: Path) -> SmallSource:
    """Guides of different sizes, two of the same bytes, two of the same size, an empty one and one too large."""
    source = SmallSource(tmp_path / "source")
    for i in range(12):
        source.write(f"guide-{i:02d}.md", guide(i) + "more " * i)
    source.write("twin-a.md", "# Twin\n\nSays the same.\n")
    source.write("twin-b.md", "# Twin\n\nSays the same.\n")
    source.write("size-a.md", "# Size\n\nwords of one\n")
    source.write("size-b.md", "# Size\n\nwords of two\n")
    source.write("empty.md", "")
    return source


@pytest.fixture
def loader(tmp_path: Path, store: Store) -> Loader:
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    loader.parse_pool = PoolHere(loader.settings)
    return loader


@pytest.fixture
def opens(source: SmallSource, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file of the source was opened."""
    counted: Counter[str] = Counter()
    real = os.open

    def counting(path: str | bytes | Path, *how: object, **more: object) -> int:
        if str(path).startswith(str(source.root)) and Path(os.fsdecode(path)).is_file():
            counted[Path(os.fsdecode(path)).name] += 1
        return real(path, *how, **more)  # pyrefly: ignore[bad-argument-type]

    monkeypatch.setattr(os, "open", counting)
    return counted


def loaded(loader: Loader, source: SmallSource) -> LoadResult:
    """As ``doc-assets migrate`` does it: the survey is made in one process, the load in another."""
    survey = loader.survey(source.partition, source.catalogue)
    if survey.unchanged is not None:
        return survey.unchanged
    with loader.stage(pickle.loads(pickle.dumps(survey)), run_id="test") as staged:  # noqa: S301 - our own
        return staged.publish(audit(loader.store, staged.snapshot))


def names(source: SmallSource) -> set[str]:
    return {path.name for path in source.root.iterdir()}


def test_a_first_load_opens_each_file_once(loader: Loader, source: SmallSource, opens: Counter[str]) -> None:
    result = loaded(loader, source)
    assert (result.files, result.loaded, result.duplicate, result.skipped) == (17, 15, 1, 1)
    assert opens == dict.fromkeys(names(source), 1)


def test_an_unchanged_source_is_opened_once_and_not_loaded(
    loader: Loader, source: SmallSource, opens: Counter[str]
) -> None:
    loaded(loader, source)
    opens.clear()
    assert loaded(loader, source).result == "unchanged"
    assert opens == dict.fromkeys(names(source), 1)


@pytest.mark.parametrize("changed", ["another size", "the same size", "a new file", "one gone"])
def test_a_changed_source_opens_each_file_once(
    loader: Loader, source: SmallSource, opens: Counter[str], changed: str
) -> None:
    """Whatever the survey needs to see that it has changed, the load does not read again."""
    loaded(loader, source)
    before = (source.root / "guide-05.md").read_text()
    match changed:
        case "another size":
            source.write("guide-05.md", before + "\nAnd more.\n")
        case "the same size":
            source.write("guide-05.md", before.replace("why", "WHY"))
        case "a new file":
            source.write("guide-99.md", guide(99))
        case _:
            (source.root / "guide-05.md").unlink()
    opens.clear()
    result = loaded(loader, source)
    assert result.result == "published"
    assert opens == dict.fromkeys(names(source), 1)


def test_what_does_not_fit_into_memory_is_read_again_and_changes_nothing(
    loader: Loader, source: SmallSource, opens: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_HELD_BYTES", 0)
    digest = loaded(loader, source).digest
    assert opens["size-a.md"] == 2 and opens["guide-01.md"] == 1
    monkeypatch.undo()
    source.write("guide-05.md", "# Other\n\nOther words.\n")
    loaded(loader, source)
    source.write("guide-05.md", guide(5) + "more " * 5)
    assert loaded(loader, source).digest == digest


def test_a_survey_keeps_no_long_file_until_its_load(
    loader: Loader, source: SmallSource, opens: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changed file ends the survey; a run may survey hundreds of partitions before it loads the first."""
    loaded(loader, source)
    text = (source.root / "guide-05.md").read_text()
    source.write("guide-05.md", text.replace("why", "WHY"))
    assert list(loader.survey(source.partition, source.catalogue).discovery._held) == ["guide-05.md"]
    monkeypatch.setattr(discovery, "_HELD_BY_SURVEY", len(text) - 1)
    survey = loader.survey(source.partition, source.catalogue)
    assert (survey.discovery._held, survey.discovery._held_bytes) == ({}, 0)
    opens.clear()
    assert loaded(loader, source).result == "published"
    assert opens == {**dict.fromkeys(names(source), 1), "guide-05.md": 2}


def test_bytes_that_wait_for_a_worker_are_let_go_as_they_are_taken(source: SmallSource, tmp_path: Path) -> None:
    settings = Settings.from_environment({"DOC_ASSETS_HOME": str(tmp_path / "home")})
    found = discovery.discover(source.partition, source.catalogue, settings)
    to_load = found.to_load({})
    assert {file.path for file in to_load.unparsed} == {"twin-b.md"}
    assert sorted(found._held) == ["size-a.md", "size-b.md", "twin-a.md"]
    for file in to_load.canonical:
        found.take_bytes(file.path)
    assert (found._held, found._held_bytes) == ({}, 0)
