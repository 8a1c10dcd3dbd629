"""``Loader``: stages a partition, then publishes or rejects it; says what is unchanged, and what a load would do."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from types import TracebackType

import psycopg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.space import describe_space
from doc_assets.errors import AuditFailed, PublicationRefused, StoreError
from doc_assets.ingest.load_history import failures_recorded
from doc_assets.ingest.load_run import Filling, parse_tasks
from doc_assets.ingest.parse_pool import ParsePool
from doc_assets.ingest.publication_guards import Guards
from doc_assets.ingest.recipe import recipe_of
from doc_assets.ingest.result import LoadResult
from doc_assets.runtime import log_context, shutdown
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.history import history
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle, reuse
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets.store.snapshots.losses import losses
from doc_assets.store.spaces import spaces
from doc_assets.validation.audit import CheckResult


@dataclass
class StagedLoad:
    """A sealed snapshot that waits for its audit; holds the partition's lock until published, rejected or closed."""

    snapshot: int
    digest: str
    recipe: str
    partition: Partition
    result: LoadResult
    run_id: str | None
    batch_id: str | None
    started: float
    _lease: Lease
    _session: PartitionSession
    _retried_before: tuple[int, int]
    _open: ExitStack

    def close(self) -> None:
        """Lets go of the partition; the snapshot stays as it is, and the next load resumes it."""
        self._open.close()

    def __enter__(self) -> StagedLoad:
        """The load itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at a partition's source found.

    Attributes:
        partition: Which.
        expected_tokens: Tokens that its files will give, before any is parsed.
        unchanged: What is live, if a load would change nothing.
    """

    partition: Partition
    expected_tokens: int
    unchanged: LoadResult | None


