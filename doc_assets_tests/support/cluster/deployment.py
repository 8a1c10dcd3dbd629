"""The deployment of ``k8s/base`` for tests: its Dagster instance and code location in this process, its runs as pods.

The API server is that of ``apiserver``; the launcher uses it as the daemon's ServiceAccount. The daemon works on
request, not by the clock. Replaced are the catalogue, the Secret with the database's URL, and the model: an
``Endpoint`` hashes.
"""

from __future__ import annotations

import json
import os
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import dagster_k8s.client
import kubernetes
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
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
from doc_assets_tests.support.cluster.instance import BASE, LOG, NAMESPACE, Daemon, reference
from doc_assets_tests.support.manifests.rendering import render
from doc_assets_tests.support.manifests.workloads import named

IMAGE = "doc-assets:dev"
DAEMON = "doc-assets-dagster"
# Variables of the image that concern the project. Its DAGSTER_HOME holds the dagster.yaml of the repository, here the
# checkout; HOME is this machine's.
IMAGE_ENVIRONMENT = {
    "DAGSTER_HOME": str(ROOT),
    "DOC_ASSETS_HOME": "/var/lib/doc-assets",
    "TMPDIR": "/tmp",  # noqa: S108 - the mount path of the manifests
    "HOME": os.environ.get("HOME", "/root"),
    "PYTHONPATH": str(ROOT),
    "NO_PROXY": "127.0.0.1",
}


