"""Reads all values of the metrics in one transaction, in a thread with a connection of its own, within a deadline.

A server that is gone, frozen or overloaded gives ``StoreUnavailable`` in time; at most one read waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from doc_assets.errors import DocAssetsError, StoreUnavailable
from doc_assets.exporter.history_counters import History, HistoryCounters
from doc_assets.store.database.connection import Connection, DatabaseError, Store, read_transaction
from doc_assets.store.database.pgvector import Pgvector, find_pgvector
from doc_assets.store.database.pools import cut
from doc_assets.store.history import metrics
from doc_assets.store.history.progress import ProgressRow, read_progress
from doc_assets.store.partitions.partitions import busy_partitions
from doc_assets.store.schema import schema

# Below Prometheus' default timeout of 10 s, so that it receives ``doc_assets_up 0``.
DEADLINE_SECONDS = 5.0
# Statement timeout: ends a read that nobody waits for any more.
_STATEMENT_MILLISECONDS = 4_000
# Two Prometheus servers, the probes and the Jobs' progress share a reading.
FRESH_SECONDS = 1.0
_COSTLY_SECONDS = 300.0
_CLOSE_SECONDS = 1.0  # for a read to end after its connection was cut
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """Values read from the store in one transaction.

    Attributes:
        at: Time of the database.
        seconds: Duration of the read.
        revision: Schema revision, None if the database is blank. If it is not the expected one, all below is empty.
        running: Loads that run, or whose process died.
        costly: Cached values, ``costly_age`` seconds old.
    """

    at: datetime
    seconds: float
    revision: str | None
    expected_revision: str
    partitions: list[metrics.PartitionState]
    running: list[ProgressRow]
    counters: HistoryCounters
    spaces: list[metrics.SpaceState]
    dagster: metrics.DagsterState | None
    costly: metrics.Costly | None
    costly_age: float
    pgvector: Pgvector | None = None

    @property
    def current(self) -> bool:
        """Whether the schema is this program's."""
        return self.revision == self.expected_revision


class StoreReader:
    """Reads the store on request; threads that ask at the same time share a reading.

    Example:
        >>> StoreReader("postgresql:///docs").reading().partitions
    """

    def __init__(
        self,
        url: str,
        *,
        deadline: float = DEADLINE_SECONDS,
        fresh: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the reader; the first read connects.

        Args:
            url: URL of the database.
            deadline: Seconds after which a caller gets ``StoreUnavailable``.
            fresh: Default of the maximum age of a shared reading, in seconds.
            clock: Monotonic clock in seconds.
        """
        self.failures = 0
        self._store = Store(url)
        self._deadline = deadline
        self._fresh = fresh
        self._clock = clock
        self._expected = schema.head()
        self._connection: Connection | None = None
        self._history = History()
        self._costly: tuple[float, metrics.Costly | None] | None = None
        self._was_down = False
        self._current: _Read | None = None
        self._asking = threading.Lock()

    def reading(self, max_age: float | None = None) -> Reading:
        """Return a reading that is at most ``max_age`` seconds old.

        Raises:
            StoreUnavailable: The database did not answer within the deadline, or failed.
        """
        with self._asking:
            read = self._current
            oldest = self._clock() - (self._fresh if max_age is None else max_age)
            if read is None or (read.done.is_set() and read.started < oldest):
                read = self._current = _Read(self._clock())
                threading.Thread(target=self._take, args=(read,), name="read", daemon=True).start()
        if not read.done.wait(max(0.0, read.started + self._deadline - self._clock())):
            self._cut()
            raise StoreUnavailable(f"PostgreSQL did not answer within {self._deadline:g} s")
        if read.reading is None:
            raise StoreUnavailable(read.error)
        return read.reading

    def ends_of_runs(self, run_ids: list[str]) -> dict[str, metrics.LoadEnd]:
        """Return the last event of each Dagster run, read on a connection of its own.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        try:
            with self._store.reading("doc-assets exporter jobs", one_state=True) as connection:
                metrics.bound(connection, _STATEMENT_MILLISECONDS)
                return metrics.ends_of_runs(connection, run_ids)
        except (DatabaseError, DocAssetsError) as error:
            raise StoreUnavailable(_first_line(error)) from error

    def close(self) -> None:
        """Close the connection; a waiting read fails."""
        self._cut()
        ended = self._current is None or self._current.done.wait(_CLOSE_SECONDS)
        if ended and self._connection is not None:
            self._connection.close()

    def _cut(self) -> None:
        """Cut the connection; a waiting read fails, and the next one reconnects."""
        connection = self._connection
        if connection is not None:
            cut(connection)

    def _take(self, read: _Read) -> None:
        try:
            read.reading = self._read()
            if self._was_down:
                _log.warning("the database answers again")
            self._was_down = False
        except (DatabaseError, DocAssetsError) as error:
            read.error = _first_line(error)
            self.failures += 1
            if not self._was_down:  # logged once, not every 15 seconds
                _log.warning("the database cannot be asked, trying on: %s", read.error)
            self._was_down = True
            if self._connection is not None:
                self._connection.close()
        finally:
            read.done.set()

    def _read(self) -> Reading:
        started = self._clock()
        connection = self._connected()
        with read_transaction(connection):
            busy = busy_partitions(connection) if schema.revision(connection) == self._expected else frozenset()
        with read_transaction(connection, one_state=True):
            metrics.bound(connection, _STATEMENT_MILLISECONDS)
            at, revision = metrics.now(connection), schema.revision(connection)
            if revision != self._expected:
                seconds = self._clock() - started
                return Reading(at, seconds, revision, self._expected, [], [], HistoryCounters(), [], None, None, 0.0)
            counters = self._history.updated(at, metrics.events(connection, self._history.counted_through))
            partitions, running = metrics.partitions(connection, busy), read_progress(connection)
            spaces, dagster = metrics.spaces(connection), metrics.dagster(connection)
            pgvector = find_pgvector(connection)
            costly_age, costly = self._costly_values(connection)
        seconds = self._clock() - started
        return Reading(
            at, seconds, revision, self._expected, partitions, running, counters, spaces, dagster, costly, costly_age,
            pgvector,
        )  # fmt: skip

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = self._store.reader("doc-assets exporter")
            # The URL may lead to another database by now, restored from a backup.
            self._history, self._costly = History(), None
        return self._connection

    def _costly_values(self, connection: Connection) -> tuple[float, metrics.Costly | None]:
        """Return the age in seconds and the values; None if they could not be read in time."""
        if self._costly is None or self._clock() - self._costly[0] > _COSTLY_SECONDS:
            values = metrics.costly(connection, _STATEMENT_MILLISECONDS // 4)
            if values is None:
                _log.warning("sizes and quarantine could not be counted in time; their metrics are absent for now")
            self._costly = (self._clock(), values)
        return self._clock() - self._costly[0], self._costly[1]


class _Read:
    """A read that is running, or done: then with a reading or an error."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.done = threading.Event()
        self.reading: Reading | None = None
        self.error = ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
