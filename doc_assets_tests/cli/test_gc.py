"""``doc-assets gc`` says what it frees, frees that, and refuses what makes no sense."""

from __future__ import annotations

import json

import dagster as dg
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.dagster.build import build_defs
from doc_assets.dagster.in_process_runs import open_instance
from doc_assets.settings import Settings
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
    assert plain.exit_code == 0 and "freed 1 snapshot with" in plain.stdout
    assert CliRunner().invoke(app, ["gc", "--keep", "-1"]).exit_code == 2
    assert kept(store) == published[2:]


def test_records_of_old_runs_go_on_request(store, tmp_path, monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    catalogue = tmp_path / "sources.yaml"
    catalogue.write_text("types: {ebpf: {sources: [{name: guide, kind: directory, location: docs}]}}")
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(catalogue))
    with open_instance(Settings.from_environment()) as instance:
        job = build_defs().resolve_job_def("migrate_ebpf")
        _, last = (instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE) for _ in range(2))

        def gc(*options: str) -> dict:
            result = CliRunner().invoke(app, ["gc", *options, "--json"])
            assert result.exit_code == 0, result.output
            return json.loads(result.stdout)

        assert "runs" not in gc()
        assert gc("--runs-days", "0", "--dry-run")["runs"] == 1
        assert gc("--runs-days", "1")["runs"] == 0
        assert gc("--runs-days", "0")["runs"] == 1
        assert [run.run_id for run in instance.get_runs()] == [last.run_id]
