"""Opening of the store."""

from __future__ import annotations

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.url import database_url
from doc_assets.store.schema import schema


def open_store(settings: Settings, *, upgrade_blank: bool = True) -> Store:
    """Open the store that the settings name: set up a blank database, check any other.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        SchemaBehind: The schema is blank or older, and may be upgraded soon.
        StoreError: Too old or drifted; names the command that repairs it.
    """
    store = Store(database_url(settings))
    with store.connect() as connection:
        blank = schema.revision(connection) is None
        if not blank or not upgrade_blank:
            problems = schema.check(connection)
            if problems:
                raise (SchemaBehind if schema.is_behind(connection) else StoreError)("; ".join(problems))
            return store
    schema.upgrade(store.url)
    return store
