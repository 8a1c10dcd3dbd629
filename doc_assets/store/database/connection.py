"""The store's address and its connections, and the driver's types under names that need no driver import."""

from __future__ import annotations

from contextlib import AbstractContextManager

from psycopg import Connection, OperationalError, connect
from psycopg import Error as DatabaseError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from doc_assets.errors import StoreUnreachable
from doc_assets.store.database.session_settings import pin_settings

__all__ = ["Connection", "DatabaseError", "OperationalError", "Store"]

# Seconds, a count, and milliseconds; see _with_keepalives.
_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}


class Store(AbstractContextManager["Store"]):
    """A database with the schema ``doc_assets``; ``open_store`` opens one and sets it up.

    Example:
        >>> with open_store(Settings.from_environment()) as store, store.connect() as connection:
        ...     connection.execute("SELECT count(*) FROM live_document")
    """

    def __init__(self, url: str) -> None:
        """Take a libpq URL."""
        self.url = url

    def connect(self, application: str = "doc-assets") -> Connection:
        """Return a new connection in autocommit mode with ``doc_assets`` in its search path.

        Raises:
            StoreUnreachable: The server cannot be reached.
        """
        return _connect(self.url, application)

    def close(self) -> None:
        """Do nothing: no connection is held between calls, and the embedded server stops with the process."""

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()


def _with_keepalives(url: str) -> str:
    """Return the URL with TCP keepalives; those that it sets itself stay.

    The connection that holds a partition's lock is idle while the model embeds: firewalls drop idle connections after
    4 minutes and more, and the system's default notices a dead server after 2 hours. These notice it in 90 seconds.
    """
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _KEEPALIVES.items() if name not in given})


def open_session(url: str, application: str) -> Connection:
    """Return a new connection in autocommit mode with this program's settings, whatever role and database have set.

    Raises:
        psycopg.OperationalError: The server cannot be reached.
        StoreError: A setting cannot be pinned.
    """
    connection = connect(
        _with_keepalives(url),
        autocommit=True,
        application_name=application[:63],
        connect_timeout=10,
        client_encoding="utf8",
    )
    try:
        pin_settings(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(url: str, application: str) -> Connection:
    try:
        connection = open_session(url, application)
        connection.execute("SET search_path = doc_assets, public")
    except OperationalError as error:
        raise StoreUnreachable(
            f"PostgreSQL cannot be reached: {str(error).strip()}; check DOC_ASSETS_DATABASE_URL, or unset it to use "
            "the embedded server"
        ) from error
    return connection
