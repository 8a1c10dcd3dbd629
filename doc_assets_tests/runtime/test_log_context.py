"""Log lines are JSON objects that say of which run, partition and snapshot they are; an audit finds all events."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from doc_assets.dagster.library import Library
from doc_assets.errors import DocAssetsError, PartitionLocked, SourceError
from doc_assets.ingest.loader import Loader
from doc_assets.runtime import log_context
from doc_assets.runtime.stages import Stage
from doc_assets.settings import LogSettings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for

_log = logging.getLogger("doc_assets.tests")


def library_of(loader: Loader) -> Library:
    """Dagster's library around the loader."""
    library = Library(loader.settings)
    library.__dict__.update(loader=loader, store=loader.store)
    return library


class Lines:
    """What was logged as JSON; every line is parsed, and must be one object."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def all(self) -> list[dict]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, message: str) -> list[dict]:
        return [line for line in self.all if line["message"].startswith(message)]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, ours = logging.getLogger(), logging.getLogger("doc_assets")
    handlers, level = root.handlers[:], ours.level
    caught = Lines()
    log_context.configure(LogSettings("json"), caught.stream)
    yield caught
    root.handlers[:] = handlers
    ours.setLevel(level)
    logging.captureWarnings(False)


def test_a_line_says_when_how_grave_who_and_what_first(lines):
    with log_context.bound(run="r1", partition="rust/tokio", snapshot=None):
        _log.warning("two\nlines, %s", "ümläut", extra={"path": "a.md"})
    (line,) = lines.all
    assert list(line)[:4] == ["time", "level", "logger", "message"] and line["time"].endswith("Z")
    del line["time"]
    assert line == {
        "level": "warning", "logger": "doc_assets.tests", "message": "two\nlines, ümläut", "run": "r1",
        "partition": "rust/tokio", "path": "a.md",
    }  # fmt: skip


def test_ids_end_with_the_work_and_those_of_the_work_around_it_stay(lines):
    with log_context.bound(run="outer"):
        with pytest.raises(ValueError), log_context.bound(run="inner"):
            log_context.bind(snapshot=7)
            _log.info("inside")
            raise ValueError
        _log.info("after")
    _log.info("outside")
    assert [(line.get("run"), line.get("snapshot")) for line in lines.all] == [
        ("inner", 7),
        ("outer", None),
        (None,) * 2,
    ]


def test_the_threads_of_a_load_log_under_its_ids(lines):
    with log_context.bound(partition="rust/tokio"):
        list(Stage("shout", lambda n: _log.info("item %s", n), iter([1, 2])))
    assert [(line["message"], line["partition"]) for line in lines.all] == [
        ("item 1", "rust/tokio"),
        ("item 2", "rust/tokio"),
    ]


def test_an_exception_stays_on_its_line(lines):
    try:
        raise ValueError("broken")
    except ValueError:
        _log.exception("it failed")
    (line,) = lines.all
    assert "ValueError: broken" in line["exception"]


def test_a_load_logs_its_way_with_run_partition_and_snapshot(lines, store, tmp_path):
    source = SmallSource(tmp_path)
    source.write_guides(2)
    source.write("broken.ipynb", "{")
    loader, embedder = loader_for(settings_for(tmp_path, store), store)
    works = embedder.embed

    def fails(*_: object) -> None:
        raise DocAssetsError("no model today")

    embedder.embed = fails  # pyrefly: ignore[bad-assignment]
    with pytest.raises(DocAssetsError):
        load(loader, store, source)
    embedder.embed = works
    first = load(loader, store, source)
    source.write("guide-00.md", "# Guide 0\n\nIt was rewritten.\n")
    second = load(loader, store, source)
    rollback(store, source.partition.name, run_id="back")

    said = [line["message"] for line in lines.all if line["logger"] != "doc_assets.store.database.retries"]
    assert [message.partition(":")[0] for message in said if "quarantined" not in message] == [
        "load started", "load failed", "load resumed", "load published", "load started", "load published",
        "rollback published",
    ]  # fmt: skip
    for line in lines.all[:-1]:
        assert (line["run"], line["partition"]) == ("test", source.partition.name)
        assert line["snapshot"] in (first.snapshot, second.snapshot)
    assert lines.of("load failed")[0]["error"] == "no model today"
    quarantined = lines.of("file quarantined")
    assert quarantined and all(line["path"] == "broken.ipynb" for line in quarantined)
    assert lines.of("load published")[0]["counts"]["documents"] == 2
    back = lines.of("rollback")[0]
    assert (back["run"], back["from_snapshot"], back["snapshot"]) == ("back", second.snapshot, first.snapshot)
    assert back["partition"] == source.partition.name


def test_a_load_that_is_refused_or_fails_before_it_has_a_snapshot_is_logged(lines, store, tmp_path):
    source = SmallSource(tmp_path)
    source.write_guides(1)
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id="one"), pytest.raises(PartitionLocked):
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="two")
    (refused,) = lines.of("load refused")
    assert refused["run"] == "two" and "process" in refused["message"]
    (source.root / "guide-00.md").unlink()
    source.root.rmdir()
    with pytest.raises(SourceError):
        library_of(loader).survey(source.partition, source.catalogue, None, "three")
    assert lines.of("load failed")[0]["run"] == "three"


def test_a_step_that_is_tried_again_says_why(lines):
    attempts = iter([psycopg.OperationalError("the connection was cut"), None])

    def step() -> None:
        if (error := next(attempts)) is not None:
            raise error

    Retries(RetryPolicy(attempts=3, longest_wait=0.01)).run(step)
    (line,) = lines.of("trying again")
    assert "the connection was cut" in line["message"] and line["attempt"] == 1 and line["level"] == "warning"


def test_the_level_is_information_as_json_and_warnings_as_text():
    assert LogSettings.from_environment({}).threshold == logging.WARNING
    assert LogSettings.from_environment({"DOC_ASSETS_LOG_FORMAT": "JSON"}).threshold == logging.INFO
    chosen = LogSettings.from_environment({"DOC_ASSETS_LOG_FORMAT": "json", "DOC_ASSETS_LOG_LEVEL": "error"})
    assert chosen.threshold == logging.ERROR
    assert LogSettings.from_environment(chosen.to_environment()) == chosen
    for name in ("DOC_ASSETS_LOG_FORMAT", "DOC_ASSETS_LOG_LEVEL"):
        with pytest.raises(DocAssetsError, match=f"{name}='loud'"):
            LogSettings.from_environment({name: "loud"})


def test_on_the_command_line_stderr_holds_json_and_nothing_else(store: Store, tmp_path):
    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from doc_assets.cli import main; main()", *arguments],
            env={"DOC_ASSETS_DATABASE_URL": store.url, "PYTHONPATH": str(ROOT)} | environment,
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, done.stderr

    code, said = run("--log-format", "json", "db", "check")
    (line,) = map(json.loads, said.splitlines())
    assert (code, line["level"]) == (0, "info") and "the database is sound" in line["message"]
    code, said = run("history", "rust/nothing", DOC_ASSETS_LOG_FORMAT="json")
    (line,) = map(json.loads, said.splitlines())
    assert (code, line["level"]) == (2, "error") and "rust/nothing was never loaded" in line["message"]


def test_what_the_history_could_not_be_told_is_logged(lines, store, tmp_path):
    source = SmallSource(tmp_path)
    source.write_guides(1)
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    with store.connect() as connection:
        connection.execute("ALTER TABLE migration_history RENAME TO gone")
    (source.root / "guide-00.md").unlink()
    source.root.rmdir()
    with pytest.raises(SourceError):
        library_of(loader).survey(source.partition, source.catalogue, None, "one")
    (line,) = lines.of("load failed")
    assert (
        str(source.root) in line["message"]
        and "the history could not record it" in line["message"]
        and line["level"] == "error"
    )
