"""Loads many partitions: surveys them, loads what changed in several processes, updates the vector index.

Behind ``doc-assets migrate`` and ``quarantine retry``, which print the results. Only the worker processes import
Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster.worker_processes import load_partitions
from doc_assets.embedding.space import describe_space
from doc_assets.errors import SourceError, Stopped, StoreError
from doc_assets.ingest.loader import Loader, Survey
from doc_assets.ingest.result import LoadResult
from doc_assets.ingest.source_state import source_states
from doc_assets.runtime import shutdown
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.retention import maintenance
from doc_assets.store.snapshots import publication


@dataclass(frozen=True)
class Surveyed:
    """Partitions split by whether they need a load.

    Attributes:
        results: Results of those that need none: ``unchanged``, or ``failed`` because their source cannot be fetched.
        changed: Surveys of the others, most work first, so that no process is left alone with a large one.
    """

    results: list[LoadResult]
    changed: list[Survey]


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
                results.append(found.unchanged)
    return Surveyed(results, sorted(changed, key=lambda one: -one.expected_tokens))


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
    with maintenance.loading(store):
        yield from load_partitions(
            changed,
            catalogue=settings.catalogue,
            database_url=store.url,
            parallel=workers,
            threads=max(1, settings.threads // workers),
            allow_deletions=allow_deletions,
            batch_id=batch_id,
        )


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
        done = Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait)).run(
            lambda: maintenance.finish_loading(store, fingerprint, workers=workers, loaded=loaded_any),
            maintenance.SEARCHABLE,
        )
    except (StoreError, Stopped) as error:
        # What was loaded is live and searchable without it, and the next migrate updates it.
        return IndexRefresh(time.perf_counter() - started, error=str(error))
    return IndexRefresh(time.perf_counter() - started, done.built, done.problem)