def secret(name: str, **values: str) -> Json:
    """Return a Secret with plain text."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


@dataclass(kw_only=True)
class Cluster(Daemon):
    """API server, instance and code location, and the daemon's work on request."""

    server: ApiServer
    endpoint: Endpoint
    store: Store

    # Actions of a user.

    def launch(self, partition: str, **tags: str) -> str:
        """Queue a load of a partition by its name, as ``dagster job launch`` does; return the run id."""
        doc_type, _, key = partition.partition("/")
        return self.launch_job(f"migrate_{doc_type}", {}, **{"dagster/partition": key, **tags})

    def launch_job(self, job: str, config: Json, **tags: str) -> str:
        """Queue a run of a job; return the run id."""
        params = {
            "selector": {**self.repository, "jobName": job},
            "runConfigData": json.dumps(config),
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        done = self.ask(_LAUNCH, params=params)["launchRun"]
        assert done["__typename"] == "LaunchRunSuccess", done
        return done["run"]["runId"]

    def terminate(self, run_id: str) -> None:
        """Terminate a run, as the UI's button does."""
        done = self.ask(_TERMINATE, run=run_id)["terminateRun"]
        assert done["__typename"] == "TerminateRunSuccess", done

    def start_schedule(self, name: str) -> None:
        """Start a schedule."""
        (location,) = self.workspace.create_request_context().code_locations
        self.instance.start_schedule(location.get_repository("__repository__").get_schedule(name))

    @property
    def repository(self) -> dict[str, str]:
        """Return the name of the definitions in GraphQL."""
        return {"repositoryLocationName": LOCATION, "repositoryName": "__repository__"}

    # Work of the daemon.

    def dequeue(self) -> None:
        """Launch the next queued runs."""
        self._launch_queued()

    def monitor(self) -> None:
        """Check every run that is in progress once."""
        assert [error for error in execute_run_monitoring_iteration(self.workspace, LOG) if error] == []

    # State that tests inspect.

    def run_ids(self) -> list[str]:
        """Return the ids of all runs."""
        return [run.run_id for run in self.instance.get_runs()]

    def status(self, run_id: str) -> str:
        """Return the status of a run."""
        return self.run(run_id).status.value

    def messages(self, run_id: str) -> str:
        """Return the events of a run, with errors and their causes."""
        texts = []
        for entry in self.instance.all_logs(run_id):
            texts.append(entry.message)
            event = entry.dagster_event
            if event is not None and event.is_engine_event and event.engine_event_data.error is not None:
                texts.append(event.engine_event_data.error.to_string())
        return "\n".join(texts)

    def job_of(self, run_id: str) -> Json:
        """Return the Job of a run.

        Raises:
            Refusal: 404, it has none.
        """
        return self.server.job(job_name(run_id))

    def finished(self, run_id: str) -> str:
        """Wait until the Job of a run ends; return the status of the run."""
        self.server.finished_job(job_name(run_id))
        return self.status(run_id)

    def query(self, statement: str, *values: object) -> list[tuple]:
        """Return rows of the database that is loaded into."""
        with self.store.connect() as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def embedded(self) -> set[bytes]:
        """Return the ids of the chunks whose vectors are committed."""
        with self.store.connect() as connection:
            spaces = connection.execute("SELECT id FROM embedding_space").fetchall()
            (rows,) = (
                connection.execute(sql.SQL("SELECT chunk_id FROM {}").format(table_of(space))).fetchall()
                for (space,) in spaces
            )
        return {bytes(chunk) for (chunk,) in rows}

    def until_embedded(self, chunks: int) -> set[bytes]:
        """Wait until so many chunks are committed; return their ids."""
        deadline = time.monotonic() + LONG
        while len(found := self.embedded()) < chunks:
            assert time.monotonic() < deadline, f"{len(found)} of {chunks} chunks committed\n{self.server.logs()}"
            time.sleep(0.1)
        return found

    def live(self, partition: str) -> int:
        """Return the number of documents that readers of a partition find, by its name."""
        rows = self.query("SELECT count(*) FROM live_document WHERE doc_type || '/' || key = %s", partition)
        return rows[0][0]

    def clear(self) -> None:
        """Remove all pods and Jobs, and cancel all runs."""
        self.endpoint.go_on()
        self.server.clear()
        self._cancel_all()


def job_name(run_id: str) -> str:
    """Return the name of the Job of a run."""
    return f"dagster-run-{run_id}"


_LAUNCH = """mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message } ... on RunConfigValidationInvalid { errors { message } } }
}"""
_TERMINATE = """mutation ($run: String!) { terminateRun(runId: $run) {
    __typename ... on TerminateRunFailure { message } ... on PythonError { message } } }"""


@contextmanager
def cluster_of(folder: Path, database_url: str, catalogue: str, owners_url: str | None = None) -> Iterator[Cluster]:
    """Open a cluster with nothing loaded; ``catalogue`` is the sources.yaml of its ConfigMap.

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
                dg.DagsterInstance.from_ref(reference(folder)) as instance,
                WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
            ):
                try:
                    yield Cluster(server=server, endpoint=endpoint, instance=instance, workspace=workspace, store=store)
                finally:
                    endpoint.close()


def _manifests(database_url: str, catalogue: str, endpoint: Endpoint) -> list[Json]:
    manifests = render(BASE)
    named(manifests, "ConfigMap", "doc-assets-sources")["data"]["sources.yaml"] = catalogue
    named(manifests, "ConfigMap", "doc-assets-environment")["data"] |= {
        **endpoint.settings,
        # One parse worker per pod: each costs two seconds of imports.
        "DOC_ASSETS_RUN_PODS": "default: {requests: {cpu: 1}, limits: {cpu: 1}}",
    }
    return [*manifests, secret("doc-assets-database", DOC_ASSETS_DATABASE_URL=database_url)]


def _enter_daemon_pod(
    folder: Path, database_url: str, catalogue: str, server: ApiServer, patch: pytest.MonkeyPatch
) -> None:
    """Give this process the environment of the daemon's pod."""
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
    kubeconfig = server.kubeconfig(folder / "kubeconfig", DAEMON)
    patch.setattr(
        kubernetes.config, "load_incluster_config", lambda: kubernetes.config.load_kube_config(str(kubeconfig))
    )
    # It waits for 10 s between two attempts of a request.
    patch.setattr(dagster_k8s.client, "time", types.SimpleNamespace(sleep=lambda _: None, time=time.time))
