"""``doc-assets validate`` proves what is live, compares sources on request, and ends with one line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from doc_assets.cli.app import app
from doc_assets.validation.audit import CHECKS
from doc_assets_tests.support.loading import SmallSource, loader_for, settings_for, snapshot_of


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


@pytest.fixture
def command(settings, store, monkeypatch):
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(settings.home))
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(settings.catalogue))
    monkeypatch.setenv("DOC_ASSETS_THREADS", "2")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["validate", *arguments])

    return run


def test_the_command_proves_what_is_live_and_ends_with_the_line(store, source, loader, command):
    nothing = command()
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    snapshot = snapshot_of(loader, store, source)
    done = command()
    assert done.exit_code == 0
    assert "4 documents, 4 chunks, 4 vectors, 4 manifest rows proven, 0 wrong (1 snapshot in" in done.stderr
    rows = json.loads(command("--json", str(snapshot)).stdout)
    assert [(row["check"], row["snapshot"], row["passed"]) for row in rows] == [(c, snapshot, True) for c in CHECKS]


def test_the_command_fails_naming_the_damaged_row(store, source, loader, command):
    snapshot = snapshot_of(loader, store, source)
    source.write("guide-00.md", "# Other\n\nThe first guide is gone.\n")
    snapshot_of(loader, store, source)
    with store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET size = size + 1 WHERE snapshot_id = %s AND path = 'guide-00.md'",
                           (snapshot,))  # fmt: skip
    assert command().exit_code == 0
    for arguments in (["--all"], ["--snapshot", str(snapshot)], [str(snapshot)]):
        failed = command(*arguments)
        assert failed.exit_code == 1
        assert f"file_checksum: file guide-00.md in snapshot {snapshot} of best_practices/guides" in failed.stderr


def test_the_command_compares_the_sources_on_request(store, source, loader, command):
    snapshot_of(loader, store, source)
    assert command("--source").exit_code == 0
    source.write("guide-00.md", "# Other\n")
    assert command().exit_code == 0
    failed = command("--source", "--json")
    assert failed.exit_code == 1
    answer = json.loads(failed.stdout)
    assert (answer["wrong"], answer["sources"][0]["changed"]) == (0, ["guide-00.md"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7"], "snapshot 7 does not exist"),
        (["--partition", "rust/none"], "not live"),
        (["7", "--source"], "ids choose single snapshots"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(command, arguments, said):
    refused = command(*arguments)
    assert refused.exit_code == 2
    assert said in " ".join(refused.stderr.replace("│", " ").split())
