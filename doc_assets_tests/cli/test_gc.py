"""``doc-assets gc`` says what it frees, frees that, and refuses what makes no sense."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets_tests.support.memory_partitions import Shelf, kept


def test_the_command_frees_what_its_dry_run_said(store, monkeypatch):
    shelf = Shelf(store)
    published = shelf.publish_versions(3)
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)

    def gc(*options: str) -> dict:
        result = CliRunner().invoke(app, ["gc", "--keep", "2", *options, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    planned, freed = gc("--dry-run"), gc()
    assert planned["collected"] == freed["collected"] == {shelf.partition: published[:1]}
    assert planned["bytes"] == freed["bytes"] > 0
    plain = CliRunner().invoke(app, ["gc", "--keep", "1"])
    assert plain.exit_code == 0 and "freed 1 snapshots" in plain.stdout
    assert CliRunner().invoke(app, ["gc", "--keep", "-1"]).exit_code == 2
    assert kept(store) == published[2:]
