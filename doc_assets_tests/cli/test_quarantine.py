"""The quarantine lists what cannot be read with its history, and a retry parses exactly that."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from doc_assets.cli import quarantine as commands
from doc_assets.cli.app import app
from doc_assets.errors import NotFound
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.store.versions.quarantine import file_history, quarantined
from doc_assets_tests.support.loading import SmallSource, guide, load, loader_for, settings_for

PARTITION = "best_practices/guides"
NOISE = bytes(range(256)) * 20


@pytest.fixture
def source(tmp_path):
    made = SmallSource(tmp_path / "source")
    made.write_guides(2)
    made.write("noise.md", NOISE)
    return made


@pytest.fixture
def loader(tmp_path, store):
    return loader_for(settings_for(tmp_path, store), store)[0]


@pytest.fixture
def cli(tmp_path, store, source, loader, monkeypatch):
    """The commands on this store; a load runs in this process, with the tests' model in place of Dagster's workers."""
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(source.catalogue_path))
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOC_ASSETS_THREADS", "1")

    def load_here(settings, opened, surveys: list[Survey], workers) -> tuple[list[LoadResult], int]:
        return [load(loader, opened, source, survey.limit) for survey in surveys], 0

    monkeypatch.setattr(commands, "load_with_progress", load_here)

    def run(*arguments: str, code: int = 0):
        done = CliRunner().invoke(app, ["quarantine", *arguments, "--json"])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    return run


def entries(store, *partitions, path=None):
    with store.connect() as connection:
        return quarantined(connection, partitions, path)


def test_a_rejected_file_is_listed_with_its_first_day_and_how_often_it_was_tried(source, loader, store):
    first = load(loader, store, source)
    source.write("guide-00.md", guide(7))
    second = load(loader, store, source)
    (entry,) = entries(store)
    assert (entry.partition, entry.path, entry.size, entry.live) == (PARTITION, "noise.md", len(NOISE), True)
    assert entry.reason and entry.sha256 and (entry.snapshot, entry.attempts) == (second.snapshot, 2)
    with store.connect() as connection:
        events = file_history(connection, PARTITION, "noise.md")
    assert [event.snapshot for event in events] == [second.snapshot, first.snapshot]
    assert entry.since == events[-1].at

    source.write("noise.md", NOISE * 2)
    load(loader, store, source)
    (changed,) = entries(store)
    assert changed.attempts == 1 and changed.since > entry.since


def test_a_file_that_can_be_read_again_leaves_the_quarantine(source, loader, store):
    load(loader, store, source)
    source.write("noise.md", guide(9))
    load(loader, store, source)
    assert entries(store) == []


def test_what_an_unpublished_snapshot_rejected_is_listed_as_not_live(source, loader, store):
    (source.root / "noise.md").unlink()
    load(loader, store, source)
    source.write("late.md", NOISE)
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id="test"):
        pass
    (entry,) = entries(store, PARTITION)
    assert (entry.path, entry.live) == ("late.md", False)


def test_the_list_is_narrowed_by_partition_and_type(source, loader, store, cli):
    load(loader, store, source)
    assert [row["path"] for row in cli("list", "-p", PARTITION, "-t", "best_practices")] == ["noise.md"]
    done = CliRunner().invoke(app, ["quarantine", "list", "-t", "rust"])
    assert (
        done.exit_code == 2 and "nothing of type 'rust' was ever loaded here: there are best_practices" in done.output
    )
    with pytest.raises(NotFound, match="never loaded"):
        entries(store, "rust/absent")


def test_show_tells_the_limits_the_place_and_the_next_step(source, loader, store, cli):
    load(loader, store, source)
    known = cli("show", PARTITION, "noise.md")
    assert known["quarantined"] and known["format"] == "markdown" and known["changed"] is False
    assert known["location"] == str(source.root / "noise.md")
    assert known["limits"]["max_file_bytes"] > 0 and known["limits"]["parse_timeout_seconds"] > 0
    assert "quarantine retry best_practices/guides --path noise.md" in known["next"]
    assert [event["outcome"] for event in known["history"]] == ["rejected"]

    source.write("noise.md", guide(9))
    assert "doc-assets migrate" in cli("show", PARTITION, "noise.md")["next"]
    (source.root / "noise.md").unlink()
    gone = cli("show", PARTITION, "noise.md")
    assert gone["location"] is None and "gone" in gone["next"]


def test_a_retry_parses_only_what_was_rejected_and_tells_what_became_of_it(source, loader, store, cli, monkeypatch):
    load(loader, store, source)
    parsed: list[str] = []
    parse = loader.parse_pool.parse

    def watched(tasks):
        listed = list(tasks)
        parsed.extend(task.file.path for task in listed)
        return parse(listed)

    monkeypatch.setattr(loader.parse_pool, "parse", watched)
    assert loader.survey(source.partition, source.catalogue).unchanged is not None
    (row,) = cli("retry", PARTITION, code=1)
    assert (row["path"], row["outcome"], row["quarantined"]) == ("noise.md", "rejected", True)
    assert parsed == ["noise.md"]

    source.write("noise.md", guide(9))
    (row,) = cli("retry", "--path", "noise.md")
    assert (row["outcome"], row["quarantined"]) == ("loaded", False)
    assert cli("retry") == []


def test_a_retry_says_what_is_gone_and_what_was_not_tried(source, loader, store, cli):
    source.write("other.md", NOISE[1:])
    load(loader, store, source)
    (source.root / "noise.md").unlink()
    rows = {row["path"]: row["outcome"] for row in cli("retry", code=1)}
    assert rows == {"noise.md": "gone", "other.md": "rejected"}
    source.catalogue_path.write_text(source.catalogue_path.read_text().replace("name: guides", "name: renamed"))
    (row,) = cli("retry", code=1)
    assert (row["outcome"], row["reason"]) == ("not tried", "its partition is not in the catalogue any more")
