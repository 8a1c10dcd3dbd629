"""``Loader`` surveys a source, plans a load or stages one; a ``StagedLoad`` is then published or rejected."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property, partial

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document.records import Counts, FileRecord
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import calls_of, open_embedder, open_tokenizers
from doc_assets.embedding.shared_embedder import SharedEmbedder
from doc_assets.embedding.space import describe_space
from doc_assets.ingest.load_history import recording_failures
from doc_assets.ingest.load_run import LoadRun, parse_tasks
from doc_assets.ingest.parse_pool import ParsePool, parse_workers
from doc_assets.ingest.recipe import terms_of
from doc_assets.ingest.result import LoadResult, RetryCounts
from doc_assets.ingest.source_warnings import source_warnings
from doc_assets.ingest.staged_load import StagedLoad
from doc_assets.runtime import log_context, shutdown
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover
from doc_assets.store.database.connection import Store
from doc_assets.store.database.kept_sessions import SessionKeeper
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle, reuse
from doc_assets.store.snapshots.missing_includes import LackingDocuments, lacking_in
from doc_assets.store.spaces import spaces


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
    """

    partition: Partition
    limit: int | None
    discovery: Discovery
    unchanged: LoadResult | None
    source_state: str | None = None
    retries: int = 0

    @property
    def expected_tokens(self) -> int:
        """Estimate of the tokens, before any file is parsed."""
        return self.discovery.expected_tokens


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
        return Survey(partition, limit, discovery, unchanged, source_state, self.retries.count - retried)

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

    def plan(self, survey: Survey) -> LoadResult:
        """Parse the files and return what a load would do; writes nothing and embeds nothing.

        ``embedded`` and ``tokens_embedded`` count what a load would embed.
        """
        started = time.perf_counter()
        if survey.unchanged is not None:
            return survey.unchanged
        partition, discovery = survey.partition, survey.discovery
        to_load = discovery.to_load({})
        outcomes: list[str] = []
        unread: dict[str, str] = {}
        documents = chunks = tokens = 0
        missing: dict[bytes, int] = {}
        lacking = LackingDocuments()
        with ExitStack() as lookup:
            space = self.retries.run(self._find_space)
            stored = lookup.enter_context(spaces.VectorLookup(self.store, space, self.retries)) if space else None
            tasks = parse_tasks(partition, discovery, [file.path for file in to_load.canonical])
            for record in self.parse_pool.parse(tasks):
                outcomes.append(record.outcome)
                if record.outcome in ("rejected", "skipped"):
                    unread[record.path] = record.outcome
                documents += len(record.documents)
                lacking = _with_includes_of(lacking, record)
                found = [chunk for document in record.documents for chunk in document.chunks]
                chunks += len(found)
                tokens += sum(chunk.token_count for chunk in found)
                new = {c.id: c.token_count for c in found}
                if stored is not None:
                    new = {key: new[key] for key in stored.missing(list(new))}
                missing |= new
        # A file with the bytes of one that is not loaded is no duplicate of any document; as sealing counts it.
        outcomes += [unread.get(file.duplicate_of or "", file.outcome) for file in to_load.unparsed]
        counts = Counts(
            files=len(discovery.listed),
            loaded=outcomes.count("loaded"),
            duplicate=outcomes.count("duplicate"),
            skipped=outcomes.count("skipped"),
            rejected=outcomes.count("rejected"),
            documents=documents,
            chunks=chunks,
            tokens=tokens,
            bytes=discovery.bytes,
        )
        return LoadResult(
            partition.doc_type,
            partition.key,
            "planned",
            **asdict(counts),
            embedded=len(missing),
            reused=chunks - len(missing),
            tokens_embedded=sum(missing.values()),
            includes_missing=lacking.includes,
            seconds=time.perf_counter() - started,
            warnings=source_warnings(partition, discovery, counts, lacking),
        )

    def _find_space(self) -> spaces.SpaceTable | None:
        with self.store.connect() as connection:
            return spaces.find_space(connection, self.space.fingerprint)

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
        with shutdown.handling_signals(), ExitStack() as guard:
            guard.enter_context(log_context.bound(run=run_id, partition=partition.name))
            guard.enter_context(recording_failures(self.store, partition, run_id, started))
            session = guard.enter_context(
                PartitionSession(self.store, partition.doc_type, partition.key, partition.source.name, self.retries)
            )
            run = LoadRun(
                session,
                partition,
                terms_of(self.settings, partition.source, survey.limit),
                run_id,
                store=self.store,
                space=self.space,
                parse_pool=self.parse_pool,
                embedder=lambda: self.embedder,
                calls=calls_of(self.settings),
                retries=self.retries,
            )
            guard.callback(run.finish)
            lease, result = run.fill(survey.discovery, started)
            return StagedLoad(
                partition=partition,
                result=result,
                run_id=run_id,
                batch_id=batch_id,
                settings=self.settings,
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


def _with_includes_of(lacking: LackingDocuments, record: FileRecord) -> LackingDocuments:
    """Return the documents that lack includes with those of one more file; the first is the first by path."""
    for document in record.documents:
        facts = json.loads(document.metadata_json) if '"includes_missing"' in document.metadata_json else {}
        if not isinstance(count := facts.get("includes_missing"), int):
            continue
        first, path = str(facts.get("first_include_missing", "")), record.path
        if lacking.documents and lacking.path <= path:
            first, path = lacking.first, lacking.path
        lacking = LackingDocuments(lacking.documents + 1, lacking.includes + count, first, path)
    return lacking
