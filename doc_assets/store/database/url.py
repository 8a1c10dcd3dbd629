"""Which database: the URL that is set, or that of the embedded server."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from doc_assets.errors import ConfigurationError
from doc_assets.settings import Settings
from doc_assets.store.database.embedded import embedded_url


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
