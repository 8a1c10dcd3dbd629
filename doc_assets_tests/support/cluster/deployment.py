"""What ``k8s/base`` deploys, for tests: its Dagster instance and code location in this process, its runs as pods.

The API server is the one of ``apiserver``; the launcher talks to it as the daemon's ServiceAccount. What the daemon
does by the clock is done on request. Replaced are the catalogue, the Secret with the database's URL, and the model: an
``Endpoint`` hashes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_k8s.client
import kubernetes
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import consume_new_runs_for_automatic_reexecution
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import ScheduleIterationTimes, launch_scheduled_runs
from dagster_graphql.schema import create_schema
from psycopg import sql

from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store
from doc_assets.store.spaces.spaces import table_of
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.apiserver import ApiServer, Json
from doc_assets_tests.support.apiserver.answers import CONFIG_MAPS
from doc_assets_tests.support.cluster.code_location import LOCATION, code_location
from doc_assets_tests.support.cluster.endpoint import LONG, Endpoint
from doc_assets_tests.support.manifests.rendering import render

NAMESPACE = "doc-assets"
IMAGE = "doc-assets:dev"
DAEMON = "doc-assets-dagster"
# What the image sets, as far as it concerns the project. Its DAGSTER_HOME holds the dagster.yaml of the repository, and
# here that is the checkout; HOME is this machine's.
IMAGE_ENVIRONMENT = {
    "DAGSTER_HOME": str(ROOT),
    "DOC_ASSETS_HOME": "/var/lib/doc-assets",
    "TMPDIR": "/tmp",  # noqa: S108 - the mount path of the manifests
    "HOME": os.environ.get("HOME", "/root"),
    "PYTHONPATH": str(ROOT),
    "NO_PROXY": "127.0.0.1",
}
_log = logging.getLogger("daemon")


def secret(name: str, **values: str) -> Json:
    """A Secret as plain text."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


@dataclass
class Cluster:
    """API server, instance and code location, and the daemon's work on request."""

    server: ApiServer
    endpoint: Endpoint
    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    store: Store
    _ticks: dict[str, ScheduleIterationTimes] = field(default_factory=dict)

    # What a user does.

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The answer of the web server's GraphQL."""
        context = self.workspace.create_request_context()
        done = asyncio.run(create_schema().execute_async(query, context_value=context, variable_values=variables))
        assert done.data is not None, done.errors
        assert not done.errors, done.errors
        return done.data

    def launch(self, partition: str, **tags: str) -> str:
        """Queues a load of a partition (``type/key``), as ``dagster job launch`` does; its run id."""
        doc_type, _, key = partition.partition("/")
        return self.launch_job(f"migrate_{doc_type}", {}, **{"dagster/partition": key, **tags})

    def launch_job(self, job: str, config: Json, **tags: str) -> str:
        """Queues a run of any job; its run id."""
        params = {
            "selector": {**self.repository, "jobName": job},
            "runConfigData": json.dumps(config),
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        done = self.ask(_LAUNCH, params=params)["launchRun"]
        assert done["__typename"] == "LaunchRunSuccess", done
        return done["run"]["runId"]

    def terminate(self, run_id: str) -> None:
        """As the UI's button does."""
        done = self.ask(_TERMINATE, run=run_id)["terminateRun"]
        assert done["__typename"] == "TerminateRunSuccess", done

    def start_schedule(self, name: str) -> None:
        """From now on it is due at its times."""
        (location,) = self.workspace.create_request_context().code_locations
        self.instance.start_schedule(location.get_repository("__repository__").get_schedule(name))

    @property
    def repository(self) -> dict[str, str]:
        """How GraphQL names the definitions."""
        return {"repositoryLocationName": LOCATION, "repositoryName": "__repository__"}

    # What the daemon does.

    def dequeue(self) -> None:
        """Launches the queued runs whose turn it is."""
        daemon = QueuedRunCoordinatorDaemon(interval_seconds=5)
        assert [error for error in daemon.run_iteration(self.workspace) if error] == []

    def monitor(self) -> None:
        """One look at every run that is in progress."""
        assert [error for error in execute_run_monitoring_iteration(self.workspace, _log) if error] == []

    def backfill(self) -> None:
        """Submits the runs of requested backfills."""
        assert [error for error in execute_backfill_iteration(self.workspace, _log) if error] == []

    def tick(self, until: datetime) -> None:
        """Evaluates the schedules that are due by then."""
        assert [error for error in launch_scheduled_runs(self.workspace, _log, until, self._ticks) if error] == []

    def retry(self, run_id: str) -> dg.DagsterRun | None:
        """Queues what is to be run in place of a failed run; None if nothing is."""
        record = self.instance.get_run_record_by_id(run_id)
        assert record is not None
        list(consume_new_runs_for_automatic_reexecution(self.workspace, [record], _log))
        return next((run for run in self.instance.get_runs() if run.parent_run_id == run_id), None)

    # What a test looks at.

    def run(self, run_id: str) -> dg.DagsterRun:
        """A run as it is now."""
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def run_ids(self) -> list[str]:
        """Of all runs."""
        return [run.run_id for run in self.instance.get_runs()]

    def status(self, run_id: str) -> str:
        """As the UI shows it."""
        return self.run(run_id).status.value

    def messages(self, run_id: str) -> str:
        """What the UI tells about a run, errors and their causes included."""
        told = []
        for entry in self.instance.all_logs(run_id):
            told.append(entry.message)
            event = entry.dagster_event
            if event is not None and event.is_engine_event and event.engine_event_data.error is not None:
                told.append(event.engine_event_data.error.to_string())
        return "\n".join(told)

    def job_of(self, run_id: str) -> Json:
        """The Job of a run.

        Raises:
            Refusal: 404, there is none.
        """
        return self.server.job(job_name(run_id))

    def finished(self, run_id: str) -> str:
        """The status of a run whose Job has come to its end."""
        self.server.finished_job(job_name(run_id))
        return self.status(run_id)

    def query(self, statement: str, *values: object) -> list[tuple]:
        """Rows of the database that is loaded into."""
        with self.store.connect() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def embedded(self) -> set[bytes]:
        """The ids of the chunks whose vectors are committed."""
        with self.store.connect() as connection:
            spaces = connection.execute("SELECT id FROM embedding_space").fetchall()
            (rows,) = (
                connection.execute(sql.SQL("SELECT chunk_id FROM {}").format(table_of(space))).fetchall()
                for (space,) in spaces
            )
        return {bytes(chunk) for (chunk,) in rows}

    def until_embedded(self, chunks: int) -> set[bytes]:
        """What is committed once it is so many chunks."""
        deadline = time.monotonic() + LONG
        while len(found := self.embedded()) < chunks:
            assert time.monotonic() < deadline, f"{len(found)} of {chunks} chunks committed\n{self.server.logs()}"
            time.sleep(0.1)
        return found

    def live(self, partition: str) -> int:
        """Documents that readers of a partition (``type/key``) find."""
        rows = self.query("SELECT count(*) FROM live_document WHERE doc_type || '/' || key = %s", partition)
        return rows[0][0]

    def clear(self) -> None:
        """Leaves no pod, no Job, and no run that would keep a place in the queue."""
        self.endpoint.go_on()
        self.server.clear()
        unfinished = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.QUEUED]
        for run in self.instance.get_runs(dg.RunsFilter(statuses=unfinished)):
            self.instance.report_run_canceled(run)


