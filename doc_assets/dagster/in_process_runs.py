"""Runs of the jobs inside this process: what ``doc-assets migrate`` starts, recorded in Dagster like any other run.

Several partitions in one process share imports, definitions, parse workers and the model. What a run does is in
``assets``; which partitions need one, how many processes work, and what is shown, is the command line's business.
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
from sqlalchemy.exc import DBAPIError

from doc_assets.catalogue import Partition
from doc_assets.dagster.assets import BATCH_TAG
from doc_assets.dagster.library import InProcessRun
from doc_assets.dagster.private_api import InstanceRef, NoOpComputeLogManager
from doc_assets.dagster.storage import reconnect_after_restarts
from doc_assets.errors import AuditFailed, ConfigurationError, PublicationRefused, Stopped, StoreUnavailable
from doc_assets.settings import Settings
from doc_assets.store.database.retries import Retries, RetryPolicy

if TYPE_CHECKING:
    from doc_assets.ingest.loader import Survey
    from doc_assets.ingest.result import LoadResult

_log = logging.getLogger(__name__)
_HOST_TAG, _PROCESS_TAG = "doc_assets/host", "doc_assets/process"

# Steps' output is not captured: the tail processes that mirror it cost a run 0.2 s, and would write over the progress.
_NO_COMPUTE_LOGS = {
    "compute_logs": {
        "module": NoOpComputeLogManager.__module__,
        "class": "NoOpComputeLogManager",
        "config": {},
    }
}
_OWN_INSTANCE = {
    "storage": {"custom": {"module": "doc_assets.dagster.storage", "class": "DocAssetsStorage", "config": {}}},
    "telemetry": {"enabled": False},
}


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that ``DAGSTER_HOME`` names, else one on our own database with its files under ``home/dagster``.

    Both are the one that ``dagster dev`` shows when it is started with the same environment. A ``DAGSTER_HOME`` without
    ``dagster.yaml``, as the image has it where none is mounted, names no instance.

    Raises:
        ConfigurationError: The instance starts its runs in Kubernetes, or ``DAGSTER_HOME`` is not a folder.
    """
    named = os.environ.get("DAGSTER_HOME")
    folder = Path(named).expanduser() if named else settings.home / "dagster"
    if named and not folder.is_dir():
        raise ConfigurationError(
            f"DAGSTER_HOME={named!r} is not a folder: create it, or unset it to use {settings.home}"
        )
    overrides = _NO_COMPUTE_LOGS
    if not (folder / "dagster.yaml").is_file():
        folder = settings.home / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        overrides = {**_OWN_INSTANCE, **_NO_COMPUTE_LOGS}
    reference = InstanceRef.from_dir(str(folder), overrides=overrides)
    launcher = reference.run_launcher_data
    if launcher is not None and launcher.class_name == "K8sRunLauncher":
        # Its daemon looks for a Kubernetes Job of every run, finds none for ours, and marks it failed while it works.
        raise ConfigurationError(
            f"the Dagster instance of {folder} starts its runs in Kubernetes: submit one there with dagster job "
            "launch, or unset DAGSTER_HOME to load from this machine"
        )
    with dg.DagsterInstance.from_ref(reference) as instance:
        # dagster-postgres connects anew for each of a run's 30 events; kept open, a run costs 0.2 s and not 1.
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=30, max_overflow=4)
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
    """Loads what was surveyed, changed or not, by the job ``migrate_<type>``; prints nothing.

    Args:
        survey: Of a partition of the catalogue that the definitions were built from.
        instance: From ``open_instance``; records the run.
        definitions: From ``build_defs``, made once per process.
        allow_deletions: Publish although more documents vanished than the deletion guard lets go.
        batch_id: Of the runs that were started together.

    Returns:
        The loader's result; ``rejected`` if a check failed or a guard refused to publish.

    Raises:
        DocAssetsError: The load failed; the error that the library raised.
        Stopped: A stop was asked for; what is committed stays, and the next load resumes it.
    """
    partition, waited = survey.partition, InProcessRun(survey)
    config = {"limit": survey.limit, "force": True, "allow_deletions": allow_deletions}
    job = definitions.resolve_job_def(f"migrate_{partition.doc_type}")
    _close_dead_runs(instance, job.name, partition)
    try:
        job.execute_in_process(
            run_config={
                "ops": {partition.doc_type: {"config": config}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            instance=instance,
            partition_key=partition.key,
            tags=_tags(batch_id),
            resources={"in_process_run": waited},
        )
    except dg.Failure as failure:
        if not isinstance(failure.__cause__, AuditFailed | PublicationRefused):
            raise failure.__cause__ or failure from None
    except dg.DagsterExecutionInterruptedError as interruption:
        raise Stopped(
            f"the load of {partition.name} was stopped on request; running it again resumes"
        ) from interruption
    except DBAPIError as error:
        # Its own records could not be written. What the load did stands, be it published or waiting to be resumed.
        if waited.result is None:
            raise StoreUnavailable(
                f"PostgreSQL failed while Dagster recorded the run of {partition.name}: {error.orig}; nothing of it "
                "was published, and running it again resumes"
            ) from error
        _log.warning("the run of %s could not be recorded to its end: %s", partition.name, error.orig)
    assert waited.result is not None  # noqa: S101 - the run ended without an error, so its load did
    return waited.result


def _tags(batch_id: str | None) -> dict[str, str]:
    """Of a run in this process. It is never tried again by itself: whoever waits for it is told, and decides."""
    tags = {_HOST_TAG: platform.node(), _PROCESS_TAG: str(os.getpid()), "dagster/max_retries": "0"}
    return tags if batch_id is None else tags | {BATCH_TAG: batch_id}


def _close_dead_runs(instance: dg.DagsterInstance, job: str, partition: Partition) -> None:
    """Marks as failed what a killed process of this machine left as started: nobody else ever would."""
    open_runs = dg.RunsFilter(
        job_name=job,
        statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED],
        tags={"dagster/partition": partition.key, _HOST_TAG: platform.node()},
    )
    for run in instance.get_runs(open_runs):
        if not psutil.pid_exists(int(run.tags[_PROCESS_TAG])):
            instance.report_run_failed(
                run, f"Process {run.tags[_PROCESS_TAG]} is gone; the next load resumes its work."
            )
