"""Loads of many partitions in several processes, each of which keeps its parse workers warm; all share one model.

The processes run partitions through Dagster (``in_process_runs``) and embed in a process beside them
(``doc_assets.embedding.embedding_process``); the parent imports neither Dagster nor the model, and reads the progress
in the ``progress`` table.
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
from doc_assets.runtime.masked_output import mask_worker_output
from doc_assets.runtime.processes import die_with_parent
from doc_assets.settings import LogSettings, Settings

if TYPE_CHECKING:
    import dagster as dg

    from doc_assets.embedding.embedding_process import EmbeddingProcess
    from doc_assets.ingest.loader import Survey


def load_partitions(
    surveys: Sequence[Survey],
    *,
    catalogue: Path,
    database_url: str,
    parallel: int,
    threads: int,
    embedding: EmbeddingProcess | None = None,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> Iterator[LoadResult]:
    """Load the surveyed partitions, in the order given, and yield each result as it comes.

    A stop is forwarded to the workers, which end their loads at a batch border; no other load is begun. Iterate within
    ``shutdown.deferred()``.

    Args:
        surveys: Surveys, heaviest first, so that the last ones to finish are small. Keep them until the end: the cache
            keeps the files of a source while they are referenced.
        catalogue: Catalogue file of the partitions.
        database_url: URL of the running store; workers must not start an embedded server of their own.
        parallel: Number of worker processes.
        threads: CPU threads of each worker.
        embedding: Process that embeds for all workers, started when it is needed; by default each opens the model.
        allow_deletions: Publish although more documents vanished than the deletion guard allows.
        batch_id: Run batch, for the history.

    Yields:
        One result per partition; ``failed`` if the run or its process died, ``stopped`` if a stop ended it or kept it
        from starting.

    Raises:
        ConfigurationError: A worker found that the environment makes no sense.
    """
    environment = {
        "DOC_ASSETS_CATALOGUE": str(catalogue),
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_THREADS": str(threads),
    }
    address = embedding.address if embedding is not None else None
    load = functools.partial(_load_in_worker, allow_deletions=allow_deletions, batch_id=batch_id)
    waiting = list(surveys)
    while waiting and not shutdown.requested():
        receiver, sender = multiprocessing.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            min(parallel, len(waiting)),
            multiprocessing.get_context("spawn"),
            _start_worker,
            (environment, receiver, address),
        )
        running: dict[Future[LoadResult], Partition] = {}
        broken = False
        # Closing the sender stops the workers. Without a stop that is after the pool has ended.
        with closing(receiver), closing(sender), shutdown.forwarded_to(sender.close), pool:
            while True:
                if embedding is not None and not shutdown.requested():
                    embedding.ensure()  # it may have died with the load before
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
        yield LoadResult(partition.doc_type, partition.key, "stopped", error="not begun: a stop was requested")


def _result(future: Future[LoadResult], partition: Partition) -> LoadResult:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, ConfigurationError):
        raise error  # every other load would fail the same way
    if isinstance(error, Stopped):
        return LoadResult(partition.doc_type, partition.key, "stopped", error=str(error))
    reason = "a worker process died (out of memory?); run migrate again to resume"
    if isinstance(error, DocAssetsError):
        reason = str(error)
    elif not isinstance(error, BrokenProcessPool):
        reason = f"{type(error).__name__}: {error}"
    return LoadResult(partition.doc_type, partition.key, "failed", error=reason)


_embedding_process: str | None = None


def _start_worker(environment: dict[str, str], parent: shutdown.Pipe, embedding_process: str | None) -> None:
    global _embedding_process
    shutdown.follow_parent(parent)
    _embedding_process = embedding_process
    # Registered first, so run last: the interpreter's own shutdown after importing Dagster and torch costs 2 to 3 s.
    atexit.register(_exit_at_once)
    os.environ.update(environment)
    mask_worker_output()
    log_context.configure(LogSettings.from_environment())
    die_with_parent()


def _exit_at_once() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


_opened = ExitStack()


@functools.cache
def _instance_and_definitions() -> tuple[dg.DagsterInstance, dg.Definitions]:
    """Return what all runs of this process share; Dagster is imported here, never in the parent."""
    from doc_assets.dagster.build import build_defs
    from doc_assets.dagster.in_process_runs import open_instance
    from doc_assets.dagster.library import library

    library().embedding_process = _embedding_process
    atexit.register(_opened.close)
    return _opened.enter_context(open_instance(Settings.from_environment())), build_defs()


def _load_in_worker(survey: Survey, *, allow_deletions: bool, batch_id: str | None) -> LoadResult:
    with shutdown.handling_signals():
        from doc_assets.dagster.in_process_runs import run_partition

        instance, definitions = _instance_and_definitions()
        return run_partition(
            survey, instance=instance, definitions=definitions, allow_deletions=allow_deletions, batch_id=batch_id
        )
