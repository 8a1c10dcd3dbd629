"""The sensor ``live_snapshots``: tells Dagster which snapshot is live where no run of its own published it.

``doc-assets rollback``, ``retire`` and a change of the embedding space move pointers without Dagster, and a run may
publish and lose its record. The history knows all moves; those that no materialization has are reported as one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.library import Library
from doc_assets.dagster.loaded_state import last_snapshot
from doc_assets.dagster.materializations import metadata_of, rollback_result, taken_down
from doc_assets.store.history.moves import Move

SECONDS = 30
# A run reports what it published within seconds. One that has not ended after this was killed, and never will; and by
# then moves of smaller numbers, whose transactions took longer, are visible.
SETTLED = timedelta(minutes=10)


def live_sensor(catalogue: Catalogue) -> dg.SensorDefinition:
    """Return the sensor; it runs by itself, and costs a query each time."""
    partitions = {partition.name: partition for partition in catalogue.partitions()}

    @dg.sensor(
        name="live_snapshots",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports snapshots that were made live without a run of Dagster, as by doc-assets rollback.",
    )
    def sensor(context: dg.SensorEvaluationContext, doc_assets: dg.ResourceParam[Library]) -> dg.SensorResult:
        seen = int(context.cursor or 0)
        events, settled = [], True
        for move in doc_assets.moves_after(seen):
            # Moves that are not settled are looked at again, which reports none twice: what is on record is compared.
            is_settled = datetime.now(UTC) - move.at > SETTLED
            settled = settled and is_settled
            if settled:
                seen = move.id
            elif not is_settled and _is_being_recorded(context.instance, move):
                continue
            partition = partitions.get(f"{move.doc_type}/{move.key}")
            snapshot = "none" if move.snapshot is None else str(move.snapshot)
            if partition is not None and last_snapshot(context.instance, partition) != snapshot:
                events.append(_materialization(doc_assets, move))
        if not events:
            return dg.SensorResult(cursor=str(seen), skip_reason="every live snapshot is on record")
        return dg.SensorResult(cursor=str(seen), asset_events=events)

    return sensor


def _is_being_recorded(instance: dg.DagsterInstance, move: Move) -> bool:
    """Return whether a run of Dagster made the move and has not ended: it reports it itself."""
    run = instance.get_run_by_id(move.run_id) if move.run_id else None
    return run is not None and not run.is_finished


def _materialization(library: Library, move: Move) -> dg.AssetMaterialization:
    if move.snapshot is None:
        result, summary = taken_down(move.doc_type, move.key), None
    else:
        summary = library.summary(move.snapshot)
        result = rollback_result(f"{move.doc_type}/{move.key}", move.snapshot, summary, 0.0)
    metadata = metadata_of(result, summary, library.address, run_id=move.run_id)
    if move.before is not None:
        metadata["rolled_back_from"] = str(move.before)
    return dg.AssetMaterialization(
        move.doc_type,
        description=f"{move.action} at {move.at:%Y-%m-%d %H:%M:%S} UTC, without a run of Dagster",
        partition=move.key,
        metadata=metadata,
        tags={"dagster/data_version": result.digest} if result.digest else None,
    )
