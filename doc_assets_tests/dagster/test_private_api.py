"""Names every private or undocumented part of Dagster that the product uses, so that an upgrade says what has moved."""

from __future__ import annotations

import ast
import functools
import importlib
import re

import dagster as dg
import pytest

from doc_assets_tests.support import ROOT

PACKAGE = ROOT / "doc_assets"
# What is imported, and what for.
IMPORTED = {
    "dagster._core.definitions.assets.job.asset_job.IMPLICIT_ASSET_JOB_NAME": "runs of an asset's page",
    "dagster._core.definitions.job_base.InMemoryJob": "runs in this process",
    "dagster._core.execution.api.execute_run": "runs in this process that have an origin",
    "dagster._core.remote_origin.RegisteredCodeLocationOrigin": "runs of this process on the pages of their job",
    "dagster._core.remote_origin.RemoteJobOrigin": "the same",
    "dagster._core.remote_origin.RemoteRepositoryOrigin": "the same",
    "dagster._core.instance.ref.InstanceRef": "opening an instance whose settings we override",
    "dagster._core.storage.compute_log_manager.CapturedLogContext": "the command that reads a pod's log, in the UI",
    "dagster._core.storage.compute_log_manager.LogRetrievalShellCommand": "the same",
    "dagster._core.storage.event_log.schema.AssetCheckExecutionsTable": "results of checks of a run that is deleted",
    "dagster._core.storage.event_log.sql_event_log.SqlEventLogStorage": "the same",
    "dagster._core.storage.local_compute_log_manager.LocalComputeLogManager": "step logs below DOC_ASSETS_HOME",
    "dagster._core.storage.noop_compute_log_manager.NoOpComputeLogManager": "runs whose output is not captured",
    "dagster._core.storage.tags.BACKFILL_ID_TAG": "the order of a backfill's runs",
    "dagster._core.storage.tags.MAX_RETRIES_TAG": "runs that must not be tried again",
    "dagster._core.storage.tags.PRIORITY_TAG": "the order of a backfill's runs",
    "dagster._serdes.ConfigurableClassData": "classes that dagster.yaml names",
}
# Reached without a private import, and as undocumented.
REACHED = {
    "dagster._core.instance.ref.InstanceRef.from_dir": "opening an instance whose settings we override",
    "dagster.DagsterInstance.from_ref": "opening an instance whose settings we override",
    "dagster.DagsterInstance.optimize_for_webserver": "one connection for all events of a run",
    "dagster.DagsterInstance.create_run_for_job": "runs of this process on the pages of their job",
    "dagster_postgres.event_log.PostgresEventLogStorage.has_table": "asking for a table once",
    "dagster_postgres.run_storage.PostgresRunStorage.has_run_stats_index_cols": "asking for columns once",
    "dagster_postgres.run_storage.PostgresRunStorage.has_backfill_id_column": "the same",
    "dagster.JobDefinition.as_ephemeral_job": "runs in this process",
    "dagster.DagsterInstance.add_run_tags": "labels and sizes of a run",
    "dagster.Definitions.resolve_job_def": "runs in this process",
    "dagster.QueuedRunCoordinator._instance": "labels and sizes of a run",
    "dagster_k8s.container_context.K8sContainerContext.merge": "labels and sizes of a run's pod",
    "dagster_k8s.job.UserDefinedDagsterK8sConfig.from_dict": "labels and sizes of a run's pod",
    "dagster_k8s.job.get_user_defined_k8s_config": "labels and sizes of a run's pod",
}
# Set by the class's __init__.
ATTRIBUTES = {
    "dagster.QueuedRunCoordinator._logger": "a warning about a catalogue that cannot be read",
    "dagster_postgres.event_log.PostgresEventLogStorage._engine": "connections that outlast a restart of the server",
    "dagster_postgres.run_storage.PostgresRunStorage._engine": "connections that outlast a restart of the server",
    "dagster_postgres.schedule_storage.PostgresScheduleStorage._engine": "connections that outlast a restart",
}


def _part(name: str) -> object:
    """The longest importable module of a dotted name, and from there attributes."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return functools.reduce(getattr, parts[length:], module)
    raise AttributeError(name)


def _moved(name: str, purpose: str) -> str:
    return (
        f"Dagster {dg.__version__} has no {name} any more, which is used for {purpose}: look where it went, mend "
        "doc_assets/dagster, and this list"
    )


@pytest.mark.parametrize(("name", "purpose"), (IMPORTED | REACHED).items())
def test_dagster_still_has_what_we_reach_for(name: str, purpose: str) -> None:
    try:
        _part(name)
    except AttributeError:
        pytest.fail(_moved(name, purpose))


@pytest.mark.parametrize(("name", "purpose"), ATTRIBUTES.items())
def test_dagster_still_sets_the_attributes_we_reach_for(name: str, purpose: str) -> None:
    cls, attribute = name.rsplit(".", 1)
    try:
        its_names = _part(f"{cls}.__init__").__code__.co_names  # pyrefly: ignore[missing-attribute]
    except AttributeError:
        its_names = ()
    assert attribute in its_names, _moved(name, purpose)


def test_the_list_is_what_is_imported_and_in_one_module_only() -> None:
    tree = ast.parse((PACKAGE / "dagster" / "private_api.py").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
    taken = {f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    assert {name for name in taken if name.startswith("dagster")} == set(IMPORTED)
    private = re.compile(r"\bdagster\w*(\.\w+)*\._\w")
    assert [p.name for p in PACKAGE.rglob("*.py") if private.search(p.read_text())] == ["private_api.py"]
