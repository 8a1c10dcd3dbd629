"""Opens the database that the settings name: a blank one is set up, any other is checked."""

from __future__ import annotations

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.url import database_url
from doc_assets.store.schema import schema


def open_store(settings: Settings, *, upgrade_blank: bool = True) -> Store:
    """Opens the store that the settings name; a blank database is set up, any other is checked.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        SchemaBehind: The schema is blank or older, and somebody may be about to upgrade it.
        StoreError: Too old or drifted; says which command mends it.
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