class Loader:
    """Loads partitions one after the other, keeping the parse workers and the model warm between them.

    Example:
        >>> loader = Loader(settings, store)
        >>> with loader.stage(partition, catalogue, run_id=None) as staged:
        ...     checks = audit(store, staged.snapshot)
        ...     try:
        ...         loader.publish(staged, checks)
        ...     except PublicationRefused as error:
        ...         loader.reject(staged, checks, error)
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

    def unchanged(self, partition: Partition, catalogue: Catalogue, limit: int | None = None) -> LoadResult | None:
        """What is live, if a load would change nothing; None if there is something to do. Parses and writes nothing.

        Raises:
            SourceError: The source cannot be fetched.
        """
        return self.survey(partition, catalogue, limit).unchanged

    def survey(self, partition: Partition, catalogue: Catalogue, limit: int | None = None) -> Survey:
        """Looks at a partition's source: how much work it holds, and whether a load would change anything.

        Raises:
            SourceError: The source cannot be fetched.
        """
        started = time.perf_counter()
        discovery = discover(partition, catalogue, self.settings, limit)
        unchanged = self.retries.run(lambda: self._unchanged(partition, discovery, limit, started))
        return Survey(partition, discovery.expected_tokens, unchanged)

    def _unchanged(
        self, partition: Partition, discovery: Discovery, limit: int | None, started: float
    ) -> LoadResult | None:
        with self.store.connect() as connection:
            return self._compared(connection, partition, discovery, limit, started)

    def _compared(
        self,
        connection: psycopg.Connection,
        partition: Partition,
        discovery: Discovery,
        limit: int | None,
        started: float,
    ) -> LoadResult | None:
        live = reuse.is_unchanged(
            connection,
            partition.id,
            recipe=recipe_of(self.settings, partition.source),
            fingerprint=self.space.fingerprint,
            file_limit=limit,
            base_url=partition.source.site.base_url,
            page_rule=partition.source.site.pages,
            page_strip=partition.source.site.strip,
            near_duplicates=partition.source.near_duplicates,
            files=discovery.fingerprints,
            included=discovery.included.digest,
        )
        if live is None:
            return None
        counts = lifecycle.recorded(connection, live)
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

    def plan(self, partition: Partition, catalogue: Catalogue, limit: int | None = None) -> LoadResult:
        """What a load would do, from parsing what changed; writes nothing and embeds nothing.

        ``embedded`` and ``tokens_embedded`` are what would have to be embedded.
        """
        started = time.perf_counter()
        discovery = discover(partition, catalogue, self.settings, limit)
        outcomes = [file.outcome for file in discovery.settled]
        documents = chunks = tokens = 0
        missing: dict[bytes, int] = {}
        if (nothing := self.retries.run(lambda: self._unchanged(partition, discovery, limit, started))) is not None:
            return nothing
        with ExitStack() as lookup:
            space = self.retries.run(self._find_space)
            held = lookup.enter_context(spaces.Lookup(self.store, space, self.retries)) if space else None
            for record in self.parse_pool.parse(parse_tasks(partition, discovery, discovery.locations)):
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
            files=discovery.files,
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

    def stage(
        self,
        partition: Partition,
        catalogue: Catalogue,
        *,
        run_id: str | None,
        limit: int | None = None,
        batch_id: str | None = None,
    ) -> StagedLoad:
        """Loads the partition into a staging snapshot and seals it; resumes what a dead load of it left.

        Args:
            partition: What to load.
            catalogue: That it is from.
            run_id: Dagster run, for the history.
            limit: Only the first files by path.
            batch_id: Of the runs that were started together, for the history.

        Raises:
            PartitionLocked: Another load or rollback of it runs.
            SourceError: The source cannot be fetched.
            StoreError: The database went away for longer than the retries last.
            EmbeddingError: The model or endpoint failed.
            Stopped: SIGTERM or SIGINT asked for it. What was committed waits for the next load.
        """
        started, before = time.perf_counter(), (self.retries.count, self._embedding_retries)
        source = partition.source.name
        with shutdown.heeded(), ExitStack() as guard:
            guard.enter_context(log_context.bound(run=run_id, partition=partition.id))
            guard.enter_context(failures_recorded(self.store, partition.id, run_id, started))
            session = guard.enter_context(
                PartitionSession(self.store, partition.doc_type, partition.key, source, self.retries)
            )
            load = Filling(self, session, partition, run_id)
            guard.callback(load.finish)
            lease, result = load.run(catalogue, limit, started)
            assert result.snapshot is not None and result.digest is not None  # noqa: S101 - sealed above
            return StagedLoad(
                result.snapshot,
                result.digest,
                recipe_of(self.settings, partition.source),
                partition,
                replace(result, **self._retried(before)),
                run_id,
                batch_id,
                started,
                lease,
                session,
                before,
                guard.pop_all(),
            )

    def publish(
        self, staged: StagedLoad, checks: Sequence[CheckResult], *, allow_deletions: bool = False
    ) -> LoadResult:
        """Makes the staged snapshot what readers see, if every check passed and its source's guards let it.

        Raises:
            StoreError: A check did not pass.
            PublicationRefused: More files were rejected, or more documents vanished, than the source may lose. What is
                live stays in either case, and the caller rejects the snapshot or leaves it for the next load.
        """
        if failed := [check.check for check in checks if not check.passed]:
            raise StoreError(f"{staged.partition.id} failed {', '.join(failed)} and cannot be published")
        guards = Guards.of(self.settings, staged.partition.source, allow_deletions=allow_deletions)
        found = staged._session.run(lambda connection: losses(connection, staged.snapshot))
        if refusal := guards.refusal(staged.partition.id, found):
            raise PublicationRefused(refusal)
        result = self._timed(staged, "published", checks)
        with (
            shutdown.heeded(),
            shutdown.deferred(),  # milliseconds, and it should be known whether they were the last ones
            staged,
            failures_recorded(self.store, staged.partition.id, staged.run_id, staged.started),
        ):
            staged._session.run(
                lambda connection: lifecycle.publish(connection, staged._lease, **_event(staged, result, guards))
            )
        return replace(result, **self._retried(staged._retried_before))

    def reject(
        self,
        staged: StagedLoad,
        checks: Sequence[CheckResult],
        why: AuditFailed | PublicationRefused | None = None,
    ) -> LoadResult:
        """Leaves what is live as it is and records why the staged snapshot was not published.

        Its manifest stays, and the next load takes over from it what it need not read again.
        """
        offenders = [offender for check in checks if not check.passed for offender in check.offenders]
        result = replace(self._timed(staged, "rejected", checks), error=str(why or "; ".join(offenders)))
        guards = Guards.of(self.settings, staged.partition.source)
        event = {**_event(staged, result, guards), "to_snapshot": staged.snapshot, "error": result.error}

        def record(connection: psycopg.Connection) -> None:
            with connection.transaction():
                if lifecycle.reject(connection, staged._lease):
                    history.record(
                        connection,
                        "load",
                        "rejected",
                        partition_id=staged._session.partition_id,
                        **event,  # pyright: ignore[reportArgumentType]
                    )

        with staged, failures_recorded(self.store, staged.partition.id, staged.run_id, staged.started):
            staged._session.run(record)
        return result

    def _timed(self, staged: StagedLoad, outcome: str, checks: Sequence[CheckResult]) -> LoadResult:
        seconds = time.perf_counter() - staged.started
        audit_seconds = seconds - staged.result.seconds
        return replace(
            staged.result,
            result=outcome,
            seconds=seconds,
            documents_per_minute=staged.result.documents * 60 / seconds,
            stages=staged.result.stages | {"audit": audit_seconds},
            checks=list(checks),
            **self._retried(staged._retried_before),
        )

    def _embedding_is_retried(self) -> None:
        with self._counting:
            self._embedding_retries += 1

    def _retried(self, before: tuple[int, int]) -> dict[str, int]:
        """Steps that were tried again since then, as fields of the result."""
        return {"retries": self.retries.count - before[0], "embedding_retries": self._embedding_retries - before[1]}


def _event(staged: StagedLoad, result: LoadResult, guards: Guards) -> dict[str, object]:
    """What the history tells of a load."""
    counts: dict[str, object] = {
        name: value for name, value in asdict(result).items() if isinstance(value, int) and name != "snapshot"
    }
    counts["rejected_allowed"] = guards.rejectable(result.files)
    if failed := [check.check for check in result.checks if not check.passed]:
        counts["failed_checks"] = failed
    return {
        "run_id": staged.run_id,
        "batch_id": staged.batch_id,
        "counts": counts,
        "stages": result.stages,
        "seconds": result.seconds,
        "peak_rss_bytes": result.peak_rss_bytes,
    }
