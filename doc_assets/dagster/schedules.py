"""The schedules: nightly loads of what changed, weekly audits of what is live, and a weekly gc.

They are stopped by default; ``DOC_ASSETS_SCHEDULES=on`` starts them.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster.jobs import GC_JOB
from doc_assets.dagster.library import Library
from doc_assets.dagster.loaded_state import loaded_state
from doc_assets.dagster.type_facts import code_references, owners


def nightly_load(doc_type: str, catalogue: Catalogue, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Return a schedule at 2 o'clock with one run per partition whose source has changed since it was loaded.

    Nothing is fetched to decide. A source of unknown state, or out of reach, gets its run, which ends if nothing has
    changed, or fails and shows why.
    """

    @dg.schedule(
        name=f"migrate_{doc_type}_nightly", job_name=f"migrate_{doc_type}", cron_schedule="0 2 * * *",
        description=f"Loads the partitions of {doc_type} whose sources changed.", default_status=status,
        owners=owners(catalogue, doc_type), metadata=code_references(__file__),
    )  # fmt: skip
    def schedule(
        context: dg.ScheduleEvaluationContext, doc_assets: dg.ResourceParam[Library]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        partitions = catalogue.partitions(doc_type)
        states = doc_assets.source_states(partitions, catalogue)
        changed = [p for p in partitions if _has_changed(context.instance, doc_assets, p, states[p.name])]
        if not changed:
            yield dg.SkipReason("no source changed")
        for partition in changed:
            yield _request(context, partition)
        doc_assets.record_unchanged([partition for partition in partitions if partition not in changed])

    return schedule


def weekly_validation(doc_type: str, catalogue: Catalogue, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Return a schedule on Sundays at 4 o'clock with one audit per partition that has something live."""

    @dg.schedule(
        name=f"validate_{doc_type}_weekly", job_name=f"validate_{doc_type}", cron_schedule="0 4 * * 0",
        description=f"Audits what is live in the partitions of {doc_type}.", default_status=status,
        owners=owners(catalogue, doc_type), metadata=code_references(__file__),
    )  # fmt: skip
    def schedule(
        context: dg.ScheduleEvaluationContext, doc_assets: dg.ResourceParam[Library]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        live = [p for p in catalogue.partitions(doc_type) if doc_assets.published(p.name) is not None]
        if not live:
            yield dg.SkipReason("nothing is live yet")
        for partition in live:
            yield _request(context, partition)

    return schedule


def weekly_collection(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Return a schedule on Sundays at 6 o'clock: after the audits, whose findings may call for a rollback."""
    return dg.ScheduleDefinition(
        name="gc_weekly",
        job_name=GC_JOB,
        cron_schedule="0 6 * * 0",
        description="Drops old snapshots, and content that no snapshot holds any more.",
        default_status=status,
        metadata=code_references(__file__),
    )


def _request(context: dg.ScheduleEvaluationContext, partition: Partition) -> dg.RunRequest:
    # The tick's time, not the source's revision: a load that failed is retried the next night, and a tick that is
    # evaluated twice still starts one run.
    return dg.RunRequest(
        run_key=f"{partition.name}@{context.scheduled_execution_time.isoformat()}", partition_key=partition.key
    )


def _has_changed(instance: dg.DagsterInstance, library: Library, partition: Partition, state: str | None) -> bool:
    if state is None or library.published(partition.name) is None:
        return True
    return loaded_state(instance, partition) != state
