"""The schedules, stopped until somebody starts them: nightly loads of what changed, weekly audits of what is live."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster.resources import Library
from doc_assets.errors import SourceError


def nightly_load(doc_type: str, catalogue: Catalogue) -> dg.ScheduleDefinition:
    """At 2 o'clock, one run per partition whose source has changed since its snapshot was published."""

    @dg.schedule(
        name=f"migrate_{doc_type}_nightly", job_name=f"migrate_{doc_type}", cron_schedule="0 2 * * *",
        description=f"Loads the partitions of {doc_type} whose sources changed.",
    )  # fmt: skip
    def schedule(
        context: dg.ScheduleEvaluationContext, doc_assets: dg.ResourceParam[Library]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        changed = [p for p in catalogue.partitions(doc_type) if _is_changed(doc_assets, p, catalogue, context)]
        if not changed:
            yield dg.SkipReason("no source changed")
        for partition in changed:
            yield _request(context, partition)

    return schedule


def weekly_validation(doc_type: str, catalogue: Catalogue) -> dg.ScheduleDefinition:
    """On Sundays at 4 o'clock, one audit per partition that has something live."""

    @dg.schedule(
        name=f"validate_{doc_type}_weekly", job_name=f"validate_{doc_type}", cron_schedule="0 4 * * 0",
        description=f"Audits what is live in the partitions of {doc_type}.",
    )  # fmt: skip
    def schedule(
        context: dg.ScheduleEvaluationContext, doc_assets: dg.ResourceParam[Library]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        live = [p for p in catalogue.partitions(doc_type) if doc_assets.published(p.id) is not None]
        if not live:
            yield dg.SkipReason("nothing is live yet")
        for partition in live:
            yield _request(context, partition)

    return schedule


def _request(context: dg.ScheduleEvaluationContext, partition: Partition) -> dg.RunRequest:
    # The time of the tick, not the source's revision: a load that failed last night is tried again tonight, and a tick
    # that is evaluated twice still starts one run.
    return dg.RunRequest(
        run_key=f"{partition.id}@{context.scheduled_execution_time.isoformat()}", partition_key=partition.key
    )


def _is_changed(
    library: Library, partition: Partition, catalogue: Catalogue, context: dg.ScheduleEvaluationContext
) -> bool:
    try:
        return library.loader.unchanged(partition, catalogue) is None
    except SourceError as error:
        # Its run will fail with the same sentence, where people look; the other sources are not held up.
        context.log.warning(str(error))
        return True
