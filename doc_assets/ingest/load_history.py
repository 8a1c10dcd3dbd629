"""Loads that end by an error: told of in the history, although they change nothing that readers see.

A load whose snapshot is rejected ends in ``loader``; one that is killed can tell nobody, and the next one logs that it
resumes it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from doc_assets.catalogue import Partition
from doc_assets.errors import DocAssetsError, PartitionLocked, Stopped, StoreError
from doc_assets.ingest.result import LoadResult
from doc_assets.store.database.connection import DatabaseError, Store
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import ensure_partition

_log = logging.getLogger(__name__)


@contextmanager
def failures_recorded(store: Store, partition: Partition, run_id: str | None, started: float) -> Iterator[None]:
    """Writes an error that ends the load into the history, on a connection of its own, and lets it through.

    Args:
        store: Whose history.
        partition: The partition.
        run_id: Dagster run.
        started: By ``time.perf_counter``.
    """
    try:
        yield
    except PartitionLocked as error:
        _log.warning("load refused: %s", error)
        raise
    except BaseException as error:
        ours = isinstance(error, DocAssetsError | Stopped)
        reason = str(error) if ours else f"{type(error).__name__}: {error}"
        result = "failed" if isinstance(error, Exception) else "interrupted"
        try:
            _record(store, partition, result, run_id, time.perf_counter() - started, reason)
        except (DatabaseError, StoreError) as unrecorded:
            _log.error("load %s: %s; the history could not be told: %s", result, reason, unrecorded)
        raise


def _record(store: Store, partition: Partition, result: str, run_id: str | None, seconds: float, reason: str) -> None:
    with store.connect("doc-assets history") as connection:
        partition_id = ensure_partition(connection, partition.doc_type, partition.key, partition.source.name)
        history.record(
            connection, "load", result, partition_id=partition_id, run_id=run_id, seconds=seconds, error=reason[:2000]
        )


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
    unchanged = [partition.name for partition, result in looks if result.result == "unchanged"]
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
