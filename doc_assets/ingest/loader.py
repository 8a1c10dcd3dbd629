"""``Loader`` surveys a source and stages a load; a ``StagedLoad`` is then published or rejected.

What a load would do without one is in ``doc_assets.ingest.planning``.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import calls_of, open_embedder, open_tokenizers
from doc_assets.embedding.shared_embedder import SharedEmbedder
from doc_assets.embedding.space import describe_space
from doc_assets.ingest.expected_work import StoredFiles, expected_of_partition
from doc_assets.ingest.load_circumstances import circumstances
from doc_assets.ingest.load_history import recording_failures
from doc_assets.ingest.load_run import LoadRun
from doc_assets.ingest.parse_pool import ParsePool, parse_workers
from doc_assets.ingest.parsed_files import ParsedFiles
from doc_assets.ingest.recipe import terms_of
from doc_assets.ingest.result import LoadResult, RetryCounts
from doc_assets.ingest.source_warnings import source_warnings
from doc_assets.ingest.staged_load import StagedLoad
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.time_left import Expected
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover
from doc_assets.store.database.connection import Store
from doc_assets.store.database.kept_sessions import SessionKeeper
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle, reuse
from doc_assets.store.snapshots.missing_includes import lacking_in


@dataclass(frozen=True, slots=True)
class Survey:
    """The files of a partition's source, and whether a load would change what is live.

    Attributes:
        partition: The partition.
        limit: Number of files, first by path, that survey and load are limited to; None for all.
        discovery: The source's files, which a load starts from.
        unchanged: Counts of what is live, if a load would change nothing.
        source_state: Value from ``source_states`` before the survey; None if not requested or not known.
        retries: Retries after failures of the database.
        stored: What is live of the files; nothing of a survey that found no change.
    """

    partition: Partition
    limit: int | None
    discovery: Discovery
    unchanged: LoadResult | None
    source_state: str | None = None
    retries: int = 0
    stored: StoredFiles = field(default_factory=StoredFiles)

    @property
    def expected(self) -> Expected:
        """What the load is expected to embed and parse, before any file is parsed."""
        return expected_of_partition(((file.path, file.size) for file in self.discovery.listed), self.stored)

    @property
    def expected_tokens(self) -> int:
        """The work to expect, in tokens to embed."""
        return round(self.expected.tokens)


class Loader:
    """Loads partitions one after the other and keeps parse workers and model warm between them.

    Example:
        >>> loader = Loader(settings, store)
        >>> survey = loader.survey(partition, catalogue)
        >>> with loader.stage(survey, run_id=None) as staged:
        ...     checks = audit(store, staged.snapshot)
        ...     try:
        ...         staged.publish(checks)
        ...     except PublicationRefused as error:
        ...         staged.reject(checks, error)
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        parse_pool: ParsePool | None = None,
        *,
        embedding_process: str | None = None,
    ) -> None:
        """Set up the loader; workers and model start with the first file and chunk.

        Args:
            settings: The settings.
            store: Store to load into.
            parse_pool: May be shared with other loaders; the first that is closed closes it.
            embedding_process: Address of the process that holds the model; by default this process opens it itself.
        """
        self.settings = settings
        self.store = SessionKeeper(store)
        self.parse_pool = parse_pool or ParsePool(settings, parse_workers(settings))
        self._embedding_process = embedding_process
        self.space = describe_space(settings)
        self.retries = Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait))
        self._embedding_retries = 0
        self._counting = threading.Lock()

    @cached_property
    def embedder(self) -> Embedder:
        """The model, or the client of the process that holds it, opened on first use."""
        if self._embedding_process is not None:
            return SharedEmbedder(self.space, self._embedding_process, lambda: open_tokenizers(self.settings))
        return open_embedder(self.settings, on_retry=self._embedding_is_retried)

    @cached_property
    def circumstances(self) -> dict[str, object]:
        """What the loads run on and with, for the history."""
        return {**circumstances(self.settings), "shares_model": self._embedding_process is not None}

    def close(self) -> None:
        """End the parse workers and the sessions that are kept."""
        self.parse_pool.close()
        self.store.close()

    def survey(
        self,
        partition: Partition,
        catalogue: Catalogue,
        limit: int | None = None,
        *,
        source_state: str | None = None,
    ) -> Survey:
        """List a partition's source and compare it with what is live; parses and writes nothing.

        Files are read until one differs, so all of them if none does. ``limit`` takes only the first files by path;
        ``source_state`` is kept in the survey.

        Raises:
            SourceError: The source cannot be fetched.
            Stopped: SIGTERM or SIGINT asked for it.
        """
        started, retried = time.perf_counter(), self.retries.count
        with shutdown.handling_signals():
            discovery = discover(partition, catalogue, self.settings, limit)
            unchanged = self.retries.run(lambda: self._unchanged(partition, discovery, limit, started))
            stored = StoredFiles() if unchanged else self.retries.run(lambda: self._stored(partition, limit))
        return Survey(partition, limit, discovery, unchanged, source_state, self.retries.count - retried, stored)

    def _stored(self, partition: Partition, limit: int | None) -> StoredFiles:
        terms = terms_of(self.settings, partition.source, limit)
        with self.store.lent("load", "doc-assets survey") as connection:
            recipe, sizes = reuse.live_sizes(connection, partition.name, self.space.fingerprint)
        return StoredFiles(sizes, same_recipe=recipe == terms.recipe)

    def _unchanged(
        self, partition: Partition, discovery: Discovery, limit: int | None, started: float
    ) -> LoadResult | None:
        with self.store.lent("load", "doc-assets survey") as connection:
            live = reuse.find_unchanged(
                connection,
                partition.name,
                terms_of(self.settings, partition.source, limit),
                self.space.fingerprint,
                included=discovery.included.digest,
                equals=discovery.equals,
            )
            if live is None:
                return None
            counts = lifecycle.sealed_counts(connection, live)
            lacking = lacking_in(connection, live)
            return LoadResult(
                partition.doc_type,
                partition.key,
                "unchanged",
                snapshot=live,
                digest=lifecycle.stored_digest(connection, live),
                **asdict(counts),
                reused=counts.chunks,
                includes_missing=lacking.includes,
                seconds=time.perf_counter() - started,
                warnings=source_warnings(partition, discovery, counts, lacking),
            )

    def stage(self, survey: Survey, *, run_id: str | None, batch_id: str | None = None) -> StagedLoad:
        """Load a surveyed partition, changed or not, into a staging snapshot and seal it.

        Resumes the staging snapshot of an interrupted load. ``run_id`` (Dagster run) and ``batch_id`` are recorded in
        the history.

        Raises:
            PartitionLocked: Another load or rollback of the partition is running.
            StoreError: The database failed for longer than the retries last.
            EmbeddingError: The model or endpoint failed.
            Stopped: A stop was requested. The next load resumes from what was committed.
        """
        started, before = time.perf_counter(), (self.retries.count - survey.retries, self._embedding_retries)
        partition = survey.partition
        terms = terms_of(self.settings, partition.source, survey.limit)
        with shutdown.handling_signals(), ExitStack() as guard:
            guard.enter_context(log_context.bound(run=run_id, partition=partition.name))
            run: LoadRun | None = None

            def reached() -> dict[str, object]:
                return {"machine": self.circumstances, **(run.reached() if run else {})}

            guard.enter_context(
                recording_failures(self.store, partition, run_id, started, batch_id=batch_id, reached=reached)
            )
            session = guard.enter_context(
                PartitionSession(self.store, partition.doc_type, partition.key, partition.source.name, self.retries)
            )
            run = LoadRun(
                session,
                partition,
                terms,
                run_id,
                store=self.store,
                space=self.space,
                parse_pool=self.parse_pool,
                embedder=lambda: self.embedder,
                calls=calls_of(self.settings),
                retries=self.retries,
                planned=ParsedFiles(self.settings.home, partition.name, terms.recipe),
            )
            guard.callback(run.finish)
            lease, result = run.fill(survey.discovery, survey.stored, started)
            return StagedLoad(
                partition=partition,
                result=result,
                run_id=run_id,
                batch_id=batch_id,
                settings=self.settings,
                circumstances=self.circumstances,
                store=self.store,
                session=session,
                lease=lease,
                retried=partial(self._retried, before),
                started=started,
                held=guard.pop_all(),
            )

    def _embedding_is_retried(self) -> None:
        with self._counting:
            self._embedding_retries += 1

    def _retried(self, before: tuple[int, int]) -> RetryCounts:
        """Return the retries since ``before``."""
        return {"retries": self.retries.count - before[0], "embedding_retries": self._embedding_retries - before[1]}
