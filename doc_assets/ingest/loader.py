"""``Loader`` surveys a partition's source, plans a load, and stages one; a ``StagedLoad`` is published or rejected."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property, partial

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.space import describe_space
from doc_assets.ingest.load_history import failures_recorded
from doc_assets.ingest.load_run import LoadRun, parse_tasks
from doc_assets.ingest.parse_pool import ParsePool
from doc_assets.ingest.recipe import terms_of
from doc_assets.ingest.result import LoadResult
from doc_assets.ingest.staged_load import StagedLoad
from doc_assets.runtime import log_context, shutdown
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle, reuse
from doc_assets.store.spaces import spaces


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands in a partition's source, and whether a load would change anything.

    Attributes:
        partition: The partition.
        limit: Files by path that the survey and a load of it are limited to, None for all.
        discovery: The source's files; a load goes on from it.
        unchanged: What is live, if a load would change nothing.
        source_state: As ``source_states`` gave it before the survey; None where it was not asked for, or not known.
        retries: Steps of the database that were tried again.
    """

    partition: Partition
    limit: int | None
    discovery: Discovery
    unchanged: LoadResult | None
    source_state: str | None = None
    retries: int = 0

    @property
    def expected_tokens(self) -> int:
        """Tokens that the files will give, before any is parsed."""
        return self.discovery.expected_tokens


class Loader:
    """Loads partitions one after the other, keeping the parse workers and the model warm between them.

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

    def __init__(self, settings: Settings, store: Store, parse_pool: ParsePool | None = None) -> None:
        """Opens nothing yet: workers and model start when a file has to be parsed and a chunk embedded.

        Args:
            settings: Model, threads, limits.
            store: Where to.
            parse_pool: Workers to share with other loaders; closed with the first of them.
        """
        self.settings = settings
        self.store = store
        self.parse_pool = parse_pool or ParsePool(settings)
        self.space = describe_space(settings)
        self.retries = Retries(RetryPolicy(settings.retry_attempts, settings.retry_longest_wait))
        self._embedding_retries = 0
        self._counting = threading.Lock()

    @cached_property
    def embedder(self) -> Embedder:
        """The model, loaded on first use."""
        return open_embedder(self.settings, on_retry=self._embedding_is_retried)

    def close(self) -> None:
        """Ends the parse workers."""
        self.parse_pool.close()

    def survey(
        self,
        partition: Partition,
        catalogue: Catalogue,
        limit: int | None = None,
        *,
        source_state: str | None = None,
    ) -> Survey:
        """Lists a partition's source and compares it with what is live; parses and writes nothing.

        Files are read as far as it takes to know that one of them differs, and all of them if none does.

        Args:
            partition: The partition.
            catalogue: That it is from.
            limit: Only the first files by path.
            source_state: For the survey.

        Raises:
            SourceError: The source cannot be fetched.
            Stopped: SIGTERM or SIGINT asked for it.
        """
        started, retried = time.perf_counter(), self.retries.count
        with shutdown.heeded():
            discovery = discover(partition, catalogue, self.settings, limit)
            unchanged = self.retries.run(lambda: self._unchanged(partition, discovery, limit, started))
        return Survey(partition, limit, discovery, unchanged, source_state, self.retries.count - retried)

    def _unchanged(
        self, partition: Partition, discovery: Discovery, limit: int | None, started: float
    ) -> LoadResult | None:
        with self.store.connect() as connection:
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
            return LoadResult(
                partition.doc_type,
                partition.key,
                "unchanged",
                snapshot=live,
                digest=lifecycle.stored_digest(connection, live),
                **asdict(counts),
                reused=counts.chunks,
                seconds=time.perf_counter() - started,
            )

    def plan(self, survey: Survey) -> LoadResult:
        """What a load would do, from parsing the files; writes nothing and embeds nothing.

        ``embedded`` and ``tokens_embedded`` are what would have to be embedded.
        """
        started = time.perf_counter()
        if survey.unchanged is not None:
            return survey.unchanged
        partition, discovery = survey.partition, survey.discovery
        to_load = discovery.to_load({})
        outcomes = [file.outcome for file in to_load.unparsed]
        documents = chunks = tokens = 0
        missing: dict[bytes, int] = {}
        with ExitStack() as lookup:
            space = self.retries.run(self._find_space)
            held = lookup.enter_context(spaces.VectorLookup(self.store, space, self.retries)) if space else None
            tasks = parse_tasks(partition, discovery, [file.path for file in to_load.canonical])
            for record in self.parse_pool.parse(tasks):
                outcomes.append(record.outcome)
                documents += len(record.documents)
                found = [chunk for document in record.documents for chunk in document.chunks]
                chunks += len(found)
                tokens += sum(chunk.token_count for chunk in found)
                lacking = {c.id: c.token_count for c in found}
                if held is not None:
                    lacking = {key: lacking[key] for key in held.missing(list(lacking))}
                missing |= lacking
        return LoadResult(
            partition.doc_type,
            partition.key,
            "planned",
            files=len(discovery.listed),
            loaded=outcomes.count("loaded"),
            duplicate=outcomes.count("duplicate"),
            skipped=outcomes.count("skipped"),
            rejected=outcomes.count("rejected"),
            documents=documents,
            chunks=chunks,
            embedded=len(missing),
            reused=chunks - len(missing),
            tokens=tokens,
            tokens_embedded=sum(missing.values()),
            bytes=discovery.bytes,
            seconds=time.perf_counter() - started,
        )

    def _find_space(self) -> spaces.SpaceTable | None:
        with self.store.connect() as connection:
            return spaces.find_space(connection, self.space.fingerprint)

    def stage(self, survey: Survey, *, run_id: str | None, batch_id: str | None = None) -> StagedLoad:
        """Loads what was surveyed into a staging snapshot and seals it; resumes what a dead load of it left.

        Args:
            survey: Of the partition; whether it is unchanged does not matter.
            run_id: Dagster run, for the history.
            batch_id: Of the runs that were started together, for the history.

        Raises:
            PartitionLocked: Another load or rollback of it runs.
            StoreError: The database went away for longer than the retries last.
            EmbeddingError: The model or endpoint failed.
            Stopped: SIGTERM or SIGINT asked for it. What was committed waits for the next load.
        """
        started, before = time.perf_counter(), (self.retries.count - survey.retries, self._embedding_retries)
        partition = survey.partition
        with shutdown.heeded(), ExitStack() as guard:
            guard.enter_context(log_context.bound(run=run_id, partition=partition.name))
            guard.enter_context(failures_recorded(self.store, partition, run_id, started))
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

    def _retried(self, before: tuple[int, int]) -> dict[str, int]:
        """Steps that were tried again since then, as fields of the result."""
        return {"retries": self.retries.count - before[0], "embedding_retries": self._embedding_retries - before[1]}
