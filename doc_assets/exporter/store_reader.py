"""One look at the store: everything that is told of it, in one state of the database, within a bounded time.

A look has one connection, its own thread, and a deadline. A server that is gone, frozen or overloaded is told as
``StoreUnavailable`` in time; it is never waited for by two looks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from doc_assets.errors import StoreError, StoreUnavailable
from doc_assets.exporter.history_counters import History, Tally
from doc_assets.store.database.connection import Connection, DatabaseError, Store
from doc_assets.store.history import metrics
from doc_assets.store.history.progress import ProgressRow, read_progress
from doc_assets.store.schema import schema

# Prometheus gives up after 10 s unless told otherwise; it shall hear that the database is away.
DEADLINE_SECONDS = 5.0
# PostgreSQL itself ends what takes longer, so that a look that nobody waits for does not go on.
_STATEMENT_MILLISECONDS = 4_000
# Two Prometheus servers, the probes and the Jobs' progress ask one after the other: they are told the same.
FRESH_SECONDS = 1.0
_COSTLY_SECONDS = 300.0
_CLOSE_SECONDS = 1.0  # for a look whose connection is cut, to end
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look saw.

    Attributes:
        at: By the clock of the database.
        seconds: How long it took.
        revision: Of the schema; None where the database is blank. All below is empty unless the program knows it.
        running: Loads that run, or whose process died.
        costly: At most ``_COSTLY_SECONDS`` old, as ``costly_age`` says.
    """

    at: datetime
    seconds: float
    revision: str | None
    expected_revision: str
    partitions: list[metrics.PartitionState]
    running: list[ProgressRow]
    tally: Tally
    spaces: list[metrics.SpaceState]
    dagster: metrics.DagsterState | None
    costly: metrics.Costly | None
    costly_age: float

    @property
    def current(self) -> bool:
        """The schema is the one that this program was written for."""
        return self.revision == self.expected_revision


class StoreReader:
    """Looks at the store when asked; safe to use from several threads, all of which are told the same.

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
        """Connects with the first look.

        Args:
            url: Of the database.
            deadline: Seconds within which whoever asks is answered.
            fresh: Seconds for which a look is told to others, unless they ask for less or more.
            clock: Seconds that never go back.
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
        self._look: _Look | None = None
        self._asking = threading.Lock()

    def reading(self, max_age: float | None = None) -> Reading:
        """What is the case, or was at most ``max_age`` seconds ago.

        Raises:
            StoreUnavailable: The database did not answer within the deadline, or could not; says why.
        """
        with self._asking:
            look = self._look
            oldest = self._clock() - (self._fresh if max_age is None else max_age)
            if look is None or (look.done.is_set() and look.started < oldest):
                look = self._look = _Look(self._clock())
                threading.Thread(target=self._take, args=(look,), name="look", daemon=True).start()
        if not look.done.wait(max(0.0, look.started + self._deadline - self._clock())):
            self._cut()
            raise StoreUnavailable(f"PostgreSQL did not answer within {self._deadline:g} s")
        if look.reading is None:
            raise StoreUnavailable(look.error)
        return look.reading

    def ends_of_runs(self, run_ids: list[str]) -> dict[str, metrics.LoadEnd]:
        """What the history says last of Dagster runs; asked on a connection of its own.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        try:
            with self._store.connect("doc-assets exporter jobs") as connection:
                metrics.bound(connection, _STATEMENT_MILLISECONDS)
                return metrics.ends_of_runs(connection, run_ids)
        except (DatabaseError, StoreError) as error:
            raise StoreUnavailable(_first_line(error)) from error

    def close(self) -> None:
        """Close the connection; a look that waits for an answer fails."""
        self._cut()
        ended = self._look is None or self._look.done.wait(_CLOSE_SECONDS)
        if ended and self._connection is not None:
            self._connection.close()

    def _cut(self) -> None:
        """Cut the connection, also under a look that waits for an answer: it fails, and the next one connects anew."""
        connection = self._connection
        if connection is None:
            return
        # libpq lets no second thread close it; a socket that is shut down wakes the one that waits on it.
        with contextlib.suppress(OSError, DatabaseError), socket.socket(fileno=os.dup(connection.fileno())) as its:
            its.shutdown(socket.SHUT_RDWR)

    def _take(self, look: _Look) -> None:
        try:
            look.reading = self._read()
            if self._was_down:
                _log.warning("the database answers again")
            self._was_down = False
        except (DatabaseError, StoreError) as error:
            look.error = _first_line(error)
            self.failures += 1
            if not self._was_down:  # said once, not every 15 seconds
                _log.warning("the database cannot be asked, trying on: %s", look.error)
            self._was_down = True
            if self._connection is not None:
                self._connection.close()
        finally:
            look.done.set()

    def _read(self) -> Reading:
        started = self._clock()
        connection = self._connected()
        with connection.transaction():
            at, revision = metrics.now(connection), schema.revision(connection)
            if revision != self._expected:
                seconds = self._clock() - started
                return Reading(at, seconds, revision, self._expected, [], [], Tally(), [], None, None, 0.0)
            tally = self._history.brought_up_to(at, metrics.events(connection, self._history.settled_through))
            partitions, running = metrics.partitions(connection), read_progress(connection)
            spaces, dagster = metrics.spaces(connection), metrics.dagster(connection)
            costly_age, costly = self._costly_values(connection)
        seconds = self._clock() - started
        return Reading(
            at, seconds, revision, self._expected, partitions, running, tally, spaces, dagster, costly, costly_age
        )

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = self._store.connect("doc-assets exporter")
            metrics.bound(self._connection, _STATEMENT_MILLISECONDS)
            # What is behind the URL may be another database by now, restored from a backup.
            self._history, self._costly = History(), None
        return self._connection

    def _costly_values(self, connection: Connection) -> tuple[float, metrics.Costly | None]:
        """Their age in seconds, and the values; None where they could not be had in time."""
        if self._costly is None or self._clock() - self._costly[0] > _COSTLY_SECONDS:
            values = metrics.costly(connection, _STATEMENT_MILLISECONDS // 4)
            if values is None:
                _log.warning("sizes and quarantine could not be counted in time, and are not told for now")
            self._costly = (self._clock(), values)
        return self._clock() - self._costly[0], self._costly[1]


class _Look:
    """One that is under way, or over: then with a reading or an error."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.done = threading.Event()
        self.reading: Reading | None = None
        self.error = ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
