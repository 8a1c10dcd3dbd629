"""Many partitions over several processes, each of which keeps its parse workers and model warm from one to the next.

The processes run partitions through Dagster (``in_process_runs``); the parent imports neither Dagster nor the model,
and reads how far they are in the ``progress`` table.
"""

from __future__ import annotations

import atexit
import functools
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from doc_assets.catalogue import Partition
from doc_assets.errors import ConfigurationError, DocAssetsError, Stopped
from doc_assets.ingest.result import LoadResult
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.processes import die_with_parent
from doc_assets.settings import LogSettings, Settings

if TYPE_CHECKING:
    import dagster as dg

    from doc_assets.ingest.loader import Survey


def load_partitions(
    surveys: Sequence[Survey],
    *,
    catalogue: Path,
    database_url: str,
    parallel: int,
    threads: int,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> Iterator[LoadResult]:
    """Loads the surveyed partitions, in the order given, and yields each result as it comes.

    A stop that is asked for is passed on to the workers, each of which ends its load at a batch border; no other one is
    begun. Take the results within ``shutdown.deferred()``.

    Args:
        surveys: Heaviest first, so that the last ones to finish are small. Keep them until the end: the cache keeps
            the files of a source for as long as they are referred to.
        catalogue: The file that they are from.
        database_url: Of the store, which is running; workers must not start an embedded server of their own.
        parallel: Worker processes.
        threads: CPU threads for each.
        allow_deletions: Publish although more documents vanished than the deletion guard lets go.
        batch_id: Of this call, for the history.

    Yields:
        One result per partition; ``failed`` with its error where the run or its process died, ``stopped`` where it was
        ended, or not begun, because that was asked for.

    Raises:
        ConfigurationError: A worker found that the environment makes no sense.
    """
    environment = {
        "DOC_ASSETS_CATALOGUE": str(catalogue),
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_THREADS": str(threads),
    }
    load = functools.partial(_load, allow_deletions=allow_deletions, batch_id=batch_id)
    waiting = list(surveys)
    while waiting and not shutdown.requested():
        following, asking = multiprocessing.Pipe(duplex=False)
        pool = _pool(min(parallel, len(waiting)), environment, following)
        running: dict[Future[LoadResult], Partition] = {}
        broken = False
        # Closed after the pool, if not before: it tells the workers to stop, who may have something to finish.
        with closing(following), closing(asking), shutdown.forwarded_to(asking.close), pool:
            while True:
                while waiting and len(running) < parallel and not broken and not shutdown.requested():
                    survey = waiting.pop(0)
                    running[pool.submit(load, survey)] = survey.partition
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    broken |= isinstance(future.exception(), BrokenProcessPool)
                    yield _result(future, running.pop(future))
    for survey in waiting:
        partition = survey.partition
        yield LoadResult(partition.doc_type, partition.key, "stopped", error="not begun: a stop was asked for")


def _pool(workers: int, environment: dict[str, str], following: shutdown.Pipe) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(environment, following),
    )


def _result(future: Future[LoadResult], partition: Partition) -> LoadResult:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, ConfigurationError):
        raise error  # every other one would fail alike
    if isinstance(error, Stopped):
        return LoadResult(partition.doc_type, partition.key, "stopped", error=str(error))
    reason = "a worker process died (out of memory?); run migrate again to resume"
    if isinstance(error, DocAssetsError):
        reason = str(error)
    elif not isinstance(error, BrokenProcessPool):
        reason = f"{type(error).__name__}: {error}"
    return LoadResult(partition.doc_type, partition.key, "failed", error=reason)


def _start_worker(environment: dict[str, str], parent: shutdown.Pipe) -> None:
    shutdown.follow_parent(parent)
    # Registered first, so run last: taking a process apart that has imported Dagster and torch costs 2 to 3 s of CPU,
    # which nobody needs, least of all within a grace period.
    atexit.register(_leave)
    os.environ.update(environment)
    log_context.configure(LogSettings.from_environment())
    die_with_parent()


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


_open = ExitStack()


@functools.cache
def _opened() -> tuple[dg.DagsterInstance, dg.Definitions]:
    """What all runs of this process share; Dagster is imported here, never in the parent."""
    from doc_assets.dagster.build import build_defs
    from doc_assets.dagster.in_process_runs import open_instance

    atexit.register(_open.close)
    return _open.enter_context(open_instance(Settings.from_environment())), build_defs()


def _load(survey: Survey, *, allow_deletions: bool, batch_id: str | None) -> LoadResult:
    with shutdown.handling_signals():
        from doc_assets.dagster.in_process_runs import run_partition

        instance, definitions = _opened()
        return run_partition(
            survey, instance=instance, definitions=definitions, allow_deletions=allow_deletions, batch_id=batch_id
        )
