"""Opening of the store."""

from __future__ import annotations

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.url import database_url
from doc_assets.store.schema import schema


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name to write to it: set up a blank database, check any other.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        ConfigurationError: A connection pool shares sessions between clients.
        SchemaBehind: The schema is older, and may be upgraded soon.
        StoreError: Too old or drifted; names the command that repairs it. Or the server only reads.
    """
    store = Store(database_url(settings))
    with store.connect() as connection:
        blank = _is_blank(connection)
    if blank:
        schema.upgrade(store.url)
    return store


def open_for_reading(settings: Settings, *, upgrade_blank: bool = True) -> Store:
    """Open the store to read from it; a hot standby or any pool will do. Set up a blank database, check any other.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        SchemaBehind: The schema is blank or older, and may be upgraded soon.
        StoreError: Too old or drifted; names the command that repairs it.
    """
    store = Store(database_url(settings))
    with store.reading() as connection:
        blank = _is_blank(connection, refuse=not upgrade_blank)
    if blank:
        schema.upgrade(store.url)
    return store


def _is_blank(connection: Connection, *, refuse: bool = False) -> bool:
    """Return whether the database is blank; raise for any other problem."""
    if schema.revision(connection) is None and not refuse:
        return True
    problems = schema.check(connection)
    if problems:
        raise (SchemaBehind if schema.is_behind(connection) else StoreError)("; ".join(problems))
    return False
