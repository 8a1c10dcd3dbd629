"""Maintenance that keeps searches fast: statistics and the vector index after loads, vacuum or rebuild after a gc.

VACUUM repairs every node of an HNSW graph that pointed to a dead entry, which takes longer than building the graph
anew long before most of it is dead; hence the rebuild.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.errors import StoreError
from doc_assets.runtime import shutdown
from doc_assets.store.database import locks
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy, is_transient, to_store_error
from doc_assets.store.database.shared_memory import with_fewer_workers
from doc_assets.store.history import history
from doc_assets.store.retention.unreachable import vector_tables
from doc_assets.store.spaces import spaces, vector_index

# Share of dead vectors. VACUUM of an index of 144,000 (384 dimensions, two busy cores) took 0.5 s after 0.05 % were
# removed, 44 s after 1 % and 112 s after 5 %; a rebuild took 127 s after 5 %, 55 s after 40 %.
REBUILD_SHARE = 0.05
# New vectors for each stored one from which a load without the index and a build at its end are less work than inserts
# into it: those take 3.5 times as long a vector as a build (2.5 and 0.7 ms, see ``vector_index``).
DROP_SHARE = 0.4
# With more stored vectors than these, searches need the index while the load goes on: estimated, not measured.
DROP_MOST = 200_000
# Of 118,000 chunks of documentation, on average.
_TOKENS_OF_CHUNK = 150
# Fewer dead rows cost a search nothing that can be measured, and are left to autovacuum.
VACUUM_SHARE = 0.001
# What is left if the vector index or the statistics could not be brought up to date after a load.
SEARCHABLE = "all that was loaded is live, and searches compare every vector until a migrate has built the index"
_log = logging.getLogger(__name__)
_PLAIN = ("snapshot_document", "snapshot_file", "near_duplicate", "document_signature", "document_chunk", "document")


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """A ``rebuild`` of a vector index or a ``vacuum`` of a table; ``problem`` says why it was not done."""

    table: str
    action: str
    seconds: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class IndexResult:
    """The state of the vector index after a load.

    Attributes:
        built: Whether it was built now; False if it exists, is not needed yet, or is left to the last load.
        last: Whether nothing else was loading.
        seconds: Time for the whole step.
        problem: Why it could not be built, and what to do.
    """

    built: bool
    last: bool
    seconds: float
    problem: str | None = None


@contextmanager
def loading(store: Store) -> Iterator[None]:
    """Hold off the index build of other processes, also between the partitions that this process loads."""
    with closing(store.connect("doc-assets loading")) as connection, locks.shared_loading_lock(connection):
        yield


def prepare_loading(store: Store, fingerprint: str, tokens: Mapping[str, int]) -> bool:
    """Drop the vector index if a load is about to add so many vectors that building it anew at its end is less work.

    It stays beside other loads, in a large space that is searched meanwhile, where the role does not own it, and while
    a dump, an audit or a rebuild holds it. Call it before ``loading``; ``finish_loading`` builds the index, also after
    a load that was interrupted.

    Args:
        store: The store.
        fingerprint: Fingerprint of the embedding space.
        tokens: Expected tokens by partition name; those of a partition that is live may be stored already, so only
            those of others count.

    Returns:
        Whether it was dropped.
    """
    with store.connect("doc-assets index") as connection, locks.try_exclusive_loading_lock(connection) as alone:
        space = spaces.find_space(connection, fingerprint)
        if not alone or space is None or not vector_index.has_index(connection, space):
            return False
        live = connection.execute("SELECT name FROM partition WHERE published_snapshot_id IS NOT NULL").fetchall()
        known = {name for (name,) in live}
        expected = sum(count for name, count in tokens.items() if name not in known) // _TOKENS_OF_CHUNK
        stored = vector_index.count_vectors(connection, space)
        if stored > DROP_MOST or expected < DROP_SHARE * stored:
            return False
        if not vector_index.drop(connection, space):
            return False
    _log.warning(
        "the vector index is dropped and will be built after the load, which may add %s vectors to %s: that is less "
        "work than to update it; meanwhile searches compare every vector",
        f"{expected:,}",
        f"{stored:,}",
    )
    return True


def finish_loading(store: Store, fingerprint: str, *, workers: int = 1, loaded: bool = True) -> IndexResult:
    """Refresh statistics after a load, and build the vector index if the space lacks one and nothing else is loading.

    Built beside other loads, the index would slow them down and be made from part of the vectors. Of processes that end
    together, one builds it. Searches are not blocked, loads of the space wait. Call it after the load's session is
    closed, and in the main thread if it should handle stops. The history records a build, also one that failed.

    Args:
        store: The store.
        fingerprint: Fingerprint of the embedding space.
        workers: Parallel workers of the build beside the leader.
        loaded: Whether something was published, which makes the statistics stale.

    Raises:
        psycopg.Error: The database failed; it may be tried again. Not if it refused the index, which is in the result.
        Stopped: A stop was requested; an index that was being built is gone.
    """
    started = time.perf_counter()
    built, problem = False, None
    with (
        shutdown.handling_signals(),
        store.connect("doc-assets index") as connection,
        locks.try_exclusive_loading_lock(connection) as last,
    ):
        if loaded:
            vector_index.analyze(connection)
            _merge_new_words(connection)
        space = spaces.find_space(connection, fingerprint)
        if last and space is not None:
            try:
                built = build_index(connection, space, workers)
            except psycopg.Error as error:
                if is_transient(error) or connection.closed or connection.broken:
                    raise
                problem = str(to_store_error(error, left=SEARCHABLE))
    return IndexResult(built, last, time.perf_counter() - started, problem)


def _merge_new_words(connection: psycopg.Connection) -> None:
    """Merge what was added into the index of words; autovacuum does it late, and on an embedded server hardly ever.

    Until then each look-up of a word reads all that was added since: with 2 MB of it 250 pages, in 1.2 ms of CPU. A
    role that does not own the index leaves it to autovacuum.
    """
    connection.execute(
        "SELECT gin_clean_pending_list(i.oid) FROM pg_class i"
        " WHERE i.oid = to_regclass('doc_assets.chunk_tsv') AND pg_has_role(i.relowner, 'USAGE')"
    )


def build_index(connection: psycopg.Connection, space: spaces.SpaceTable, workers: int) -> bool:
    """Build the space's index if it is absent and needed, and record that in the history; return True if it was built.

    Raises:
        psycopg.Error: PostgreSQL refused it, which is recorded as well, or was cut off.
    """
    started = time.perf_counter()
    try:
        built = vector_index.ensure_index(connection, space, workers=workers)
    except psycopg.Error as error:
        if not (is_transient(error) or connection.closed or connection.broken):
            reason = str(to_store_error(error, left=SEARCHABLE))
            _record_build(connection, {"space": space.id}, "built", reason, time.perf_counter() - started)
        raise
    if built:
        _record_build(connection, {"space": space.id}, "built", None, time.perf_counter() - started)
    return built


def _record_build(
    connection: psycopg.Connection, counts: Mapping[str, int], result: str, problem: str | None, seconds: float
) -> None:
    """Record a build or rebuild of a space's index in the history; failed where there is a problem."""
    # Where the disk is full, no row can be written either: then the problem is in the log and the command's output.
    with suppress(psycopg.Error):
        history.record(
            connection, "index", "failed" if problem else result, counts=counts, seconds=seconds, error=problem
        )


