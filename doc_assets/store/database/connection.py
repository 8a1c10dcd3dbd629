"""The store's address and its connections, and the driver's types under names that need no driver import."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MappingProxyType
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, OperationalError
from psycopg import Error as DatabaseError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from doc_assets.errors import ConfigurationError, StoreError, StoreUnreachable
from doc_assets.secrets import SecretAddress
from doc_assets.store.database.pools import refusal, require_session
from doc_assets.store.database.session_settings import pin_settings

__all__ = ["Connection", "DatabaseError", "OperationalError", "Session", "Store"]

_READ_ONLY = "pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# Said by libpq before it asks any server: trying again cannot help.
_MALFORMED = re.compile(r"invalid \w+ value\b|invalid port number|Servname not supported|could not match \d+ ")
# Seconds, a count, and milliseconds; see with_keepalives.
_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}


class Store(AbstractContextManager["Store"]):
    """A database with the schema ``doc_assets``; ``open_store`` opens one and sets it up.

    Example:
        >>> with open_store(Settings.from_environment()) as store, store.reading() as connection:
        ...     connection.execute("SELECT count(*) FROM live_document")
    """

    def __init__(self, url: str | SecretAddress) -> None:
        """Take a libpq URL."""
        self._url = url if isinstance(url, SecretAddress) else SecretAddress(url)
        self._has_sessions = False
        self._proving = threading.Lock()

    @property
    def url(self) -> str:
        """The URL with its password, for drivers and worker processes."""
        return self._url.reveal()

    def connect(self, application: str = "doc-assets") -> Session:
        """Return a new session in autocommit mode with our settings, for commands that write.

        Behind a connection pool the first call proves that the pool leaves sessions to their clients, and closing the
        connection leaves nothing on its session.

        Raises:
            StoreUnreachable: The server cannot be reached.
            ConfigurationError: A connection pool shares sessions between clients.
            StoreError: The server only reads, or a setting cannot be pinned.
        """
        connection = _open(to_write(self.url), application)
        try:
            process, read_only = _serving(connection)
            connection.is_pooled = process != connection.info.backend_pid
            if read_only:
                raise StoreError(read_only)
            if connection.is_pooled:
                self._take_from_pool(connection, application)
            pin_settings(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, OperationalError):
                raise refusal(error) or unreachable(error) from error
            raise
        return connection

    def lend(self, use: str, application: str) -> Session:
        """Return a session like ``connect``, to be given back; ``SessionKeeper`` keeps some for each use."""
        del use
        return self.connect(application)

    def give_back(self, use: str, session: Session) -> None:
        """End a lent session; forget it, since others may get it next."""
        del use
        session.close()

    @contextmanager
    def lent(self, use: str, application: str) -> Iterator[Session]:
        """Yield a lent session and give it back at the end of the block."""
        session = self.lend(use, application)
        try:
            yield session
        finally:
            self.give_back(use, session)

    @contextmanager
    def reading(
        self, application: str = "doc-assets", *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
    ) -> Iterator[Connection]:
        """Yield a connection in one transaction that only reads, with our settings; a hot standby or any pool will do.

        It sees what is committed before each statement, or with ``one_state`` what is committed before the first one.
        ``settings`` hold for this transaction, in place of ours.

        Raises:
            StoreUnreachable: The server cannot be reached.
            ConfigurationError: A connection pool allows no transactions.
        """
        with (
            self.reader(application) as connection,
            read_transaction(connection, one_state=one_state, settings=settings),
        ):
            yield connection

    def reader(self, application: str) -> Connection:
        """Return a new connection for several transactions that only read, each by ``read_transaction``.

        Raises:
            StoreUnreachable: The server cannot be reached.
            ConfigurationError: The URL has a value that libpq does not understand.
        """
        connection = _open(self.url, application)
        connection.prepare_threshold = None  # a prepared statement belongs to a session
        return connection

    def close(self) -> None:
        """Do nothing: no connection is held between calls, and the embedded server stops with the process."""

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    def _take_from_pool(self, connection: Session, application: str) -> None:
        """Make a pool's session ours, once it is proven that sessions can be: without what its last client left."""
        connection.prepare_threshold = None
        with self._proving:
            if not self._has_sessions:
                require_session(connection, lambda: self.reader(application))
                self._has_sessions = True
        connection.execute("DISCARD ALL")
        connection.execute("SELECT set_config('application_name', %s, false)", (application[:63],))


