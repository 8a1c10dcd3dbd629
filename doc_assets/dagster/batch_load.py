"""Loads many partitions: surveys them, loads what changed in several processes, updates the vector index.

Behind ``doc-assets migrate`` and ``quarantine retry``, which print the results. Only the worker processes import
Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster.worker_processes import load_partitions
from doc_assets.embedding.conversion_process import convert_apart
from doc_assets.embedding.embedding_process import EmbeddingProcess
from doc_assets.embedding.space import choose_backend, describe_space
from doc_assets.errors import SourceError, Stopped, StoreError
from doc_assets.ingest.loader import Loader, Survey
from doc_assets.ingest.parse_pool import parse_workers
from doc_assets.ingest.result import LoadResult
from doc_assets.ingest.source_state import source_states
from doc_assets.machine import usable_memory
from doc_assets.runtime import shutdown
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.retention import maintenance
from doc_assets.store.snapshots import publication

# More than four loads only share the same cores; four hide the latency of a GPU or an endpoint.
_MOST_WORKERS = 4
# The parent (150 MB) and the embedding process with the default model; a load with Dagster (230 MB) and the parse
# workers that one has on two cores, one of them with a large file.
_BYTES_OF_ALL, _BYTES_OF_WORKER = 600_000_000, 500_000_000


@dataclass(frozen=True)
class Surveyed:
    """Partitions split by whether they need a load.

    Attributes:
        results: Results of those that need none: ``unchanged``, or ``failed`` because their source cannot be fetched.
        changed: Surveys of the others, most work first, so that no process is left alone with a large one.
        unchanged: Surveys of those that a load would not change.
    """

    results: list[LoadResult]
    changed: list[Survey]
    unchanged: list[Survey]


def survey(
    settings: Settings,
    store: Store,
    catalogue: Catalogue,
    partitions: Sequence[Partition],
    limit: int | None = None,
    *,
    even_unchanged: bool = False,
    for_load: bool = True,
) -> Surveyed:
    """Survey the partitions, of which at most ``limit`` files each.

    Args:
        settings: Settings of the loads.
        store: Store to compare with.
        catalogue: Catalogue of the partitions.
        partitions: Partitions to survey.
        limit: Number of files of each partition, first by path.
        even_unchanged: Return unchanged partitions as changed.
        for_load: True if loads follow: they record the state of the source from before the survey.

    Raises:
        StoreError: What is live was embedded with another model.
    """
    with store.connect() as connection:
        names = [partition.name for partition in partitions]
        publication.refuse_other_model(connection, describe_space(settings), names)
    states = source_states(partitions, catalogue, settings) if for_load and limit is None else {}
    results: list[LoadResult] = []
    changed: list[Survey] = []
    same: list[Survey] = []
    with closing(Loader(settings, store)) as loader:
        for partition in partitions:
            try:
                found = loader.survey(partition, catalogue, limit, source_state=states.get(partition.name))
            except SourceError as error:
                results.append(LoadResult(partition.doc_type, partition.key, "failed", error=str(error)))
                continue
            if found.unchanged is None or even_unchanged:
                changed.append(found)
            else:
                same.append(found)
                results.append(found.unchanged)
    return Surveyed(results, sorted(changed, key=lambda one: -one.expected_tokens), same)


def load(
    settings: Settings,
    store: Store,
    changed: Sequence[Survey],
    workers: int,
    *,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> Iterator[LoadResult]:
    """Load surveyed partitions, most work first, in ``workers`` processes, and yield each result as it comes.

    Iterate within ``shutdown.deferred()``: a stop ends the loads at their next batch border with the result
    ``stopped``. ``batch_id`` is recorded in the history.
    """
    if not changed:
        return
    if shares_model(settings):
        convert_apart(settings)
    fingerprint = describe_space(settings).fingerprint
    expected = {survey.partition.name: survey.expected_tokens for survey in changed}
    _retries(settings).run(lambda: maintenance.prepare_loading(store, fingerprint, expected))
    with ExitStack() as stack:
        stack.enter_context(maintenance.loading(store))
        shared = stack.enter_context(EmbeddingProcess(settings)) if shares_model(settings) else None
        yield from load_partitions(
            changed,
            catalogue=settings.catalogue,
            database_url=store.url,
            parallel=workers,
            threads=_threads_each(settings, workers),
            embedding=shared,
            allow_deletions=allow_deletions,
            batch_id=batch_id,
        )


def _retries(settings: Settings) -> Retries:
    return Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait))


def shares_model(settings: Settings) -> bool:
    """Return True if loads embed in one process beside them; an endpoint is asked by each load itself."""
    return choose_backend(settings) != "http"


def fitting_workers(settings: Settings, memory: int | None = None) -> int:
    """Return the number of loads at a time that fits the cores and the memory.

    Two keep a shared model busy: while one parses its first files or audits, the other's chunks are embedded. More help
    where many cores, a GPU or an endpoint embed faster than two loads parse and write.

    Args:
        settings: Threads and backend.
        memory: Bytes that all processes may use together; by default what the container and the machine have.
    """
    fast = choose_backend(settings) != "openvino"
    by_cores = max(2, min(_MOST_WORKERS, settings.threads if fast else settings.threads // 4))
    free = (usable_memory() if memory is None else memory) - _BYTES_OF_ALL
    return max(1, min(by_cores, free // _BYTES_OF_WORKER))


def memory_of(workers: int) -> int:
    """Return the bytes that so many loads at a time take together."""
    return _BYTES_OF_ALL + workers * _BYTES_OF_WORKER


def lanes(settings: Settings, workers: int) -> dict[str, int]:
    """Return how many processes parse, embed and write at a time."""
    each = parse_workers(replace(settings, threads=_threads_each(settings, workers)))
    return {"parse": workers * each, "embed": 1 if shares_model(settings) else workers, "write": workers}


def _threads_each(settings: Settings, workers: int) -> int:
    """Return the threads of each load: of its parse workers, and without a shared model of its own."""
    return max(1, settings.threads // workers)


@dataclass(frozen=True, slots=True)
class IndexRefresh:
    """The update of the vector index after the loads: seconds, whether it was built, and why it failed."""

    seconds: float = 0.0
    built: bool = False
    error: str | None = None


def refresh_index(settings: Settings, store: Store, *, loaded_any: bool) -> IndexRefresh:
    """Update statistics after a load, and build the vector index after the first one unless others are loading."""
    if shutdown.requested():
        return IndexRefresh()
    started = time.perf_counter()
    fingerprint, workers = describe_space(settings).fingerprint, max(1, settings.threads - 1)
    try:
        done = _retries(settings).run(
            lambda: maintenance.finish_loading(store, fingerprint, workers=workers, loaded=loaded_any),
            maintenance.SEARCHABLE,
        )
    except (StoreError, Stopped) as error:
        # What was loaded is live and searchable without it, and the next migrate updates it.
        return IndexRefresh(time.perf_counter() - started, error=str(error))
    return IndexRefresh(time.perf_counter() - started, done.built, done.problem)
