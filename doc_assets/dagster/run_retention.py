"""Deletes Dagster's records of old runs; Dagster itself keeps them for ever.

Snapshots and the content of no others are in ``doc_assets.store.retention``, the job that does both in
``garbage_collection``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.jobs import type_of_job
from doc_assets.dagster.loaded_state import runs_of_state
from doc_assets.dagster.private_api import IMPLICIT_ASSET_JOB_NAME, AssetCheckExecutionsTable, SqlEventLogStorage

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500
# As long as the ticks of failed schedules are kept (dagster.yaml).
DEFAULT_DAYS = 90.0


def delete_old_runs(instance: dg.DagsterInstance, catalogue: Catalogue, days: float, *, dry_run: bool = False) -> int:
    """Delete finished runs of the catalogue's types, last updated so many days ago, with events, checks and step logs.

    All other runs stay, and so do those to which a partition's state in the UI refers: its last materialization, the
    last one with a source state, and the last result of each check.

    Returns:
        The number of runs that were deleted, or would be.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    kept = _runs_of_materializations(instance, catalogue) | _runs_of_checks(instance)
    old = [run_id for run_id in _finished_runs(instance, catalogue, before) if run_id not in kept]
    if not dry_run:
        for run_id in old:
            _delete(instance, run_id)
    return len(old)


def _finished_runs(instance: dg.DagsterInstance, catalogue: Catalogue, before: datetime) -> Iterator[str]:
    """Return the ids of our runs that ended before, newest first, read by pages: a run's record is some kilobytes."""
    chosen, cursor = dg.RunsFilter(statuses=_FINISHED, updated_before=before), None
    while records := instance.get_run_records(chosen, limit=_PAGE, cursor=cursor):
        cursor = records[-1].dagster_run.run_id
        yield from (record.dagster_run.run_id for record in records if _is_ours(record.dagster_run, catalogue))


def _is_ours(run: dg.DagsterRun, catalogue: Catalogue) -> bool:
    """Return whether its job, or the assets of a run from their page, are of a type of the catalogue."""
    if run.job_name != IMPLICIT_ASSET_JOB_NAME:
        return type_of_job(run.job_name)[0] in catalogue.types
    keys = {key.to_user_string() for key in run.asset_selection or ()}
    keys |= {check.asset_key.to_user_string() for check in run.asset_check_selection or ()}
    return bool(keys) and keys <= set(catalogue.types)


def _runs_of_materializations(instance: dg.DagsterInstance, catalogue: Catalogue) -> set[str]:
    return {run_id for partition in catalogue.partitions() for run_id in runs_of_state(instance, partition)}


def _runs_of_checks(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs of the newest result of each check, by partition too."""
    storage, table = instance.event_log_storage, AssetCheckExecutionsTable
    if not isinstance(storage, SqlEventLogStorage):
        return set()
    newest = sa.select(sa.func.max(table.c.id)).group_by(table.c.asset_key, table.c.check_name, table.c.partition)
    with storage.index_connection() as connection:
        return set(connection.execute(sa.select(table.c.run_id).where(table.c.id.in_(newest))).scalars())


def _delete(instance: dg.DagsterInstance, run_id: str) -> None:
    # ``delete_run`` leaves results of checks and step logs behind. The run itself goes last: what a crash leaves is
    # found again by it.
    storage, table = instance.event_log_storage, AssetCheckExecutionsTable
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(table.delete().where(table.c.run_id == run_id))
    storage.delete_events(run_id)
    instance.delete_run(run_id)
