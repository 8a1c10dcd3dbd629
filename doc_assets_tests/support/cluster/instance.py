"""The cluster's Dagster instance outside of one: its own dagster.yaml and environment, and an API that records."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import dagster as dg
import kubernetes
import kubernetes_validate
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

BASE = ROOT / "k8s" / "base"
IMAGE = "registry.example/doc-assets@sha256:" + "ab" * 32
NAMESPACE = "doc-assets"
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
    """What the web server's and the daemon's pod are given by the manifests."""
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
    """The instance of ConfigMap doc-assets-instance."""
    (dagster_home / "dagster.yaml").write_text((BASE / "dagster.yaml").read_text())
    return InstanceRef.from_dir(str(dagster_home))


@dataclass
class RecordingApi:
    """Both APIs of Kubernetes that the launcher talks to; keeps the Jobs that it is given."""

    jobs: list[dict[str, Any]] = field(default_factory=list)

    def create_namespaced_job(self, body: kubernetes.client.V1Job, namespace: str, **_: object) -> object:
        """Keeps the Job as JSON, once Kubernetes 1.36 would take it."""
        assert namespace == NAMESPACE
        job = cast("dict[str, Any]", kubernetes.client.ApiClient().sanitize_for_serialization(body))
        kubernetes_validate.validate(job, "1.36", strict=True)
        self.jobs.append(job)
        return body


@dataclass
class Cluster:
    """Instance, code location and API, with the daemon's work done on request."""

    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    api: RecordingApi
    _ticks: dict[str, ScheduleIterationTimes] = field(default_factory=dict)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The answer of the web server's GraphQL."""
        done = asyncio.run(
            create_schema().execute_async(
                query, context_value=self.workspace.create_request_context(), variable_values=variables
            )
        )
        assert done.data is not None, done.errors
        return done.data

    def dequeue(self) -> list[dict[str, Any]]:
        """The Jobs of the queued runs whose turn it is now."""
        before = len(self.api.jobs)
        daemon = QueuedRunCoordinatorDaemon(interval_seconds=5)
        assert [error for error in daemon.run_iteration(self.workspace) if error] == []
        return self.api.jobs[before:]

    def backfill(self) -> None:
        """Lets the daemon submit the runs of requested backfills."""
        for _ in range(4):
            list(execute_backfill_iteration(self.workspace, logging.getLogger("backfill")))
            if not self.instance.get_backfills():
                return

    def tick(self, until: datetime) -> None:
        """Lets the daemon evaluate the schedules that are due by then."""
        log = logging.getLogger("schedules")
        errors = [error for error in launch_scheduled_runs(self.workspace, log, until, self._ticks) if error]
        assert errors == []

    def retry(self, run_id: str) -> dg.DagsterRun:
        """What the daemon starts in place of a failed run."""
        record = self.instance.get_run_record_by_id(run_id)
        assert record is not None
        list(consume_new_runs_for_automatic_reexecution(self.workspace, [record], logging.getLogger("retry")))
        (repeated,) = (run for run in self.instance.get_runs() if run.parent_run_id == run_id)
        return repeated

    def run_of(self, job: dict[str, Any]) -> dg.DagsterRun:
        """The run that a Job is for."""
        run = self.instance.get_run_by_id(job["metadata"]["labels"]["doc-assets/run"])
        assert run is not None
        return run

    def finish_all(self) -> None:
        """Leaves nothing behind that would keep a place in the queue."""
        for run in self.instance.get_runs(
            dg.RunsFilter(statuses=[*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.QUEUED])
        ):
            self.instance.report_run_canceled(run)
        self.api.jobs.clear()


@contextmanager
def cluster_of(folder: Path, database_url: str, patch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster with the catalogue above and nothing loaded."""
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
        instance.run_launcher._api_client = DagsterKubernetesClient.production_client(  # pyright: ignore[reportAttributeAccessIssue]
            batch_api_override=api, core_api_override=api
        )
        yield Cluster(instance, workspace, api)
