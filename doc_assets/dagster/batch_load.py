"""Loads many partitions: surveys them, loads what changed over several processes, keeps the vector index up to date.

The use case behind ``doc-assets migrate`` and ``quarantine retry``. Shows nothing: results and errors come back as
values. Dagster is imported in the worker processes only.
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
    """Partitions split by whether a load is worth starting.

    Attributes:
        settled: Results of those that need none: ``unchanged``, or ``failed`` because their source cannot be fetched.
        changed: Surveys of the others, most work first: the wall time of the last wave is that of its slowest load.
    """

    settled: list[LoadResult]
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
    """Surveys the partitions.

    Args:
        settings: Of the loads.
        store: Where to.
        catalogue: That the partitions are from.
        partitions: To survey.
        limit: Files of each at most.
        even_unchanged: Have the unchanged ones loaded, too.
        for_load: Loads follow; they record the state of their source, which has to be asked before it is read.

    Raises:
        StoreError: What is live was embedded with another model.
    """
    with store.connect() as connection:
        names = [partition.name for partition in partitions]
        publication.refuse_other_model(connection, describe_space(settings), names)
    states = source_states(partitions, catalogue, settings) if for_load and limit is None else {}
    settled: list[LoadResult] = []
    changed: list[Survey] = []
    with closing(Loader(settings, store)) as loader:
        for partition in partitions:
            try:
                found = loader.survey(partition, catalogue, limit, source_state=states.get(partition.name))
            except SourceError as error:
                settled.append(LoadResult(partition.doc_type, partition.key, "failed", error=str(error)))
                continue
            if found.unchanged is None or even_unchanged:
                changed.append(found)
            else:
                settled.append(found.unchanged)
    return Surveyed(settled, sorted(changed, key=lambda one: -one.expected_tokens))


def load(
    settings: Settings,
    store: Store,
    changed: Sequence[Survey],
    workers: int,
    *,
    allow_deletions: bool = False,
    batch_id: str | None = None,
) -> Iterator[LoadResult]:
    """Loads what was surveyed and yields each result as it comes.

    A stop that is asked for ends the loads at their next border; their results say so. Take the results within
    ``shutdown.deferred()``.

    Args:
        settings: Of the loads; ``catalogue`` is where the partitions are from.
        store: Where to.
        changed: Most work first.
        workers: Processes that load side by side.
        allow_deletions: Publish although more documents vanished than the deletion guard lets go.
        batch_id: Of these loads, for the history.
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
    """What became of the vector index after the loads.

    Attributes:
        seconds: Spent on it.
        built: It was built.
        error: Why it could not be brought up to date; the next migrate does it.
    """

    seconds: float = 0.0
    built: bool = False
    error: str | None = None


def refresh_index(settings: Settings, store: Store, *, loaded_any: bool) -> IndexRefresh:
    """Brings statistics up to date after a load, and builds the vector index after a first one if nobody else loads."""
    if shutdown.requested():
        return IndexRefresh()
    started = time.perf_counter()
    fingerprint, workers = describe_space(settings).fingerprint, max(1, settings.threads - 1)
    try:
        done = Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait)).run(
            lambda: maintenance.finish_loading(store, fingerprint, workers=workers, loaded=loaded_any)
        )
    except (StoreError, Stopped) as error:
        # What was loaded is live and found without it; the loads' own summary must not be lost.
        return IndexRefresh(time.perf_counter() - started, error=str(error))
    return IndexRefresh(time.perf_counter() - started, done.built)
