"""The source state of a partition's last load, read from its materializations.

The state itself is computed in ``doc_assets.ingest.source_state``.
"""

from __future__ import annotations

import dagster as dg

from doc_assets.catalogue import Partition

STATE = "source_state"
_LIMIT = 20  # rollbacks and trials with a limit materialize too, without a state


def loaded_state(instance: dg.DagsterInstance, partition: Partition) -> str | None:
    """Return the source state of the last load; None if no materialization has one."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(partition.doc_type), asset_partitions=[partition.key]),
        limit=_LIMIT,
    )
    for record in found.records:
        materialization = record.asset_materialization
        state = materialization.metadata.get(STATE) if materialization else None
        if state is not None and isinstance(state.value, str):
            return state.value
    return None
