"""A store whose readings share a pool of open connections, for processes that read again and again.

``store.reading()`` opens a connection for each reading, which takes some milliseconds; here one is taken from the pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from doc_assets.errors import StoreUnavailable
from doc_assets.store.database.connection import (
    NO_SETTINGS,
    Connection,
    DatabaseError,
    OperationalError,
    Session,
    Store,
    begin_reading,
    ending,
    session_options,
    unreachable,
    with_keepalives,
)
from doc_assets.store.database.pools import process_of, refusal
from doc_assets.store.database.session_settings import pin_settings

# Seconds to wait for a connection that others use: searches take milliseconds, so this is a server that is overrun.
_PATIENCE = 5.0


class ReaderPool(Store):
    """Readings of a store over connections that stay open; may be shared between threads. Writers get their own.

    On sessions of PostgreSQL's own the settings are pinned once and statements are prepared. Behind a connection pool,
    which may give each transaction another session, a reading brings its settings along as in any other store.

    Example:
        >>> with open_for_reading(settings) as store, ReaderPool(store, "doc-assets serve") as pool:
        ...     with pool.reading(one_state=True) as connection:
        ...         connection.execute("SELECT count(*) FROM live_document")
    """

    def __init__(self, store: Store, application: str, connections: int = 4, patience: float = _PATIENCE) -> None:
        """Open no connection yet.

        Args:
            store: The store to read.
            application: Name of the connections in ``pg_stat_activity``.
            connections: Most connections at a time.
            patience: Seconds that a reading waits for one.
        """
        super().__init__(store.url)
        self._application = application
        self._connections = connections
        self._patience = patience
        self._pool = ConnectionPool(
            with_keepalives(self.url),
            connection_class=Session,
            kwargs=session_options(application),
            min_size=0,
            max_size=connections,
            configure=_configure,
            timeout=patience,
            num_workers=1,
            name=application,
            open=True,
        )

    def __enter__(self) -> ReaderPool:
        """Return the pool."""
        return self

    @contextmanager
    def reading(
        self, application: str = "", *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
    ) -> Iterator[Connection]:
        """Yield a pooled connection in one transaction that only reads; see ``Store.reading``.

        Raises:
            StoreUnreachable: The server cannot be reached.
            StoreUnavailable: All connections were in use for longer than the patience.
            ConfigurationError: A connection pool allows no transactions.
        """
        connection = self._begun(one_state, settings)
        try:
            with ending(connection):
                yield connection
        except DatabaseError:
            # Also where the statement itself failed: after an upgrade of the schema, prepared ones may fail for ever.
            connection.close()
            raise
        finally:
            self._pool.putconn(connection)

    def close(self) -> None:
        """Close the connections; a reading that is under way ends first."""
        self._pool.close()

    def _begun(self, one_state: bool, settings: Mapping[str, str]) -> Session:
        """Return a connection in a transaction; those that the server has closed meanwhile are replaced."""
        lost = OperationalError("the connection was lost")
        for _ in range(self._connections + 1):
            connection = self._taken()
            try:
                begin_reading(connection, one_state=one_state, settings=settings)
                return connection
            except BaseException as error:
                connection.close()
                self._pool.putconn(connection)
                if not isinstance(error, OperationalError):
                    raise
                lost = error
        raise refusal(lost) or unreachable(lost) from lost

    def _taken(self) -> Session:
        try:
            return self._pool.getconn()
        except PoolTimeout as error:
            # The pool does not tell why it has no connection: one that is opened here does.
            self.reader(self._application).close()
            raise StoreUnavailable(
                f"all {self._connections} connections of {self._application} to PostgreSQL were in use for "
                f"{self._patience:g} s: try again, or allow more of them"
            ) from error
        except PoolClosed as error:
            raise StoreUnavailable(f"{self._application} is being closed") from error


def _configure(connection: Session) -> None:
    if process_of(connection) != connection.info.backend_pid:
        connection.prepare_threshold = None  # a prepared statement belongs to a session
    else:
        connection.prepare_threshold = 1
        pin_settings(connection)
        connection.is_pinned = True
