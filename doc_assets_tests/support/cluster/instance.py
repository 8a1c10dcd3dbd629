"""The Dagster instance of the manifests outside of a cluster: its dagster.yaml and environment, and a recording API."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import dagster as dg
import kubernetes
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import consume_new_runs_for_automatic_reexecution
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import ScheduleIterationTimes, launch_scheduled_runs
from dagster_graphql.schema import create_schema
from dagster_k8s.client import DagsterKubernetesClient

from doc_assets_tests.support import ROOT
from doc_assets_tests.support.cluster.code_location import code_location
from doc_assets_tests.support.manifests.schemas import problems

BASE = ROOT / "k8s" / "base"
IMAGE = "registry.example/doc-assets@sha256:" + "ab" * 32
NAMESPACE = "doc-assets"
LOG = logging.getLogger("daemon")
_schema = functools.cache(create_schema)  # 0.1 s of CPU
CATALOGUE = """
types:
  rust:
    sources:
      - {name: std, kind: directory, location: docs, weight: 3000, shards: 3}
      - {name: alloc, kind: directory, location: docs}
  ebpf:
    sources:
      - {name: guides, kind: directory, location: docs}
"""


def environment(database_url: str) -> dict[str, str]:
    """Return the variables that the manifests set in the pods of web server and daemon."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    (given,) = (of for of in kustomization["configMapGenerator"] if of["name"] == "doc-assets-environment")
    literals = dict(literal.split("=", 1) for literal in given.get("literals", ()))
    files = dict(file.split("=", 1) for file in given.get("files", ()))
    return {
        **literals,
        **{name: (BASE / path).read_text() for name, path in files.items()},
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_NAMESPACE": NAMESPACE,
    }


def reference(dagster_home: Path) -> InstanceRef:
    """Write the dagster.yaml of ConfigMap doc-assets-instance, and return the instance of it."""
    (dagster_home / "dagster.yaml").write_text((BASE / "dagster.yaml").read_text())
    return InstanceRef.from_dir(str(dagster_home))


@dataclass
class RecordingApi:
    """The two Kubernetes APIs of the launcher; keeps the Jobs that are created."""

    jobs: list[dict[str, Any]] = field(default_factory=list)

    def create_namespaced_job(self, body: kubernetes.client.V1Job, namespace: str, **_: object) -> object:
        """Keep the Job as JSON, if it is valid in Kubernetes 1.36."""
        assert namespace == NAMESPACE
        job = cast("dict[str, Any]", kubernetes.client.ApiClient().sanitize_for_serialization(body))
        assert problems(job) == []
        self.jobs.append(job)
        return body


@dataclass(kw_only=True)
class Daemon:
    """Instance and code location in this process; web server and daemon work on request."""

    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    _ticks: dict[str, ScheduleIterationTimes] = field(default_factory=dict)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the answer of the web server's GraphQL."""
        context = self.workspace.create_request_context()
        done = asyncio.run(_schema().execute_async(query, context_value=context, variable_values=variables))
        assert done.data is not None, done.errors
        assert not done.errors, done.errors
        return done.data

    def backfill(self, iterations: int = 1) -> None:
        """Submit the runs of requested backfills."""
        for _ in range(iterations):
            assert [error for error in execute_backfill_iteration(self.workspace, LOG) if error] == []

    def tick(self, until: datetime) -> None:
        """Evaluate the schedules that are due by then."""
        assert [error for error in launch_scheduled_runs(self.workspace, LOG, until, self._ticks) if error] == []

    def retry(self, run_id: str) -> dg.DagsterRun | None:
        """Queue and return the retry of a failed run; None if it is not retried."""
        record = self.instance.get_run_record_by_id(run_id)
        assert record is not None
        list(consume_new_runs_for_automatic_reexecution(self.workspace, [record], LOG))
        return next((run for run in self.instance.get_runs() if run.parent_run_id == run_id), None)

    def run(self, run_id: str) -> dg.DagsterRun:
        """Return a run in its current state."""
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def _launch_queued(self) -> None:
        daemon = QueuedRunCoordinatorDaemon(interval_seconds=5)
        assert [error for error in daemon.run_iteration(self.workspace) if error] == []

    def _cancel_all(self) -> None:
        """Cancel all runs, each of which would keep a place in the queue."""
        unfinished = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.QUEUED]
        for run in self.instance.get_runs(dg.RunsFilter(statuses=unfinished)):
            self.instance.report_run_canceled(run)


@dataclass(kw_only=True)
class Cluster(Daemon):
    """Instance, code location and recording API."""

    api: RecordingApi

    def dequeue(self) -> list[dict[str, Any]]:
        """Launch the next queued runs, and return their Jobs."""
        before = len(self.api.jobs)
        self._launch_queued()
        return self.api.jobs[before:]

    def run_of(self, job: dict[str, Any]) -> dg.DagsterRun:
        """Return the run that a Job is for."""
        return self.run(job["metadata"]["labels"]["doc-assets/run"])

    def finish_all(self) -> None:
        """Cancel all runs and forget all Jobs."""
        self._cancel_all()
        self.api.jobs.clear()


@contextmanager
def cluster_of(folder: Path, database_url: str, patch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Open a cluster with the catalogue above and nothing loaded."""
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text("# A\n\nText.\n")
    (folder / "sources.yaml").write_text(CATALOGUE)
    for name, value in environment(database_url).items():
        patch.setenv(name, value)
    patch.setenv("DOC_ASSETS_SCHEDULES", "on")  # as the overlays have it
    patch.setenv("DOC_ASSETS_CATALOGUE", str(folder / "sources.yaml"))
    patch.setenv("DOC_ASSETS_HOME", str(folder / "home"))
    patch.setattr(kubernetes.config, "load_incluster_config", lambda: None)
    origin = code_location(IMAGE, patch)
    api = RecordingApi()
    with (
        dg.DagsterInstance.from_ref(reference(folder)) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
    ):
        instance.run_launcher._api_client = DagsterKubernetesClient.production_client(  # pyrefly: ignore[missing-attribute]
            batch_api_override=api, core_api_override=api
        )
        yield Cluster(instance=instance, workspace=workspace, api=api)
