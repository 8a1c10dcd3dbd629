"""Opening of the store."""

from __future__ import annotations

from collections.abc import Callable

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.url import database_url
from doc_assets.store.schema import schema


def open_store(settings: Settings, *, create: bool = True, on_blank: Callable[[], object] | None = None) -> Store:
    """Open the store that the settings name to write to it: set up a blank database, check any other.

    Without ``create`` an embedded database has to be there: for commands that change only what was loaded. ``on_blank``
    is called once a blank database is set up.

    Raises:
        NotFound: It is not there.
        StoreUnreachable: PostgreSQL does not answer.
        ConfigurationError: A connection pool shares sessions between clients.
        SchemaBehind: The schema is older, and may be upgraded soon.
        StoreError: Too old or drifted; names the command that repairs it. Or the server only reads.
    """
    store = Store(database_url(settings, create=create))
    with store.connect() as connection:
        blank = schema.revision(connection) is None
        if not blank:
            _check(connection)
    if blank:
        schema.upgrade(store.url)
        if on_blank is not None:
            on_blank()
    return store


def open_for_reading(settings: Settings) -> Store:
    """Open and check the store to read from it; a hot standby or any pool will do. Makes no database and no home.

    Raises:
        NotFound: No database is named, and there is no embedded one.
        StoreUnreachable: PostgreSQL does not answer.
        SchemaBehind: The schema is blank or older, and may be upgraded soon.
        StoreError: Too old or drifted; names the command that repairs it.
    """
    store = Store(database_url(settings, create=False))
    with store.reading() as connection:
        _check(connection)
    return store


def _check(connection: Connection) -> None:
    if problems := schema.check(connection):
        raise (SchemaBehind if schema.is_behind(connection) else StoreError)("; ".join(problems))
