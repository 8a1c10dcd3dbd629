"""History rows for loads that end with an error, and for surveys that no load follows.

Published and rejected snapshots are recorded by ``staged_load``. A killed load leaves no row; the next one logs that
it resumes it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from doc_assets.catalogue import Partition
from doc_assets.errors import DocAssetsError, PartitionLocked, Stopped, StoreError
from doc_assets.ingest.result import LoadResult
from doc_assets.secrets import mask
from doc_assets.store.database.connection import Connection, DatabaseError, Store
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import ensure_partition

_log = logging.getLogger(__name__)


@contextmanager
def recording_failures(
    store: Store,
    partition: Partition,
    run_id: str | None,
    started: float,
    *,
    batch_id: str | None = None,
    reached: Callable[[], Mapping[str, object]] = dict,
) -> Iterator[None]:
    """Record an error that ends the block, on a connection of its own, and raise it again.

    ``started`` is the load's start by ``time.perf_counter``; ``reached`` returns what to count of a load that ends so.
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
            with store.connect("doc-assets history") as connection:
                seconds, counts = time.perf_counter() - started, reached()
                _record(
                    connection, partition, result, reason, run_id=run_id, batch_id=batch_id, counts=counts,
                    seconds=seconds,
                )  # fmt: skip
        except (DatabaseError, StoreError) as unrecorded:
            _log.error("load %s: %s; the history could not record it: %s", result, reason, unrecorded)
        raise


def record_surveys(
    store: Store,
    surveys: Sequence[tuple[Partition, LoadResult]],
    *,
    run_id: str | None = None,
    batch_id: str | None = None,
) -> None:
    """Record surveys that no load follows: one row for all unchanged partitions, and one for each that failed."""
    unchanged = [partition.name for partition, result in surveys if result.result == "unchanged"]
    failed = [(partition, result) for partition, result in surveys if result.result == "failed"]
    if not unchanged and not failed:
        return
    with store.connect("doc-assets history") as connection:
        history.record_unchanged(connection, unchanged, run_id=run_id, batch_id=batch_id)
        for partition, result in failed:
            _record(connection, partition, "failed", result.error or "", run_id=run_id, batch_id=batch_id)


def _record(connection: Connection, partition: Partition, result: str, error: str, **event: Any) -> None:  # noqa: ANN401 - fields of record()
    # Partitions that were never loaded get a row, too.
    partition_id = ensure_partition(connection, partition.doc_type, partition.key, partition.source.name)
    history.record(connection, "load", result, partition_id=partition_id, error=mask(error)[:2000], **event)