@contextmanager
def read_transaction(
    connection: Connection, *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[None]:
    """Read in one transaction with our settings, or those given in their place, which end with it.

    Raises:
        ConfigurationError: A connection pool allows no transactions.
    """
    try:
        begin_reading(connection, one_state=one_state, settings=settings)
    except OperationalError as error:
        raise refusal(error) or error from error
    with ending(connection):
        yield


def begin_reading(
    connection: Connection, *, one_state: bool = False, settings: Mapping[str, str] = NO_SETTINGS
) -> None:
    """Begin a transaction that only reads, as ``Store.reading``; raises OperationalError of a lost connection."""
    begin: LiteralString = (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if one_state
        else "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
    )
    own = [f"SET LOCAL {name} = '{value}'" for name, value in settings.items()]
    if isinstance(connection, Session) and connection.is_pinned:
        connection.execute("; ".join([begin, *own]).encode(), prepare=False)
    else:
        pin_settings(connection, local=True, begin=begin)
        if own:
            connection.execute("; ".join(own).encode())


@contextmanager
def ending(connection: Connection) -> Iterator[None]:
    """End a connection's transaction after the block, or with its error."""
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # of a connection that is gone, whose error is on its way up
            connection.rollback()
        raise
    connection.commit()


class Session(Connection[tuple[Any, ...]]):
    """A connection that leaves nothing on the session of a pool, which may not clean up after its clients.

    Attributes:
        is_pooled: The session belongs to a pool, and serves others afterwards.
        is_pinned: The session has our settings, so that its transactions need not set them.
    """

    is_pooled = False
    is_pinned = False

    def close(self) -> None:
        """Reset the pool's session and close. A pool ends a session that is left within a transaction by itself."""
        if self.is_pooled and not self.closed and self.pgconn.transaction_status == TransactionStatus.IDLE:
            with suppress(DatabaseError):
                self.execute("DISCARD ALL")
        super().close()


def with_keepalives(url: str) -> str:
    """Return the URL with TCP keepalives; those that it sets itself stay.

    The connection that holds a partition's lock is idle while the model embeds: firewalls drop idle connections after
    4 minutes and more, and the system's default notices a dead server after 2 hours. These notice it in 90 seconds.
    """
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _KEEPALIVES.items() if name not in given})


def to_write(url: str) -> str:
    """Return the URL for a session that writes: of several hosts, libpq then takes one that allows it."""
    given = conninfo_to_dict(url)
    several = "," in f"{given.get('host') or ''}{given.get('hostaddr') or ''}"
    if not several or "target_session_attrs" in given:
        return url
    return make_conninfo(url, target_session_attrs="read-write")


def why_read_only(connection: Connection) -> str | None:
    """Return why nothing can be written over connections like this one, with the next step; None if it can be."""
    row = connection.execute(f"SELECT {_READ_ONLY}").fetchone()
    return None if row is None else _why_read_only(*row)


def _why_read_only(standby: bool, read_only: bool) -> str | None:
    if standby:
        return "this PostgreSQL is a hot standby, which only reads: set DOC_ASSETS_DATABASE_URL to the primary"
    if read_only:
        return (
            "this PostgreSQL, database or role only reads (default_transaction_read_only is on): turn that off, or set "
            "DOC_ASSETS_DATABASE_URL to one that writes"
        )
    return None


def _serving(connection: Connection) -> tuple[int, str | None]:
    """Return PostgreSQL's process that serves the connection, and why that only reads; sets nothing."""
    # In one message, a transaction whatever the role has: standbys refuse serializable ones.
    cursor = connection.execute(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL statement_timeout = 0;"
        f"SELECT pg_backend_pid(), {_READ_ONLY}; COMMIT"
    )
    while cursor.description is None:
        cursor.nextset()
    process, standby, read_only = cursor.fetchall()[0]
    return process, _why_read_only(standby, read_only)


def _open(url: str, application: str) -> Session:
    try:
        return Session.connect(with_keepalives(url), **session_options(application))
    except OperationalError as error:
        if _MALFORMED.search(str(error)):
            raise ConfigurationError(f"DOC_ASSETS_DATABASE_URL: {str(error).strip()}") from None
        raise refusal(error) or unreachable(error) from error


def session_options(application: str) -> dict[str, Any]:
    """Return what each of our connections is opened with, beside the URL."""
    return {
        "autocommit": True,
        "application_name": application[:63],
        "connect_timeout": 10,
        "client_encoding": "utf8",
    }


def time_limit_reached(error: psycopg.Error) -> str | None:
    """Return what to do where PostgreSQL cancelled a statement that took too long; None for another error."""
    if error.sqlstate != "57014" or "statement timeout" not in str(error):
        return None
    return (
        f"PostgreSQL cancelled a statement that reached a time limit ({str(error).strip().splitlines()[0]}): raise it "
        "in the options of DOC_ASSETS_DATABASE_URL, or of the pooler between"
    )


def unreachable(error: psycopg.Error) -> StoreUnreachable:
    """Return the error for a server that does not answer, or cancels the first statements of a session."""
    if (limited := time_limit_reached(error)) is not None:
        return StoreUnreachable(limited)
    return StoreUnreachable(
        f"PostgreSQL cannot be reached: {str(error).strip()}; check DOC_ASSETS_DATABASE_URL, or unset it to use "
        "the embedded server"
    )
