"""Where the database is, and how to connect to it."""

from __future__ import annotations

from types import TracebackType

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from doc_assets.errors import ConfigurationError, StoreError, StoreUnreachable
from doc_assets.settings import Settings
from doc_assets.store import schema
from doc_assets.store.embedded import embedded_url

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

    def connect(self, application: str = "doc-assets") -> psycopg.Connection:
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


def database_url(settings: Settings) -> str:
    """The URL that is set, or that of the embedded server, which is started.

    Raises:
        ConfigurationError: It is none.
        StoreError: The embedded server does not start.
    """
    try:
        conninfo_to_dict(settings.database_url or "")
    except psycopg.ProgrammingError:
        # What libpq says of it quotes parts of it, and one of them may be the password.
        raise ConfigurationError(
            "DOC_ASSETS_DATABASE_URL is no URL of PostgreSQL: one like postgresql://user:password@host:5432/name is "
            "needed, with special characters of the password written as %40"
        ) from None
    return settings.database_url or embedded_url(settings.home)


def open_store(settings: Settings, *, upgrade_blank: bool = True) -> Store:
    """The store that the settings name; a blank database is set up, any other is checked.

    Raises:
        StoreError: Out of reach, too old, or drifted; says which command mends it.
    """
    url = database_url(settings)
    with _connect(url, "doc-assets") as connection:
        blank = schema.revision(connection) is None
        if not blank or not upgrade_blank:
            problems = schema.check(connection)
            if problems:
                raise StoreError("; ".join(problems))
            return Store(url)
    schema.upgrade(url)
    return Store(url)


def _kept_alive(url: str) -> str:
    """The URL with TCP keepalives, where it does not say how itself.

    The connection that holds a partition's lock says nothing for as long as the model works: firewalls forget such
    ones, after 4 minutes and more, and the system's own default is to find out after 2 hours. A server that is gone
    without a word is noticed within 90 seconds.
    """
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _KEEPALIVES.items() if name not in given})


def _connect(url: str, application: str) -> psycopg.Connection:
    try:
        connection = psycopg.connect(
            _kept_alive(url), autocommit=True, application_name=application[:63], connect_timeout=10
        )
        connection.execute("SET search_path = doc_assets, public")
    except psycopg.OperationalError as error:
        raise StoreUnreachable(
            f"PostgreSQL cannot be reached: {str(error).strip()}; check DOC_ASSETS_DATABASE_URL, or unset it to use "
            "the embedded server"
        ) from error
    return connection
