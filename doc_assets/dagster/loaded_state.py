"""The source state of a partition's last load, read from its materializations.

The state itself is computed in ``doc_assets.ingest.source_state``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import dagster as dg

from doc_assets.catalogue import Partition
from doc_assets.dagster.materializations import STATE

_LIMIT = 20  # rollbacks and trials with a limit materialize too, without a state


def loaded_state(instance: dg.DagsterInstance, partition: Partition) -> str | None:
    """Return the source state of the last load; None if no materialization has one."""
    states = (_text(record, STATE) for record in _records(instance, partition))
    return next((state for state in states if state is not None), None)


def runs_of_state(instance: dg.DagsterInstance, partition: Partition) -> set[str]:
    """Return the runs of the last materialization and of the one that ``loaded_state`` reads; often one run."""
    records = _records(instance, partition)
    with_state = (record for record in records if _text(record, STATE) is not None)
    return {record.run_id for record in (*records[:1], *itertools.islice(with_state, 1))}


def _records(instance: dg.DagsterInstance, partition: Partition) -> Sequence[dg.EventLogRecord]:
    filter_ = dg.AssetRecordsFilter(asset_key=dg.AssetKey(partition.doc_type), asset_partitions=[partition.key])
    return instance.fetch_materializations(filter_, limit=_LIMIT).records


def _text(record: dg.EventLogRecord, name: str) -> str | None:
    materialization = record.asset_materialization
    found = materialization.metadata.get(name) if materialization else None
    return found.value if found is not None and isinstance(found.value, str) else None


def last_snapshot(instance: dg.DagsterInstance, partition: Partition) -> str | None:
    """Return the snapshot that the last materialization calls live; None without one."""
    return next((_text(record, "snapshot") for record in _records(instance, partition)[:1]), None)
