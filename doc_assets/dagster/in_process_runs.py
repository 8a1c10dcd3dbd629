"""Runs of the jobs inside this process, started by ``doc-assets migrate`` and recorded in Dagster like any other run.

Partitions loaded by one process share imports, definitions, parse workers and the model. The steps of a run are in
``assets``; ``batch_load`` selects the partitions, and ``worker_processes`` distributes them over processes.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import psutil
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import DBAPIError

from doc_assets.catalogue import Partition
from doc_assets.dagster.assets import BATCH_TAG
from doc_assets.dagster.library import InProcessRun
from doc_assets.dagster.private_api import (
    InMemoryJob,
    InstanceRef,
    NoOpComputeLogManager,
    execute_run,
    job_origin,
    remember_what_is_there,
)
from doc_assets.dagster.storage import reconnect_after_restarts
from doc_assets.errors import AuditFailed, ConfigurationError, PublicationRefused, Stopped, StoreUnavailable
from doc_assets.secrets import mask
from doc_assets.settings import Settings
from doc_assets.store.database.retries import Retries, RetryPolicy

if TYPE_CHECKING:
    from doc_assets.ingest.loader import Survey
    from doc_assets.ingest.result import LoadResult

_log = logging.getLogger(__name__)
_HOST_TAG, _PROCESS_TAG = "doc_assets/host", "doc_assets/process"
# As ``dagster dev`` calls the module of workspace.yaml, and ``dg dev`` that of pyproject.toml.
CODE_LOCATION = "doc_assets.definitions"

# Steps' output is not captured: the processes that mirror it cost a run 0.2 s, and would overwrite the progress.
_NO_COMPUTE_LOGS = {
    "compute_logs": {"module": NoOpComputeLogManager.__module__, "class": "NoOpComputeLogManager", "config": {}}
}
_OWN_COMPUTE_LOGS = {
    "compute_logs": {"module": "doc_assets.dagster.storage", "class": "DocAssetsComputeLogManager", "config": {}}
}
_OWN_INSTANCE = {
    "storage": {"custom": {"module": "doc_assets.dagster.storage", "class": "DocAssetsStorage", "config": {}}},
    "telemetry": {"enabled": False},
}


@contextmanager
def open_instance(settings: Settings, *, starts_runs: bool = True) -> Iterator[dg.DagsterInstance]:
    """Open the instance of ``DAGSTER_HOME``, else one on our own database with its files under ``home/dagster``.

    ``dagster dev`` shows the same instance if started with the same environment. A ``DAGSTER_HOME`` without
    ``dagster.yaml``, as in the image when none is mounted, is ignored.

    Args:
        settings: The settings.
        starts_runs: False to read or delete records only: with the instance's own step logs, whatever its launcher.

    Raises:
        ConfigurationError: The instance starts its runs in Kubernetes, or ``DAGSTER_HOME`` is not a folder.
        StoreUnavailable: The database of ``DAGSTER_HOME`` does not answer.
    """
    named = os.environ.get("DAGSTER_HOME")
    folder = Path(named).expanduser() if named else settings.home / "dagster"
    if named and not folder.is_dir():
        raise ConfigurationError(
            f"DAGSTER_HOME={named!r} is not a folder: create it, or unset it to use {settings.home}"
        )
    overrides = _NO_COMPUTE_LOGS if starts_runs else {}
    if not (folder / "dagster.yaml").is_file():
        folder = settings.home / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        overrides = _OWN_INSTANCE | (_NO_COMPUTE_LOGS if starts_runs else _OWN_COMPUTE_LOGS)
    reference = InstanceRef.from_dir(str(folder), overrides=overrides)
    launcher = reference.run_launcher_data
    if starts_runs and launcher is not None and launcher.class_name == "K8sRunLauncher":
        # Its daemon finds no Kubernetes Job for our run, and marks it as failed while it works.
        raise ConfigurationError(
            f"the Dagster instance of {folder} starts its runs in Kubernetes: submit one there with dagster job "
            "launch, or unset DAGSTER_HOME to load from this machine"
        )
    try:
        opened = dg.DagsterInstance.from_ref(reference)
    except (DagsterPostgresException, DBAPIError) as error:
        raise StoreUnavailable(
            f"the database of the Dagster instance of {folder} does not answer ({mask(str(error))}): start it, or "
            "unset DAGSTER_HOME to record runs beside the documents"
        ) from error
    with opened as instance:
        # By default dagster-postgres connects for each of a run's 30 events; a pool saves 0.8 s a run.
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=30, max_overflow=4)
        remember_what_is_there(instance.run_storage, instance.event_log_storage)
        reconnect_after_restarts(instance, Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait)))
        yield instance


def run_partition(
    survey: Survey,
    *,
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> LoadResult:
    """Load a surveyed partition, changed or not, by the job ``migrate_<type>``; prints nothing.

    ``instance`` (from ``open_instance``) records the run; ``definitions`` come from ``build_defs``, once per process.

    Returns:
        The loader's result; ``rejected`` if a check failed or a guard refused to publish.

    Raises:
        DocAssetsError: The load failed; the error that the library raised.
        Stopped: A stop was requested; the next load resumes from what was committed.
    """
    partition, in_process_run = survey.partition, InProcessRun(survey)
    config = {"limit": survey.limit, "force": True, "allow_deletions": allow_deletions}
    job = definitions.resolve_job_def(f"migrate_{partition.doc_type}")
    _close_dead_runs(instance, job.name, partition)
    passing = {"in_process_run": dg.ResourceDefinition.hardcoded_resource(in_process_run)}
    job = job.as_ephemeral_job(resource_defs=passing, input_values={})
    try:
        # What ``job.execute_in_process`` does, but with the origin: without it the run is on no page of its job.
        run = instance.create_run_for_job(
            job_def=job,
            run_config={
                "ops": {partition.doc_type: {"config": config}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            tags={**job.run_tags, "dagster/partition": partition.key, **_tags(batch_id)},
            remote_job_origin=job_origin(CODE_LOCATION, job.name),
        )
        execute_run(InMemoryJob(job), run, instance, raise_on_error=True)
    except dg.Failure as failure:
        if not isinstance(failure.__cause__, AuditFailed | PublicationRefused):
            raise failure.__cause__ or failure from None
    except dg.DagsterExecutionInterruptedError as interruption:
        raise Stopped(
            f"the load of {partition.name} was stopped on request; running it again resumes"
        ) from interruption
    except DBAPIError as error:
        # Dagster could not write its records; the load itself is published, or can be resumed.
        if in_process_run.result is None:
            raise StoreUnavailable(
                f"PostgreSQL failed while Dagster recorded the run of {partition.name}: {error.orig}; nothing of it "
                "was published, and running it again resumes"
            ) from error
        _log.warning("%s was loaded, but Dagster could not record the end of its run: %s", partition.name, error.orig)
    assert in_process_run.result is not None  # noqa: S101 - the run ended without an error, so its load did
    return in_process_run.result


def _tags(batch_id: str | None) -> dict[str, str]:
    """Return the tags of a run in this process. Dagster never retries it: the caller gets the error and decides."""
    tags = {_HOST_TAG: platform.node(), _PROCESS_TAG: str(os.getpid()), "dagster/max_retries": "0"}
    return tags if batch_id is None else tags | {BATCH_TAG: batch_id}


def _close_dead_runs(instance: dg.DagsterInstance, job: str, partition: Partition) -> None:
    """Mark runs as failed that a killed process of this machine left as started: nothing else would."""
    open_runs = dg.RunsFilter(
        job_name=job,
        statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED],
        tags={"dagster/partition": partition.key, _HOST_TAG: platform.node()},
    )
    for run in instance.get_runs(open_runs):
        # A run that repeats one of ours in the UI has its tags, and a process of its own.
        if run.parent_run_id is None and not psutil.pid_exists(int(run.tags[_PROCESS_TAG])):
            instance.report_run_failed(
                run, f"Process {run.tags[_PROCESS_TAG]} is gone; the next load resumes its work."
            )
