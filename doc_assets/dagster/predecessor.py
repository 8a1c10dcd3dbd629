"""Whose turn a partition is: what a run does that was started to repeat one which is not dead.

Kubernetes may refuse to say how a run's Job is; Dagster then takes the run for lost, marks it failed and starts it
again, while it works on. The partition's lock keeps the second from working beside it. Runs that were started anew
wait in the queue instead, see ``coordinator``.
"""

from __future__ import annotations

import time

import dagster as dg

from doc_assets.catalogue import Partition
from doc_assets.dagster.library import Library
from doc_assets.errors import Refused

# A pod that was told to end has 120 s for its last batch (k8s/base/dagster.yaml), and its work is taken up after that.
PATIENCE_SECONDS = 150.0
_POLL_SECONDS = 2.0


def wait_for_predecessor(context: dg.AssetExecutionContext, library: Library, partition: Partition) -> None:
    """Waits for the end of the run that this one repeats, if that one still works on the partition.

    Raises:
        Refused: It goes on working, and was not lost at all; a retry would not be needed either.
    """
    before = {context.run.tags.get(f"dagster/{which}_run_id") for which in ("parent", "root")} - {None}
    if not before or (holder := library.loading_run(partition.name)) not in before:
        return
    context.log.info(f"run {holder}, which this one repeats, still holds {partition.name}: waiting for its end")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (holder := library.loading_run(partition.name)) in before:
        if time.monotonic() > deadline:
            raise Refused(
                f"{partition.name} is still being loaded by run {holder}, which this run was started to repeat. "
                "That run was taken for lost (was Kubernetes out of reach?), but works on: nothing was started beside "
                "it, and what it publishes counts. Look at its pod if it should have ended"
            )
        time.sleep(_POLL_SECONDS)
