"""Looks at sources that led to no load, told of in the history: nothing changed, or the source could not be had."""

from __future__ import annotations

from collections.abc import Sequence

from doc_assets.catalogue import Partition
from doc_assets.migration.result import LoadResult
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import ensure_partition


def record_looks(
    store: Store,
    looks: Sequence[tuple[Partition, LoadResult]],
    *,
    run_id: str | None = None,
    batch_id: str | None = None,
) -> None:
    """Writes down what they found: one row for all that is unchanged, and one for each that failed.

    Args:
        store: Whose history.
        looks: Partitions with their results; those that are neither ``unchanged`` nor ``failed`` tell of themselves.
        run_id: Dagster run.
        batch_id: Of the loads that are started together.
    """
    unchanged = [partition.id for partition, result in looks if result.result == "unchanged"]
    failed = [(partition, result) for partition, result in looks if result.result == "failed"]
    if not unchanged and not failed:
        return
    with store.connect("doc-assets history") as connection:
        history.record_unchanged(connection, unchanged, run_id=run_id, batch_id=batch_id)
        for partition, result in failed:
            # Also of one that was never loaded: that its source is not to be had is all that there is to know of it.
            partition_id = ensure_partition(connection, partition.doc_type, partition.key, partition.source.name)
            history.record(
                connection,
                "load",
                "failed",
                partition_id=partition_id,
                run_id=run_id,
                batch_id=batch_id,
                error=(result.error or "")[:2000],
            )
