"""The history says who changed what when, from what to what, how fast and with which errors; nothing of it changes."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from doc_assets import __version__
from doc_assets.errors import NotFound, SourceError
from doc_assets.store.history import history
from doc_assets.store.history.history import HistoryFilter, HistoryRow
from doc_assets.store.partitions.partitions import ensure_partition
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for

PAGE = ROOT / "docs" / "history.md"


@pytest.fixture
def events(store):
    """Five events in a store that the test may change."""
    return record_five(store)


@pytest.fixture(scope="module")
def five_events(shared_store):
    """Five events that no test changes."""
    return record_five(shared_store)


def record_five(store):
    """Record five events of two partitions, an hour apart; return when the first happened."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    with store.connect() as connection:
        tokio = ensure_partition(connection, "rust", "tokio", "tokio")
        guides = ensure_partition(connection, "best_practices", "guides", "guides")
        for hour, (action, result, partition, run, error) in enumerate(
            (
                ("load", "published", tokio, "aaa-1", None),
                ("load", "published", guides, "abc-2", None),
                ("rollback", "published", tokio, None, None),
                ("load", "rejected", guides, "abd-3", "counts: row"),
                ("validate", "failed", None, None, "checksums: row"),
            )
        ):
            at = start + timedelta(hours=hour)
            history.record(connection, action, result, partition_id=partition, run_id=run, error=error, at=at)
    return start


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"partition": "rust/tokio"}, [3, 1]),
        ({"types": ("rust",)}, [3, 1]),
        ({"types": ("rust", "best_practices")}, [4, 3, 2, 1]),
        ({"actions": ("load",)}, [4, 2, 1]),
        ({"actions": ("rollback", "validate")}, [5, 3]),
        ({"run": "ab"}, [4, 2]),
        ({"run": "abc-2"}, [2]),
        ({"failed": True}, [5, 4]),
        ({"since": 2}, [5, 4, 3]),
        ({"until": 2}, [2, 1]),
        ({"since": 1, "until": 3, "actions": ("load",)}, [2]),
    ],
)
def test_a_filter_finds_just_the_events_that_are_meant(shared_store, five_events, wanted, ids):
    for bound in wanted.keys() & {"since", "until"}:
        wanted[bound] = five_events + timedelta(hours=wanted[bound])
    only = HistoryFilter(**wanted)
    assert [row.id for row in history.history(shared_store, only)] == ids
    assert [row.id for row in history.history(shared_store, only, limit=1)] == ids[:1]


def test_an_unknown_partition_is_a_sentence(store):
    with pytest.raises(NotFound, match="rust/nothing was never loaded"):
        history.history(store, HistoryFilter("rust/nothing"))


def test_an_event_says_from_what_to_what_by_whom_and_how_fast(store, tmp_path):
    source = SmallSource(tmp_path)
    source.write_guides(2)
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    first = load(loader, store, source)
    source.write("more.md", "# More\n\nOne more page of it.\n")
    second = load(loader, store, source)
    rollback(store, source.partition.name)
    back, row, _ = history.history(store)
    assert (row.from_snapshot, row.to_snapshot) == (first.snapshot, second.snapshot)
    assert (row.from_digest, row.to_digest) == (first.digest, second.digest)
    assert (back.from_digest, back.to_digest) == (second.digest, first.digest)
    assert row.seconds and row.documents_per_minute == pytest.approx(60 * 3 / row.seconds, rel=0.02)
    assert row.counts["program"] == __version__ and row.counts["user"] and row.host
    assert row.actor == "postgres" and row.run_id == "test" and row.stages["embed"] > 0


def test_a_load_that_fails_is_told_of_with_its_error(store, tmp_path):
    source = SmallSource(tmp_path)
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    source.root.rmdir()
    with pytest.raises(SourceError) as error:
        load(loader, store, source)
    (row,) = history.history(store, HistoryFilter(failed=True))
    assert (row.action, row.result, row.partition, row.error) == (
        "load",
        "failed",
        source.partition.name,
        str(error.value),
    )
    assert (row.from_snapshot, row.to_snapshot) == (None, None)


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_not_even_the_owner_changes_it_without_taking_the_trigger_away(store, events, role):
    with store.connect() as connection:
        connection.execute(f"SET session_replication_role = {role}")
        for statement in (
            "UPDATE migration_history SET actor = 'somebody else'",
            "DELETE FROM migration_history WHERE id = 1",
            "TRUNCATE migration_history",
            "TRUNCATE partition CASCADE",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement)
    assert [row.id for row in history.history(store)] == [5, 4, 3, 2, 1]


def test_an_export_is_streamed(store):
    with store.connect() as connection:
        connection.execute(
            "INSERT INTO migration_history (action, result) SELECT 'validate', 'passed' FROM generate_series(1, 2500)"
        )
        rows = history.stream(connection, HistoryFilter())
        assert next(rows).id == 2500
        assert connection.execute("SELECT count(*) FROM pg_cursors WHERE name = 'history'").fetchone() == (1,)
        assert [row.id for row in rows] == list(range(2499, 0, -1))


def test_lines_are_one_object_each_and_all_of_them_with_documented_names(store, events, monkeypatch, capsys, tmp_path):
    from doc_assets.cli import main

    def run(*arguments: str) -> str:
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
        monkeypatch.setenv("DOC_ASSETS_LOG_FORMAT", "text")
        monkeypatch.setattr(sys, "argv", ["doc-assets", "history", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == 0
        return capsys.readouterr().out

    with store.connect() as connection:
        for _ in range(60):
            history.record(connection, "validate", "passed")
    lines = [json.loads(line) for line in run("--json-lines").splitlines()]
    assert len(lines) == 65 and len(json.loads(run("--json"))) == 50
    assert len(run("--json-lines", "--limit", "3").splitlines()) == 3
    names = [field.name for field in fields(HistoryRow)]
    assert all(list(line) == names for line in lines)
    page = PAGE.read_text()
    assert [name for name in names if f"`{name}`" not in page] == []
    table = run("--action", "rollback", "--type", "rust")
    assert "rust/tokio" in table and "validate" not in table
    assert len(json.loads(run("--since", "3h", "--failed", "--json"))) == 2
