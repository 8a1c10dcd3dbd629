"""The state of its source that a partition was last loaded from, as its materialization says.

What a state is, and how a source is asked for the one of now, is in ``doc_assets.ingest.source_state``.
"""

from __future__ import annotations

import dagster as dg

from doc_assets.catalogue import Partition

STATE = "source_state"


# A rollback or a trial with a limit materializes too, and says nothing of the source.
_LOOKED_BACK = 20


def loaded_state(instance: dg.DagsterInstance, partition: Partition) -> str | None:
    """The state that the partition was last loaded from, None if no materialization says one."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(partition.doc_type), asset_partitions=[partition.key]),
        limit=_LOOKED_BACK,
    )
    for record in found.records:
        materialization = record.asset_materialization
        state = materialization.metadata.get(STATE) if materialization else None
        if state is not None and isinstance(state.value, str):
            return state.value
    return None