def job_name(run_id: str) -> str:
    """As the launcher names it."""
    return f"dagster-run-{run_id}"


_LAUNCH = """mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message } ... on RunConfigValidationInvalid { errors { message } } }
}"""
_TERMINATE = """mutation ($run: String!) { terminateRun(runId: $run) {
    __typename ... on TerminateRunFailure { message } ... on PythonError { message } } }"""


@contextmanager
def cluster_of(folder: Path, database_url: str, catalogue: str, owners_url: str | None = None) -> Iterator[Cluster]:
    """A cluster with nothing loaded; ``catalogue`` is the sources.yaml of its ConfigMap.

    Args:
        folder: For its files.
        database_url: Of the role that loads.
        catalogue: YAML.
        owners_url: Of the schema's owner, by default the same.
    """
    with pytest.MonkeyPatch.context() as patch:
        endpoint = Endpoint()
        manifests = _manifests(database_url, catalogue, endpoint)
        manifests.append(secret("doc-assets-database-owner", DOC_ASSETS_DATABASE_URL=owners_url or database_url))
        with ApiServer(manifests, IMAGE_ENVIRONMENT, namespace=NAMESPACE, forks=True) as server:
            _enter_daemon_pod(folder, database_url, catalogue, server, patch)
            origin = code_location(IMAGE, patch)
            with (
                open_store(Settings.from_environment()) as store,
                dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder))) as instance,
                WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
            ):
                try:
                    yield Cluster(server, endpoint, instance, workspace, store)
                finally:
                    endpoint.close()


def _manifests(database_url: str, catalogue: str, endpoint: Endpoint) -> list[Json]:
    manifests = render(ROOT / "k8s" / "base")
    for manifest in manifests:
        if manifest["kind"] == "ConfigMap" and manifest["metadata"]["name"] == "doc-assets-sources":
            manifest["data"]["sources.yaml"] = catalogue
        elif manifest["kind"] == "ConfigMap" and manifest["metadata"]["name"] == "doc-assets-environment":
            manifest["data"] |= {
                "DOC_ASSETS_EMBEDDING_BACKEND": "http",
                "DOC_ASSETS_EMBEDDING_URL": endpoint.url,
                # One parse worker per pod: each costs two seconds of imports.
                "DOC_ASSETS_RUN_PODS": "default: {requests: {cpu: 1}, limits: {cpu: 1}}",
            }
    return [*manifests, secret("doc-assets-database", DOC_ASSETS_DATABASE_URL=database_url)]


def _enter_daemon_pod(
    folder: Path, database_url: str, catalogue: str, server: ApiServer, patch: pytest.MonkeyPatch
) -> None:
    """Makes this process what the manifests make of the daemon's pod."""
    settings = server.state.require(CONFIG_MAPS, NAMESPACE, "doc-assets-environment")["data"]
    (folder / "sources.yaml").write_text(catalogue)
    own = {
        **settings,
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_NAMESPACE": NAMESPACE,
        "DOC_ASSETS_CATALOGUE": str(folder / "sources.yaml"),
        "DOC_ASSETS_HOME": str(folder / "home"),
        "DAGSTER_HOME": str(folder),
    }
    for name, value in own.items():
        patch.setenv(name, value)
    (folder / "dagster.yaml").write_text((ROOT / "k8s" / "base" / "dagster.yaml").read_text())
    kubeconfig = server.kubeconfig(folder / "kubeconfig", DAEMON)
    patch.setattr(
        kubernetes.config, "load_incluster_config", lambda: kubernetes.config.load_kube_config(str(kubeconfig))
    )
    # Between two tries of a request it waits for 10 s.
    patch.setattr(dagster_k8s.client, "time", types.SimpleNamespace(sleep=lambda _: None, time=time.time))
