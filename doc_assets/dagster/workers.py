"""Many partitions over several processes, each of which keeps its parse workers and model warm from one to the next.

The processes run partitions through Dagster (``doc_assets.dagster.execution``); the parent imports neither Dagster nor
the model, and sees how far they are in the ``progress`` table.
"""

from __future__ import annotations

import atexit
import functools
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from doc_assets import logs
from doc_assets.catalogue import Partition
from doc_assets.errors import DocAssetsError
from doc_assets.migration import LoadResult
from doc_assets.orphans import die_with_parent
from doc_assets.settings import LogSettings

if TYPE_CHECKING:
    import dagster as dg

    from doc_assets.dagster.resources import Library


def load_partitions(
    partitions: Sequence[Partition],
    *,
    catalogue: Path,
    database_url: str,
    parallel: int,
    threads: int,
    limit: int | None = None,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> Iterator[LoadResult]:
    """Loads the partitions, in the order given, and yields each result as it comes.

    Args:
        partitions: Heaviest first, so that the last ones to finish are small.
        catalogue: The file that they are from.
        database_url: Of the store, which is running; workers must not start an embedded server of their own.
        parallel: Worker processes.
        threads: CPU threads for each.
        limit: Files per partition.
        allow_deletions: Publish although more documents vanished than the deletion guard lets go.
        batch_id: Of this call, for the history.

    Yields:
        One result per partition; ``failed`` with its error where the run or its process died.
    """
    environment = {
        "DOC_ASSETS_CATALOGUE": str(catalogue),
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_THREADS": str(threads),
    }
    waiting = list(partitions)
    while waiting:
        pool = ProcessPoolExecutor(
            max_workers=min(parallel, len(waiting)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(environment,),
        )
        with pool:
            started, waiting = waiting[:parallel], waiting[parallel:]
            running = {
                pool.submit(_load, partition, limit, allow_deletions, batch_id): partition for partition in started
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                broken = False
                for future in done:
                    partition = running.pop(future)
                    broken |= isinstance(future.exception(), BrokenProcessPool)
                    yield _result(future, partition)
                if not broken and waiting:
                    partition = waiting.pop(0)
                    running[pool.submit(_load, partition, limit, allow_deletions, batch_id)] = partition


def _result(future: Future[LoadResult], partition: Partition) -> LoadResult:
    error = future.exception()
    if error is None:
        return future.result()
    reason = "a worker process died (out of memory?); run migrate again to resume"
    if isinstance(error, DocAssetsError):
        reason = str(error)
    elif not isinstance(error, BrokenProcessPool):
        reason = f"{type(error).__name__}: {error}"
    return LoadResult(partition.doc_type, partition.key, "failed", error=reason)


def _start_worker(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    logs.configure(LogSettings.from_environment())
    die_with_parent()


_open = ExitStack()


@functools.cache
def _opened() -> tuple[dg.DagsterInstance, dg.Definitions, Library]:
    """What all runs of this process share; Dagster is imported here, never in the parent."""
    from doc_assets.dagster.build import build_defs
    from doc_assets.dagster.execution import open_instance
    from doc_assets.dagster.resources import library

    atexit.register(_open.close)
    shared = library()
    instance = _open.enter_context(open_instance(shared.settings))
    return instance, build_defs(), shared


def _load(partition: Partition, limit: int | None, allow_deletions: bool, batch_id: str | None) -> LoadResult:
    from doc_assets.dagster.execution import run_partition

    instance, definitions, shared = _opened()
    return run_partition(
        partition,
        instance=instance,
        definitions=definitions,
        library=shared,
        limit=limit,
        allow_deletions=allow_deletions,
        batch_id=batch_id,
    )
