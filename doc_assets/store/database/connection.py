"""Where the database is, and how to connect to it.

The driver's connection and errors have their names here: rooms above the store import no driver.
"""

from __future__ import annotations

from types import TracebackType

from psycopg import Connection, OperationalError, connect
from psycopg import Error as DatabaseError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from doc_assets.errors import StoreUnreachable

__all__ = ["Connection", "DatabaseError", "OperationalError", "Store"]

# Seconds, a count, and milliseconds; see _kept_alive.
_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}


class Store:
    """A database that holds the schema this program needs.

    Example:
        >>> with open_store(Settings.from_environment()) as store, store.connect() as connection:
        ...     connection.execute("SELECT count(*) FROM live_document")
    """

    def __init__(self, url: str) -> None:
        """Takes a libpq URL; ``open_store`` is the way to get one that is set up."""
        self.url = url

    def connect(self, application: str = "doc-assets") -> Connection:
        """A new connection in autocommit mode that finds our tables without naming their schema.

        Raises:
            StoreUnreachable: The server cannot be reached.
        """
        return _connect(self.url, application)

    def close(self) -> None:
        """Nothing is held open between calls; the embedded server stops with the process."""

    def __enter__(self) -> Store:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the store."""
        self.close()


def _kept_alive(url: str) -> str:
    """The URL with TCP keepalives, where it does not say how itself.

    The connection that holds a partition's lock says nothing for as long as the model works: firewalls forget such
    ones, after 4 minutes and more, and the system's own default is to find out after 2 hours. A server that is gone
    without a word is noticed within 90 seconds.
    """
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _KEEPALIVES.items() if name not in given})


def _connect(url: str, application: str) -> Connection:
    try:
        connection = connect(_kept_alive(url), autocommit=True, application_name=application[:63], connect_timeout=10)
        connection.execute("SET search_path = doc_assets, public")
    except OperationalError as error:
        raise StoreUnreachable(
            f"PostgreSQL cannot be reached: {str(error).strip()}; check DOC_ASSETS_DATABASE_URL, or unset it to use "
            "the embedded server"
        ) from error
    return connection
