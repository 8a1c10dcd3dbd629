"""The schema ``dagster``, in which Dagster keeps its own tables on the same database.

None of Dagster's storages takes a schema, so each statement of theirs brings its search path along. A setting of the
session would not do: a pool drops it from the start-up packet, or gives the next statement another session, and the
tables would land wherever that one looks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import CreateEnginePlugin

from doc_assets.errors import StoreError
from doc_assets.store.database.connection import Store, to_write
from doc_assets.store.database.dagster_tables import DAGSTER_SCHEMA
from doc_assets.store.database.session_settings import statements
from doc_assets.store.database.url import sqlalchemy_url

# dagster-postgres retries a table that two processes create at once, but neither a schema nor a type: one at a time.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('doc_assets/dagster', 0))"
_PLUGIN, _POOLED = "doc_assets_dagster_schema", "doc_assets_pooled"


@contextmanager
def dagster_schema(url: str) -> Iterator[str]:
    """Create the schema if it is absent, and keep other processes from creating tables in it inside the block.

    Yield the SQLAlchemy URL that Dagster's storages connect with.

    Raises:
        StoreUnreachable: PostgreSQL cannot be reached.
        ConfigurationError: A connection pool shares sessions between clients.
        StoreError: The role may not create the schema, or the server only reads.
    """
    with Store(url).connect("doc-assets dagster") as connection:
        try:
            with connection.transaction():
                connection.execute(_LOCK)
                # Read first: CREATE SCHEMA IF NOT EXISTS needs the privilege even where the schema exists.
                row = connection.execute("SELECT to_regnamespace(%s)", (DAGSTER_SCHEMA,)).fetchone()
                if row is None or row[0] is None:
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DAGSTER_SCHEMA}")
        except psycopg.errors.InsufficientPrivilege as error:
            raise StoreError(
                f"Dagster's tables need the schema {DAGSTER_SCHEMA!r}, which this role may not create: run, as an "
                f"owner of the database, CREATE SCHEMA {DAGSTER_SCHEMA} AUTHORIZATION <role>"
            ) from error
        with connection.transaction():
            connection.execute(_LOCK)
            yield dagster_url(to_write(url), pooled=connection.is_pooled)


def dagster_url(url: str, *, pooled: bool = False) -> str:
    """Return the SQLAlchemy URL that Dagster's storages connect with; ``pooled`` if its sessions belong to a pool.

    Only psycopg 2 can send ``NOTIFY`` with a bound parameter, as dagster-postgres does.
    """
    address = sqlalchemy_url(url, driver="psycopg2").update_query_dict({"plugin": _PLUGIN})
    if pooled:
        address = address.update_query_dict({_POOLED: "yes"})
    return address.render_as_string(hide_password=False)


class SearchPathPlugin(CreateEnginePlugin):
    """Has every statement of an engine whose URL names it look for tables in Dagster's schema, and create them there.

    PostgreSQL runs the statements of one message in one transaction, and ``SET LOCAL`` ends with it.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        """Take the URL of the engine that is being created."""
        super().__init__(url, kwargs)
        self._pooled = _POOLED in url.query
        self._settings = statements(str(url.query.get("options", "")))

    def update_url(self, url: sa.URL) -> sa.URL:
        """Return the URL without the parameter that is ours and not the driver's."""
        return url.difference_update_query([_POOLED])

    def engine_created(self, engine: sa.Engine) -> None:
        """Attach to the new engine."""
        event.listen(engine, "connect", self._pin)
        event.listen(engine, "before_cursor_execute", _with_search_path, retval=True)
        if self._pooled:
            event.listen(engine, "close", _reset)

    def _pin(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        """Pin the session's settings; Dagster's times have no zone, so they depend on it."""
        with connection, connection.cursor() as cursor:
            cursor.execute(self._settings)


plugins.register(_PLUGIN, __name__, SearchPathPlugin.__name__)


def _with_search_path(
    _connection: object,
    cursor: Any,  # noqa: ANN401 - the driver's own
    statement: str,
    parameters: object,
    _context: object,
    _many: bool,
) -> tuple[str, object]:
    if " CONCURRENTLY " in statement.upper():  # refused within a transaction: the session itself gets the setting
        cursor.execute(f"SET search_path = {DAGSTER_SCHEMA}")
        return statement, parameters
    return f"SET LOCAL search_path = {DAGSTER_SCHEMA}; {statement}", parameters


def _reset(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    """Leave nothing on a pool's session: Dagster sets a statement timeout there."""
    import psycopg2  # costs each command 20 ms, and few of them use Dagster

    with suppress(psycopg2.Error), connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
