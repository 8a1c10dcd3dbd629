"""The private parts of Dagster that we use, all imported here.

Dagster offers no other way to keep its records in our database, to show a pod's log command, to open an instance with
overrides, to place a run in its queue, to record a run of this process as one of the code location, and to delete all
records of a run.
``doc_assets_tests/dagster/test_private_api.py`` states the use of each, and names those that a new version has moved.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.compute_log_manager import CapturedLogContext, LogRetrievalShellCommand
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.tags import BACKFILL_ID_TAG, MAX_RETRIES_TAG, PRIORITY_TAG
from dagster._serdes import ConfigurableClassData

__all__ = [
    "BACKFILL_ID_TAG",
    "IMPLICIT_ASSET_JOB_NAME",
    "MAX_RETRIES_TAG",
    "PRIORITY_TAG",
    "AssetCheckExecutionsTable",
    "CapturedLogContext",
    "ConfigurableClassData",
    "InMemoryJob",
    "InstanceRef",
    "LocalComputeLogManager",
    "LogRetrievalShellCommand",
    "NoOpComputeLogManager",
    "RemoteJobOrigin",
    "SqlEventLogStorage",
    "execute_run",
    "job_origin",
    "postgres_engine",
    "remember_what_is_there",
]


def postgres_engine(storage: object) -> sa.Engine | None:
    """Return the engine of one of dagster-postgres' storages, None for another kind of storage."""
    engine = getattr(storage, "_engine", None)
    return engine if isinstance(engine, sa.Engine) and engine.dialect.name == "postgresql" else None


# What dagster-postgres asks PostgreSQL before each event and each change of a run.
_IS_THERE = ("has_table", "has_run_stats_index_cols", "has_backfill_id_column")


def remember_what_is_there(*storages: object) -> None:
    """Ask PostgreSQL once for a table or a column of Dagster's that is there, for as long as the storages are open.

    A run of one small partition asks 32 times, a fifth of all its statements and the slowest ones.
    """
    for storage in storages:
        for name in _IS_THERE:
            if postgres_engine(storage) is not None and hasattr(storage, name):
                setattr(storage, name, _remembered(getattr(storage, name)))


def _remembered(is_there: Callable[..., bool]) -> Callable[..., bool]:
    found: set[tuple[object, ...]] = set()

    def asked_once(*names: object) -> bool:
        if names not in found and is_there(*names):
            found.add(names)
        return names in found

    return asked_once


def job_origin(location: str, job: str) -> RemoteJobOrigin:
    """Return the origin of a job of a code location: without one, the UI lists no run of it and repeats none."""
    return RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), "__repository__").get_job_origin(job)
