"""Where Dagster keeps its own records: runs, events and ticks in our PostgreSQL, step logs in our home folder.

``dagster.yaml`` names the two classes, so every process of Dagster (web server, daemon, code server, run) finds the
database that the library uses, embedded or not. The documents themselves are in ``doc_assets.store``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import psycopg
import psycopg2
import sqlalchemy as sa
from dagster import DagsterInstance, Field, IntSource, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.compute_log_manager import CapturedLogContext, LogRetrievalShellCommand
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from doc_assets.errors import StoreError, StoreUnreachable
from doc_assets.settings import Settings
from doc_assets.store.database.retries import Retries
from doc_assets.store.database.url import database_url
from doc_assets.store.schema.schema import DAGSTER_SCHEMA

# dagster-postgres retries a table that two processes create at once, but neither a schema nor a type: one at a time.
_LOCK = "SELECT pg_advisory_lock(hashtextextended('doc_assets/dagster', 0))"


class DocAssetsStorage(DagsterPostgresStorage):
    """dagster-postgres on the database that ``Settings`` name, in a schema of its own.

    The reference that Dagster hands to its subprocesses holds no URL and no password: what is configured is at most the
    name of the variable that must be there.
    """

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """``database_url: {env: DOC_ASSETS_DATABASE_URL}`` insists on a server, where none must be started."""
        return {"database_url": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DocAssetsStorage:
        """The storage on the database of the environment; the embedded server is started if that is the one.

        Raises:
            StoreError: PostgreSQL is out of reach, or its role may not create the schema.
        """
        url = config_value.get("database_url") or database_url(Settings.from_environment())
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


class PodLogs(NoOpComputeLogManager):
    """Steps print into the log of the run's pod, as anything in a cluster; the UI shows the command that reads it."""

    def __init__(self, namespace: str, inst_data: ConfigurableClassData | None = None) -> None:
        """``namespace`` is where run pods are."""
        super().__init__(inst_data)
        self._namespace = namespace

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Where run pods are."""
        return {"namespace": Field(StringSource)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """The manager of an instance."""
        return cls(config_value["namespace"], inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Captures nothing; the first part of the key is the run's id."""
        command = f"kubectl --namespace {self._namespace} logs job/dagster-run-{log_key[0]}"
        yield CapturedLogContext(log_key, shell_cmd=LogRetrievalShellCommand(stdout=command, stderr=command))


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
