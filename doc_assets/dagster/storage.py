"""Storage of Dagster's own records: runs, events and ticks in our PostgreSQL, step logs in our home folder.

``dagster.yaml`` names these classes, so every process of Dagster (web server, daemon, code server, run) uses the
library's database, embedded or not. Documents are stored by ``doc_assets.store``.
"""

from __future__ import annotations

import functools
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import psycopg2
import sqlalchemy as sa
from dagster import DagsterInstance, Field, IntSource, StringSource
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from doc_assets.dagster.private_api import (
    CapturedLogContext,
    ConfigurableClassData,
    LocalComputeLogManager,
    LogRetrievalShellCommand,
    NoOpComputeLogManager,
    postgres_engine,
)
from doc_assets.errors import ConfigurationError, StoreUnreachable
from doc_assets.runtime.masked_output import mask_exceptions_and_records
from doc_assets.secrets import SecretAddress, mask_data
from doc_assets.settings import Settings
from doc_assets.store.database.dagster_schema import dagster_schema
from doc_assets.store.database.retries import Retries
from doc_assets.store.database.url import database_url, url_without_secrets

_USED = "doc_assets_used"
_SOUND_SECONDS = 1.0


class DocAssetsStorage(DagsterPostgresStorage):
    """dagster-postgres on the database of the settings, in a schema of its own.

    The reference that Dagster hands to its subprocesses holds no URL and no password, at most a variable's name.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the fields; ``database_url: {env: DOC_ASSETS_DATABASE_URL}`` prevents an embedded server."""
        return {"database_url": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DocAssetsStorage:
        """Return the storage; starts the embedded server if the environment names no other.

        Raises:
            StoreUnreachable: PostgreSQL does not answer.
            StoreError: The role may not create the schema.
            ConfigurationError: The configuration itself holds a password.
        """
        mask_exceptions_and_records()
        _mask_statements()
        given = SecretAddress.of(config_value.get("database_url"))
        _refuse_literal_password(given, inst_data)
        settings = Settings.from_environment()
        url = database_url(settings if given is None else replace(settings, database_url=given))
        with dagster_schema(url) as address:
            return cls(address, inst_data=inst_data)


class DocAssetsComputeLogManager(LocalComputeLogManager):
    """The output of steps, kept under ``DOC_ASSETS_HOME/dagster/logs`` wherever ``DAGSTER_HOME`` is.

    Without ``DAGSTER_HOME``, ``dagster dev`` would keep it in a temporary folder, while the runs stay.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the fields: seconds between reads of a growing log."""
        return {"polling_timeout": Field(IntSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DocAssetsComputeLogManager:
        """Return the manager for the home folder of the environment."""
        logs = Settings.from_environment().home / "dagster" / "logs"
        return cls(str(logs), inst_data=inst_data, **config_value)


class PodLogs(NoOpComputeLogManager):
    """The output of steps, left in the log of the run's pod; the UI shows the command that reads it."""

    def __init__(self, namespace: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Take the namespace of the run pods."""
        super().__init__(inst_data)
        self._namespace = namespace

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the fields: the namespace of the run pods."""
        return {"namespace": Field(StringSource)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Return the manager of an instance."""
        return cls(config_value["namespace"], inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Return the command that reads the log; the first part of the key is the run's id."""
        command = f"kubectl --namespace {self._namespace} logs job/dagster-run-{log_key[0]}"
        yield CapturedLogContext(log_key, shell_cmd=LogRetrievalShellCommand(stdout=command, stderr=command))


def reconnect_after_restarts(instance: DagsterInstance, retries: Retries) -> None:
    """Reconnect the instance to PostgreSQL after the server was restarted or cut connections.

    dagster-postgres itself gives up on a server after 6 s, and on a cut connection at once: the run would fail, and
    with it a load of hours.
    """
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        if (engine := postgres_engine(storage)) is not None:  # DAGSTER_HOME may name another kind of storage
            event.listen(engine, "checkout", _require_alive)
            event.listen(engine, "do_connect", functools.partial(_connected, retries))


def _refuse_literal_password(given: SecretAddress | None, inst_data: ConfigurableClassData | None) -> None:
    """Refuse a password in dagster.yaml: Dagster hands that to its subprocesses as an argument, which anyone can list.

    Raises:
        ConfigurationError: There is one.
    """
    if given is None or inst_data is None or given.reveal() not in inst_data.config_yaml:
        return
    if url_without_secrets(given.reveal()) != given.reveal():
        raise ConfigurationError(
            "dagster.yaml holds the database's password, which the arguments of Dagster's processes would show: write "
            "database_url: {env: DOC_ASSETS_DATABASE_URL}, and set that variable"
        )


def _mask_statements() -> None:
    """Mask what Dagster writes into its tables: events, runs with tags and configuration, ticks, logs."""
    if not event.contains(sa.Engine, "before_cursor_execute", _masked_parameters):
        event.listen(sa.Engine, "before_cursor_execute", _masked_parameters, retval=True)


def _masked_parameters(
    _connection: object,
    _cursor: object,
    statement: str,
    parameters: Any,  # noqa: ANN401 - whatever is bound to a statement
    _context: object,
    _many: bool,
) -> tuple[str, Any]:
    return statement, _masked(parameters)


def _masked(value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, str):
        return mask_data(value)
    if isinstance(value, Mapping):
        return {name: _masked(one) for name, one in value.items()}
    return type(value)(_masked(one) for one in value) if type(value) in (list, tuple) else value


def _require_alive(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - the driver's own
    """Find a connection that was cut before a statement fails on it.

    A server that ends says so or closes the socket, so one that was just used and has nothing to read is sound: a run
    takes 100 connections from the pool within half a second.
    """
    now = time.monotonic()
    used, record.info[_USED] = record.info.get(_USED, -_SOUND_SECONDS), now
    try:
        if now - used < _SOUND_SECONDS and not _has_to_read(connection):
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        raise DisconnectionError(str(error)) from error  # SQLAlchemy connects anew


def _has_to_read(connection: Any) -> bool:  # noqa: ANN401 - the driver's own
    ready = select.poll()  # select() takes no descriptor above 1,023
    ready.register(connection, select.POLLIN)
    return bool(ready.poll(0))


def _connected(
    retries: Retries, dialect: sa.Dialect, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> object:
    def connect() -> object:
        try:
            return dialect.connect(*arguments, **options)
        except psycopg2.OperationalError as error:
            raise StoreUnreachable(
                f"PostgreSQL cannot be reached for Dagster's records ({' '.join(str(error).split())}): start it, or"
                " mend DOC_ASSETS_DATABASE_URL"
            ) from error

    return retries.run(connect)
