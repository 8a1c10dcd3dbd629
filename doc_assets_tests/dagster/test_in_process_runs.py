"""Partitions that are run inside this process."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import OperationalError

from doc_assets.catalogue import Catalogue
from doc_assets.dagster import in_process_runs
from doc_assets.dagster.assets import BATCH_TAG, _batch_of_call
from doc_assets.dagster.in_process_runs import open_instance, run_partition
from doc_assets.errors import DocAssetsError, SourceError, StoreError, StoreUnavailable
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.settings import Settings
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.fake_library import NOTHING, STAGED, FakeLibrary


def load(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue, instance: dg.DagsterInstance
) -> LoadResult:
    survey = Survey(catalogue.find_partition("rust/tokio"), None, NOTHING, None)
    return run_partition(survey, instance=instance, definitions=definitions)


def test_a_run_returns_the_loaders_result_and_prints_nothing(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue, capfd: pytest.CaptureFixture[str]
) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = load(definitions, library, catalogue, instance)
    assert (result.result, result.snapshot) == ("published", STAGED)
    assert library.calls[0] == "stage"
    assert capfd.readouterr() == ("", "")
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.tags["dagster/partition"] == "tokio"


def test_a_run_is_listed_with_its_job_and_can_be_repeated_from_there(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue
) -> None:
    """The UI finds runs of a job by the code location, which ``dagster dev`` names after the module."""
    instance = dg.DagsterInstance.ephemeral()
    load(definitions, library, catalogue, instance)
    (run,) = instance.get_runs(dg.RunsFilter(tags={".dagster/repository": "__repository__@doc_assets.definitions"}))
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.job_name == run.job_name == "migrate_rust"
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["python_module"]["module_name"] == in_process_runs.CODE_LOCATION
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert project["code_location_name"] == in_process_runs.CODE_LOCATION, "dg would name it after the distribution"


def test_a_run_that_repeats_one_of_a_dead_process_is_left_alone_and_is_of_no_batch(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue
) -> None:
    instance = dg.DagsterInstance.ephemeral()
    load(definitions, library, catalogue, instance)
    (first,) = instance.get_runs()
    again = instance.create_run_for_job(
        definitions.resolve_job_def("migrate_rust"),
        status=dg.DagsterRunStatus.STARTED,
        tags={**first.tags, "doc_assets/process": str(2**22 + 1), BATCH_TAG: "b"},
        parent_run_id=first.run_id,
        root_run_id=first.run_id,
    )
    load(definitions, library, catalogue, instance)
    kept = instance.get_run_by_id(again.run_id)
    assert kept is not None
    assert kept.status == dg.DagsterRunStatus.STARTED
    assert _batch_of_call(kept) is None


def test_a_rejected_load_is_a_result_and_a_failed_run(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue, capfd: pytest.CaptureFixture[str]
) -> None:
    library.failing = {"counts": ["row"]}
    instance = dg.DagsterInstance.ephemeral()
    result = load(definitions, library, catalogue, instance)
    assert result.result == "rejected"
    assert capfd.readouterr() == ("", "")
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_a_refused_load_is_a_result_with_its_sentence(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue
) -> None:
    library.refusal = "too many documents would vanish"
    result = load(definitions, library, catalogue, dg.DagsterInstance.ephemeral())
    assert (result.result, result.error) == ("rejected", library.refusal)


def test_dagsters_records_that_cannot_be_written_lose_no_result(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("server closed the connection"))

    instance = dg.DagsterInstance.ephemeral()
    execute = in_process_runs.execute_run
    monkeypatch.setattr("doc_assets.dagster.in_process_runs.execute_run", cut)
    with pytest.raises(StoreError, match=r"Dagster recorded the run of rust/tokio: server closed"):
        load(definitions, library, catalogue, instance)

    def cut_after_publishing(*run: Any, **how: Any) -> None:
        execute(*run, **how)
        cut()

    monkeypatch.setattr("doc_assets.dagster.in_process_runs.execute_run", cut_after_publishing)
    assert load(definitions, library, catalogue, instance).result == "published"


def test_an_error_of_the_library_comes_out_as_it_is(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue
) -> None:
    library.error = SourceError("no route to host")
    with pytest.raises(SourceError, match=r"^no route to host$"):
        load(definitions, library, catalogue, dg.DagsterInstance.ephemeral())


def test_a_run_that_a_killed_process_left_open_is_closed_by_the_next(
    definitions: dg.Definitions, library: FakeLibrary, catalogue: Catalogue
) -> None:
    instance = dg.DagsterInstance.ephemeral()
    load(definitions, library, catalogue, instance)
    (first,) = instance.get_runs()
    dead = instance.create_run_for_job(
        definitions.resolve_job_def("migrate_rust"),
        status=dg.DagsterRunStatus.STARTED,
        tags={**first.tags, "doc_assets/process": str(2**22 + 1)},  # above the largest pid of Linux
    )
    load(definitions, library, catalogue, instance)
    closed = instance.get_run_by_id(dead.run_id)
    assert closed is not None
    assert closed.status == dg.DagsterRunStatus.FAILURE


def test_an_instance_that_starts_its_runs_in_kubernetes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its daemon would mark a run of this process failed, because it finds no Kubernetes Job of it."""
    (tmp_path / "dagster.yaml").write_text(
        "run_launcher: {module: dagster_k8s, class: K8sRunLauncher, config: {service_account_name: a}}\n"
    )
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(DocAssetsError, match="dagster job launch"), open_instance(Settings.from_environment()):
        pass


def test_dagster_home_that_is_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "absent"))
    with pytest.raises(DocAssetsError, match="absent' is not a folder"), open_instance(Settings.from_environment()):
        pass


def test_an_instance_whose_database_does_not_answer_is_named_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_reference: object) -> dg.DagsterInstance:
        raise DagsterPostgresException("too many retries for DB connection")

    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(dg.DagsterInstance, "from_ref", refuse)
    with pytest.raises(StoreUnavailable, match="unset DAGSTER_HOME"), open_instance(Settings.from_environment()):
        pass
