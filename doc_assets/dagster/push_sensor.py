"""The sensor ``pushes``: starts the loads that ``doc-assets webhook`` recorded, each partition once per tick."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.assets import BATCH_TAG
from doc_assets.dagster.library import Library

SECONDS = 30


def push_sensor(catalogue: Catalogue, jobs: Sequence[dg.UnresolvedAssetJobDefinition]) -> dg.SensorDefinition:
    """Return the sensor; it runs by itself, and costs a query each time.

    Args:
        catalogue: Its partitions can be loaded; a request for others is left.
        jobs: The jobs ``migrate_<type>``.
    """
    partitions = {partition.name: partition for partition in catalogue.partitions()}

    @dg.sensor(
        name="pushes",
        jobs=jobs,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads the partitions whose repository was pushed to, as doc-assets webhook learns it.",
    )
    def sensor(context: dg.SensorEvaluationContext, doc_assets: dg.ResourceParam[Library]) -> dg.SensorResult:
        requests = doc_assets.requests_after(int(context.cursor or 0))
        # Several pushes are one load: it takes the newest revision.
        wanted = {name: request.delivery for request in requests for name in request.partitions if name in partitions}
        if not requests:
            return dg.SensorResult(skip_reason="nothing was pushed")
        if not wanted:
            asked = sorted({name for request in requests for name in request.partitions})
            reason = f"not in the catalogue of this code location: {', '.join(asked)}; if they are new, reload it"
            return dg.SensorResult(skip_reason=reason, cursor=str(requests[-1].id))
        runs = [
            dg.RunRequest(
                run_key=f"{name}@{delivery}",
                job_name=f"migrate_{partitions[name].doc_type}",
                partition_key=partitions[name].key,
                tags={BATCH_TAG: delivery},
            )
            for name, delivery in wanted.items()
        ]
        return dg.SensorResult(run_requests=runs, cursor=str(requests[-1].id))

    return sensor