def clear_dead_rows(connection: psycopg.Connection, removed: Mapping[str, int]) -> list[MaintenanceStep]:
    """Rebuild or vacuum the tables of which rows were removed, beside loads and searches; return the steps.

    The connection must be in autocommit mode. Dead rows that an earlier gc left count as well.
    """
    # Else the removal would be counted after the vacuum, and the next gc would count its rows as dead.
    connection.execute("SELECT pg_stat_force_next_flush()")
    retries = Retries(RetryPolicy(attempts=3, longest_wait=5.0))
    steps: list[MaintenanceStep] = []
    not_rebuilt: set[str] = set()
    tables = vector_tables(connection)
    for table in tables:
        # An invalid index is left over from an interrupted rebuild, whose statistics may be gone.
        if vector_index.invalid_indexes(connection, table) or _is_large(connection, table, removed.get(table, 0)):
            step = _timed(
                connection,
                table,
                "rebuild",
                lambda table=table: retries.run(lambda: vector_index.rebuild(connection, table)),
            )
            steps.append(step)
            counts = {"space": vector_index.space_of(table), "rebuild": 1}
            _record_build(connection, counts, "rebuilt", step.problem, step.seconds)
            if step.problem:
                not_rebuilt.add(table)  # VACUUM would take longer than the rebuild
    for table in (*_PLAIN, "chunk", *tables):
        if table not in not_rebuilt and _dead_share(connection, table, removed.get(table, 0)) >= VACUUM_SHARE:
            steps.append(_timed(connection, table, "vacuum", lambda table=table: _vacuum(connection, table)))
    return steps


def _vacuum(connection: psycopg.Connection, table: str) -> None:
    def vacuum(workers: int) -> None:
        parallel = sql.SQL("") if workers else sql.SQL(", PARALLEL 0")
        name = sql.Identifier("doc_assets", table)
        connection.execute(sql.SQL("VACUUM (ANALYZE{}) {}").format(parallel, name))

    with_fewer_workers(vacuum, workers=1)  # as many as PostgreSQL chooses by the number of indexes


def _is_large(connection: psycopg.Connection, table: str, removed: int) -> bool:
    return _dead_share(connection, table, removed) >= REBUILD_SHARE and vector_index.exists(connection, table)


def _dead_share(connection: psycopg.Connection, table: str, removed: int) -> float:
    """Return the share of a table's rows that were removed now, or are dead by PostgreSQL's statistics."""
    name = sql.Identifier("doc_assets", table)
    row = connection.execute(
        sql.SQL("SELECT (SELECT count(*) FROM {}), coalesce(pg_stat_get_dead_tuples({}::regclass), 0)").format(
            name, sql.Literal(name.as_string(connection))
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    dead = max(removed, row[1])
    return dead / max(1, row[0] + dead)


def _timed(connection: psycopg.Connection, table: str, action: str, step: Callable[[], object]) -> MaintenanceStep:
    """Run a step and report what PostgreSQL refused or skipped as its problem: the content is removed already."""
    started = time.perf_counter()
    warnings: list[str] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary or "")

    connection.add_notice_handler(listen)
    try:
        step()
    except psycopg.Error as error:
        if connection.closed or connection.broken:
            raise
        warnings.append(str(error).splitlines()[0])
    except StoreError as error:
        warnings.append(str(error.__cause__ or error).splitlines()[0])
    finally:
        connection.remove_notice_handler(listen)
    problem = f"{action} of {table} was not done ({'; '.join(warnings)}): {_NEXT[action]}" if warnings else None
    return MaintenanceStep(table, action, time.perf_counter() - started, problem)


_NEXT = {
    "rebuild": "run doc-assets gc again, as the role that owns the tables",
    "vacuum": "autovacuum will do it, or run doc-assets gc again as the role that owns the tables",
}
