"""The resource ``doc_assets``: the library, opened once per process and kept warm for all its partitions.

Opening takes seconds (database, parse workers, model), so it happens on first use, never while definitions load.
Arguments named ``partition`` are partition names unless they are a ``Partition``.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from doc_assets.runtime import log_context
from doc_assets.runtime.masked_output import mask_exceptions_and_records
from doc_assets.settings import LogSettings, Settings

if TYPE_CHECKING:
    from doc_assets.catalogue import Catalogue, Partition
    from doc_assets.ingest.loader import Loader, Survey
    from doc_assets.ingest.result import LoadResult
    from doc_assets.store.database.connection import Store
    from doc_assets.store.database.retries import Retries
    from doc_assets.store.history.moves import Move
    from doc_assets.store.history.requests import LoadRequest
    from doc_assets.store.retention.garbage_collection import GarbageCollection
    from doc_assets.store.retention.maintenance import IndexResult
    from doc_assets.store.retention.policy import Policy
    from doc_assets.store.versions.rollback import RollbackResult
    from doc_assets.store.versions.summary import SnapshotSummary
    from doc_assets.validation.audit import CheckResult


class Library:
    """The loader, the audit and the snapshots of one database, for the assets.

    Attributes:
        settings: The settings.
        embedding_process: Address of the process that holds the model; None: the loader opens it in this process.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings; opens nothing."""
        self.settings = settings
        self.embedding_process: str | None = None

    @cached_property
    def store(self) -> Store:
        """The database, set up or checked on first use."""
        from doc_assets.store.schema.opening import open_store

        return self.retries.run(lambda: open_store(self.settings))

    @cached_property
    def retries(self) -> Retries:
        """The retries of all steps but loads, which have their own."""
        from doc_assets.store.database.retries import Retries, RetryPolicy

        return Retries(RetryPolicy(self.settings.retry_attempts, self.settings.retry_longest_wait))

    @cached_property
    def loader(self) -> Loader:
        """The loader, whose parse workers and model stay warm between partitions."""
        from doc_assets.ingest.loader import Loader

        loader = Loader(self.settings, self.store, embedding_process=self.embedding_process)
        atexit.register(loader.close)
        return loader

    def audit(self, snapshot: int) -> list[CheckResult]:
        """Run the six checks over a snapshot."""
        from doc_assets.validation.audit import audit

        # Minutes for a large snapshot: a restart of the server must not cost the load.
        return self.loader.retries.run(lambda: audit(self.loader.store, snapshot))

    def audit_live(self, partition: str) -> list[CheckResult]:
        """Run the six checks over what is live in a partition; return nothing if nothing is live."""
        snapshot = self.published(partition)
        return [] if snapshot is None else self.audit(snapshot)

    def published(self, partition: str) -> int | None:
        """Return the live snapshot of a partition."""
        from doc_assets.store.partitions.partitions import live_snapshot

        with self.store.connect() as connection:
            return live_snapshot(connection, partition)

    def summary(self, snapshot: int) -> SnapshotSummary:
        """Return a sealed snapshot in short."""
        from doc_assets.store.versions.summary import summarise

        with self.store.connect() as connection:
            return summarise(connection, snapshot)

    @property
    def address(self) -> str:
        """The database's URL without secrets."""
        from doc_assets.store.database.url import url_without_secrets

        return url_without_secrets(self.store.url)

    def moves_after(self, history_id: int) -> list[Move]:
        """Return the last move of each partition's pointer after a row of the history."""
        from doc_assets.store.history.moves import moves_after

        with self.store.connect() as connection:
            return moves_after(connection, history_id)

    def requests_after(self, history_id: int) -> list[LoadRequest]:
        """Return the loads that were asked for after a row of the history."""
        from doc_assets.store.history.requests import requests_after

        with self.store.connect() as connection:
            return requests_after(connection, history_id)

    def source_states(self, partitions: Sequence[Partition], catalogue: Catalogue) -> dict[str, str | None]:
        """Return the states of the partitions' sources by partition name; None if not known cheaply."""
        from doc_assets.ingest.source_state import source_states

        return source_states(partitions, catalogue, self.settings)

    def survey(
        self,
        partition: Partition,
        catalogue: Catalogue,
        limit: int | None,
        run_id: str,
        *,
        batch_id: str | None = None,
        forced: bool = False,
    ) -> Survey:
        """Survey a partition's source; record the survey in the history unless a load follows.

        ``limit`` takes only the first files by path; with ``forced`` a load follows even if nothing changed.

        Raises:
            SourceError: The source cannot be fetched.
        """
        from doc_assets.ingest.load_history import record_surveys, recording_failures

        # Before the survey: if the source changes meanwhile, the next schedule starts a needless run, and misses none.
        state = None if limit else self.source_states([partition], catalogue)[partition.name]
        with recording_failures(self.store, partition, run_id, time.perf_counter(), batch_id=batch_id):
            survey = self.loader.survey(partition, catalogue, limit, source_state=state)
        if survey.unchanged is not None and not forced:
            record_surveys(self.store, [(partition, survey.unchanged)], run_id=run_id, batch_id=batch_id)
        return survey

    def record_unchanged(self, partitions: Sequence[Partition]) -> None:
        """Record in the history that the sources of these partitions have not changed."""
        from doc_assets.store.history.history import record_unchanged

        with self.store.connect("doc-assets history") as connection:
            record_unchanged(connection, [partition.name for partition in partitions])

    def index(self) -> IndexResult:
        """Update statistics after a load, and build the vector index after the first one unless others are loading."""
        from doc_assets.embedding.space import describe_space
        from doc_assets.store.retention.maintenance import SEARCHABLE, finish_loading

        space, workers = describe_space(self.settings).fingerprint, max(1, self.settings.threads - 1)
        return self.retries.run(lambda: finish_loading(self.store, space, workers=workers), SEARCHABLE)

    def loading_run(self, partition: str) -> str | None:
        """Return the run that is loading a partition now."""
        from doc_assets.store.history.progress import progress
        from doc_assets.store.partitions.partitions import locked_partitions, partition_id_of

        rows = [row for row in progress(self.store) if row.partition == partition]
        if not rows:
            return None
        with self.store.connect() as connection:
            # A killed process leaves its progress row, but not its lock.
            return rows[0].run_id if partition_id_of(connection, partition) in locked_partitions(connection) else None

    def collect(self, policy: Policy, run_id: str) -> GarbageCollection:
        """Drop what the policy does not keep."""
        from doc_assets.store.retention.garbage_collection import collect_garbage

        return collect_garbage(self.store, policy, run_id=run_id)

    def validate(self, partitions: Sequence[str], run_id: str) -> list[CheckResult]:
        """Audit what is live in the partitions and record it in the history."""
        from doc_assets.validation.validate import Wanted, validate

        live = tuple(partition for partition in partitions if self.published(partition) is not None)
        if not live:
            return []
        return validate(self.store, Wanted(partitions=live), threads=self.settings.threads, run_id=run_id).checks

    def rollback_target(self, partition: str, to: str) -> int:
        """Return the snapshot that a rollback of a partition would publish, after proving it; moves no pointer."""
        from doc_assets.store.versions.rollback import roll_back
        from doc_assets.store.versions.rollback_targets import ToSnapshot

        (planned,) = roll_back(self.store, ToSnapshot(partition, to), dry_run=True).partitions
        assert planned.to_snapshot is not None  # noqa: S101 - a single partition is never taken down like this
        return planned.to_snapshot

    def left_catalogue(self, catalogue: Catalogue) -> tuple[str, ...]:
        """Return the live partitions that the catalogue does not list; raise Refused if those are all."""
        from doc_assets.store.partitions.left_catalogue import names_to_retire

        with self.store.connect() as connection:
            return names_to_retire(connection, catalogue)

    def retire(self, names: tuple[str, ...], run_id: str, *, dry_run: bool = False) -> list[RollbackResult]:
        """Take partitions down, all or none, by name or glob."""
        from doc_assets.store.versions.retirement import retire

        return retire(self.store, names, run_id=run_id, dry_run=dry_run).partitions

    def roll_back(self, partition: str, to: str, run_id: str) -> RollbackResult:
        """Publish an earlier snapshot of a partition."""
        from doc_assets.store.versions.rollback import rollback

        return rollback(self.store, partition, to=to, run_id=run_id)


@dataclass
class InProcessRun:
    """The resource ``in_process_run``: passes the survey to a run of ``run_partition``, and the load's result back.

    Dagster itself returns nothing from an asset to the caller but what an I/O manager stores.
    """

    survey: Survey
    result: LoadResult | None = None


_libraries: dict[Settings, Library] = {}


def library(settings: Settings | None = None) -> Library:
    """Return the library of this process for the settings, by default those of the environment."""
    mask_exceptions_and_records()
    settings = settings or Settings.from_environment()
    return _libraries.setdefault(settings, Library(settings))


@dg.resource(
    description="The library for the settings of the environment (DOC_ASSETS_…), one for all runs of a process."
)
def doc_assets_resource(context: dg.InitResourceContext) -> Library:
    """Return the library; a test may replace the resource by an object with the same methods."""
    # Processes that Dagster starts keep its logging unless our own variables are set.
    if (wanted := LogSettings.from_environment()) != LogSettings():
        log_context.configure(wanted)
    return library()
