"""Retries of runs that are still alive.

If Kubernetes cannot report the state of a run's Job, Dagster marks the run as failed and retries it while it works on.
The partition's lock keeps the retry from loading at the same time. Other runs wait in the queue, see ``coordinator``.
"""

from __future__ import annotations

import time

import dagster as dg

from doc_assets.catalogue import Partition
from doc_assets.dagster.library import Library
from doc_assets.errors import Refused

# A pod that is being ended has 120 s for its last batch (k8s/base/dagster.yaml).
PATIENCE_SECONDS = 150.0
_POLL_SECONDS = 2.0


def wait_for_predecessor(context: dg.AssetExecutionContext, library: Library, partition: Partition) -> None:
    """Wait for the run that this one retries, if it still works on the partition; raise Refused if it goes on."""
    before = {context.run.tags.get(f"dagster/{which}_run_id") for which in ("parent", "root")} - {None}
    if not before or (holder := library.loading_run(partition.name)) not in before:
        return
    context.log.info(f"run {holder}, which this one retries, still holds {partition.name}: waiting for its end")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (holder := library.loading_run(partition.name)) in before:
        if time.monotonic() > deadline:
            raise Refused(
                f"{partition.name} is still being loaded by run {holder}, which this run was started to retry. "
                "Dagster took that run for lost (was Kubernetes out of reach?), but it works on and publishes its "
                "result; this run loaded nothing. Check its pod if it should have ended"
            )
        time.sleep(_POLL_SECONDS)
