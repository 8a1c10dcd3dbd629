"""The schema ``dagster``, in which Dagster keeps its own tables on the same database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from doc_assets.errors import StoreError, StoreUnreachable
from doc_assets.store.database.connection import open_session
from doc_assets.store.database.session_settings import start_options
from doc_assets.store.database.url import sqlalchemy_url

DAGSTER_SCHEMA: Final = "dagster"
# dagster-postgres retries a table that two processes create at once, but neither a schema nor a type: one at a time.
_LOCK = "SELECT pg_advisory_lock(hashtextextended('doc_assets/dagster', 0))"


@contextmanager
def dagster_schema(url: str) -> Iterator[None]:
    """Create the schema if it is absent, and keep other processes from creating tables in it inside the block.

    Raises:
        StoreUnreachable: PostgreSQL cannot be reached.
        StoreError: The role may not create the schema.
    """
    try:
        with open_session(url, "doc-assets dagster") as connection:
            connection.execute(_LOCK)
            # Read first: CREATE SCHEMA IF NOT EXISTS needs the privilege even where the schema exists.
            row = connection.execute("SELECT to_regnamespace(%s)", (DAGSTER_SCHEMA,)).fetchone()
            if row is None or row[0] is None:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DAGSTER_SCHEMA}")
            yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"Dagster's tables need the schema {DAGSTER_SCHEMA!r}, which this role may not create: run, as an "
            f"owner of the database, CREATE SCHEMA {DAGSTER_SCHEMA} AUTHORIZATION <role>"
        ) from error
    except psycopg.OperationalError as error:
        raise StoreUnreachable(
            f"PostgreSQL cannot be reached for Dagster's records: {str(error).strip()}; check DOC_ASSETS_DATABASE_URL"
        ) from error


def dagster_url(url: str) -> str:
    """Return the SQLAlchemy URL that Dagster's storages connect with.

    Only psycopg 2 can send ``NOTIFY`` with a bound parameter, as dagster-postgres does. ``search_path`` chooses the
    schema, since none of Dagster's storages takes one; its times have no
    zone, so the session's is pinned as well.
    """
    address = sqlalchemy_url(url, driver="psycopg2")
    options = f"{start_options(str(address.query.get('options', '')))} -csearch_path={DAGSTER_SCHEMA}"
    return address.update_query_dict({"options": options}).render_as_string(hide_password=False)
