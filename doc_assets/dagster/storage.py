"""Where Dagster keeps its own records: runs, events and ticks in our PostgreSQL, step logs in our home folder.

``dagster.yaml`` names the two classes, so every process of Dagster (web server, daemon, code server, run) finds the
database that the library uses, embedded or not. The documents themselves are in ``doc_assets.store``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import psycopg2
import sqlalchemy as sa
from dagster import DagsterInstance, Field, IntSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from doc_assets.errors import StoreError, StoreUnreachable
from doc_assets.settings import Settings
from doc_assets.store.connection import database_url
from doc_assets.store.retries import Retries
from doc_assets.store.schema import DAGSTER_SCHEMA

# dagster-postgres retries a table that two processes create at once, but neither a schema nor a type: one at a time.
_LOCK = "SELECT pg_advisory_lock(hashtextextended('doc_assets/dagster', 0))"


class DocAssetsStorage(DagsterPostgresStorage):
    """dagster-postgres on the database that ``Settings`` name, in a schema of its own.

    Takes no configuration: the reference that Dagster hands to its subprocesses holds no URL and no password.
    """

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No fields."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DocAssetsStorage:
        """The storage on the database of the environment; the embedded server is started if that is the one.

        Raises:
            StoreError: PostgreSQL is out of reach, or its role may not create the schema.
        """
        url = database_url(Settings.from_environment())
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
                connection.execute(_LOCK)
                _ensure_schema(connection)
                return cls(dagster_url(url), inst_data=inst_data)
        except psycopg.errors.InsufficientPrivilege as error:
            raise StoreError(
                f"Dagster's tables need the schema {DAGSTER_SCHEMA!r}, which this role may not create: run, as an "
                f"owner of the database, CREATE SCHEMA {DAGSTER_SCHEMA} AUTHORIZATION <role>"
            ) from error
        except psycopg.OperationalError as error:
            raise StoreError(
                f"PostgreSQL cannot be reached for Dagster's records: {str(error).strip()}; "
                "check DOC_ASSETS_DATABASE_URL"
            ) from error


class DocAssetsComputeLogManager(LocalComputeLogManager):
    """What steps print, kept under ``DOC_ASSETS_HOME/dagster/logs`` wherever ``DAGSTER_HOME`` is.

    Without ``DAGSTER_HOME``, ``dagster dev`` would keep them in a folder that goes when it ends, while the runs stay.
    """

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Seconds between looks at a log that grows."""
        return {"polling_timeout": Field(IntSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DocAssetsComputeLogManager:
        """The manager for the home folder of the environment."""
        logs = Settings.from_environment().home / "dagster" / "logs"
        return cls(str(logs), inst_data=inst_data, **config_value)


def outlast_restarts(instance: DagsterInstance, retries: Retries) -> None:
    """Makes the instance's PostgreSQL connections come back after the server was restarted or cut them.

    dagster-postgres itself gives up on a server after 6 s, and on a pooled connection that was cut at once: the run
    would fail, and with it a load that has been working for an hour.
    """
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        engine = getattr(storage, "_engine", None)  # absent where DAGSTER_HOME names another kind of storage
        if isinstance(engine, sa.Engine) and engine.dialect.name == "postgresql":
            event.listen(engine, "checkout", _require_alive)
            event.listen(engine, "do_connect", functools.partial(_connected, retries))


def _require_alive(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - the driver's own
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        raise DisconnectionError(str(error)) from error  # SQLAlchemy connects anew


def _connected(
    retries: Retries, dialect: sa.Dialect, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> object:
    def connect() -> object:
        try:
            return dialect.connect(*arguments, **options)
        except psycopg2.OperationalError as error:
            raise StoreUnreachable(f"PostgreSQL cannot be reached for Dagster's records: {error}".strip()) from error

    return retries.run(connect)


def dagster_url(url: str) -> str:
    """The SQLAlchemy URL under which Dagster finds its tables, from any libpq URL or ``key=value`` string.

    The driver is named: dagster-postgres sends ``NOTIFY`` with a bound parameter, which only psycopg 2 can. The schema
    is chosen by ``search_path``, since none of Dagster's storages takes one.
    """
    given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    given["options"] = f"{given.get('options', '')} -csearch_path={DAGSTER_SCHEMA}".strip()
    user, password, database = (given.pop(key, None) for key in ("user", "password", "dbname"))
    # Host and port go into the query, where sockets (/run/postgresql) and lists of hosts are allowed.
    return sa.URL.create(
        "postgresql+psycopg2", username=user, password=password, database=database, query=given
    ).render_as_string(hide_password=False)


def _ensure_schema(connection: psycopg.Connection) -> None:
    # Looked up first: CREATE SCHEMA IF NOT EXISTS asks for the privilege even where the schema is there.
    row = connection.execute("SELECT to_regnamespace(%s)", (DAGSTER_SCHEMA,)).fetchone()
    if row is None or row[0] is None:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(DAGSTER_SCHEMA)))
