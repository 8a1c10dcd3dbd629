"""The schema's revision: upgrades by alembic, and checks against the revisions of this program.

SQLAlchemy and alembic take a fifth of a command's start, so they are imported where a database is upgraded.
Drift is found in ``drift``; the tables of embedding spaces are created in ``store.spaces.spaces``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import psycopg

from doc_assets.errors import SchemaBehind, StoreError
from doc_assets.store.database.connection import Store, why_read_only
from doc_assets.store.database.dagster_tables import DAGSTER_SCHEMA
from doc_assets.store.database.pgvector import SEARCH_PATH, find_pgvector
from doc_assets.store.history import history
from doc_assets.store.schema.drift import drift
from doc_assets.store.schema.recomputation import recompute, remaining

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMA = "doc_assets"
# SQL-standard function bodies came with PostgreSQL 14.
MINIMUM_POSTGRES = 150000
_SIGNED_SINCE = "0003"  # the revision since which loads link near duplicates
_UPGRADE_LOCK = 0x646F635F61737365  # "doc_asse": one upgrade at a time per database
# Every reader needs this table, so it is locked first, in short attempts: while an audit holds it for minutes, new
# readers would queue behind the upgrade. As it is, they wait for 0.2 s at most.
_LOCK_PARTITIONS = """
    DO $$ BEGIN
        FOR attempt IN 1..600 LOOP
            BEGIN
                SET LOCAL lock_timeout = '200ms';
                LOCK TABLE doc_assets.partition IN ACCESS EXCLUSIVE MODE;
                SET LOCAL lock_timeout = '0';
                RETURN;
            EXCEPTION WHEN lock_not_available THEN PERFORM pg_sleep(0.3);
            END;
        END LOOP;
        RAISE 'doc_assets.partition was in use for 5 minutes';
    END $$
"""


def head() -> str:
    """Return the newest revision of this program."""
    return max(_known_revisions())


def revision(connection: psycopg.Connection) -> str | None:
    """Return the revision of the database, None if it was never set up."""
    row = connection.execute("SELECT to_regclass('doc_assets.alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM doc_assets.alembic_version").fetchone()
    return row[0] if row else "unknown"


def upgrade(url: str, report: Callable[[str], object] = lambda _: None) -> bool:
    """Create what is missing and run the revisions up to ``head()``, in one transaction; safe to run concurrently.

    What a revision leaves to be recomputed is done after it, in steps; ``report`` gets a line about it now and then.
    Return False if nothing was to do, which a server that only reads is asked for as well.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        ConfigurationError: A connection pool shares sessions between clients.
        StoreError: PostgreSQL or pgvector is too old or absent, the server only reads, the database is newer than this
            program, or a revision does not fit what is there.
    """
    store = Store(url)
    with store.reading("doc-assets db upgrade") as reading:
        _require_server(reading)
        before = revision(reading)
        _refuse_newer(before)
        at_head = before == head() and not _lacking(reading) and find_pgvector(reading).problem is None
        if at_head and not remaining(reading):
            return False
        if reason := why_read_only(reading):
            raise StoreError(f"the database is {_state(before)}, this program needs {head()}: {reason}")
    if not at_head:
        _run_revisions_at_once(store)
    recompute(store, report)
    return True


def _run_revisions_at_once(store: Store) -> None:
    import sqlalchemy as sa

    def connect() -> psycopg.Connection:
        session = store.connect("doc-assets db upgrade")
        session.autocommit = False
        return session

    engine = sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=sa.NullPool)
    with engine.connect() as connection:
        raw = raw_connection(connection)
        before = None
        try:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_UPGRADE_LOCK,))
            _ensure_surroundings(connection)
            before = revision(raw)
            _refuse_newer(before)
            if before not in (None, head()):
                connection.exec_driver_sql(_LOCK_PARTITIONS)
            run_revisions(connection, "head")
            if before is not None and before != head():
                if before < _SIGNED_SINCE:
                    _sign_documents(raw)
                counts = {"from": before, "to": head()}
                history.record(raw, "upgrade", "upgraded", counts=counts)
            connection.commit()
        except (sa.exc.DBAPIError, psycopg.Error) as error:
            state = "still blank" if before is None else f"at revision {before} as before, with all that is in it"
            raise StoreError(
                f"the schema could not be brought to revision {head()}: {_first_line(error)}; the database is {state}. "
                "Undo what stands in the way, as the schema's owner, and run doc-assets db upgrade again"
            ) from error


def run_revisions(connection: sa.Connection, target: str) -> None:
    """Run the revisions up to ``target`` in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    # Without parallel workers, whose shared memory a plain container does not have (store.database.shared_memory).
    connection.exec_driver_sql(
        f"SELECT set_config('search_path', {SEARCH_PATH}, true),"
        " set_config('max_parallel_maintenance_workers', '0', true)"
    )
    config = Config()
    config.set_main_option("script_location", str(files("doc_assets.store.schema").joinpath("alembic")))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def raw_connection(connection: sa.Connection) -> psycopg.Connection:
    """Return the driver's connection."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - narrows the type; the URL names the driver
    return raw


def _ensure_surroundings(connection: sa.Connection) -> None:
    """Create the two schemas and the extension; IF NOT EXISTS would need the privilege for what exists."""
    from sqlalchemy.exc import DBAPIError

    raw = raw_connection(connection)
    found = find_pgvector(raw)
    if found.schema is None and found.available is None:
        raise StoreError(
            "the extension pgvector is not installed on this server: install 0.8.4 or newer there, and run doc-assets "
            "db upgrade again"
        )
    for schema in _lacking(raw):
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    if found.schema is None:
        # Named, since a role's own search path may begin with any schema, or with none that exists.
        public = "SELECT has_schema_privilege(to_regnamespace('public'), 'CREATE')"
        schema = "public" if connection.exec_driver_sql(public).scalar() else SCHEMA
        try:
            # Nested, so that the transaction stays usable if the extension is refused.
            with connection.begin_nested():
                connection.exec_driver_sql(f"CREATE EXTENSION vector SCHEMA {schema}")
        except DBAPIError as error:
            raise StoreError(
                f"the extension pgvector cannot be created in this database: {_first_line(error)}; run, as superuser, "
                "CREATE EXTENSION vector, and then doc-assets db upgrade again"
            ) from error
    if problem := find_pgvector(raw).problem:
        raise StoreError(problem)


def _lacking(connection: psycopg.Connection) -> list[str]:
    """Return the schemas that are not there yet."""
    rows = connection.execute(
        "SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS s (name, place) WHERE to_regnamespace(name) IS NULL"
        " ORDER BY place",
        ([SCHEMA, DAGSTER_SCHEMA],),
    )
    return [name for (name,) in rows]


def _sign_documents(connection: psycopg.Connection) -> None:
    """Sign and link documents that were loaded before near duplicates were recorded; takes 1 ms each."""
    unsigned = connection.execute(
        "SELECT DISTINCT d.snapshot_id FROM snapshot_document d WHERE NOT EXISTS"
        " (SELECT FROM document_signature s WHERE s.document_id = d.document_id) ORDER BY 1"
    ).fetchall()
    if unsigned:
        # Imported here: needed once in the life of a database.
        from doc_assets.store.snapshots.near_duplicate_links import link_near_duplicates

        for (snapshot_id,) in unsigned:
            link_near_duplicates(connection, snapshot_id)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error  # of SQLAlchemy's, the driver's
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


def require_head(url: str) -> None:
    """Raise unless the database is at the revision of this program; cheap enough to call every second.

    Raises:
        StoreUnreachable: PostgreSQL does not answer.
        SchemaBehind: The database is blank or older, and may be upgraded soon.
        StoreError: The database is newer than this program.
    """
    with Store(url).reading("doc-assets db check") as connection:
        current = revision(connection)
    if current != head():
        _refuse_newer(current)
        raise SchemaBehind(f"the database is {_state(current)}, this program needs {head()}: run doc-assets db upgrade")


def _state(current: str | None) -> str:
    return "blank" if current is None else f"at revision {current}"


def is_behind(connection: psycopg.Connection) -> bool:
    """Return whether the database is blank or at an older revision."""
    current = revision(connection)
    return current is None or (current != head() and current in _known_revisions())


def check(connection: psycopg.Connection) -> list[str]:
    """Return a sentence for each problem of the database, with the command that repairs it."""
    try:
        _require_server(connection)
    except StoreError as error:
        return [str(error)]
    current = revision(connection)
    if current is None:
        return ["the database is blank: run doc-assets db upgrade"]
    problems = []
    if problem := find_pgvector(connection).problem:
        problems.append(problem)
    if current != head():
        try:
            _refuse_newer(current)
        except StoreError as error:
            return [*problems, str(error)]
        return [
            *problems,
            f"the schema is at revision {current}, this program needs {head()}: run doc-assets db upgrade",
        ]
    differences = drift(connection)
    if differences and revision(connection) != current:  # an upgrade ended in between
        return check(connection)
    return [*problems, *(f"the schema has drifted: {difference}" for difference in differences)]


def warnings(connection: psycopg.Connection) -> list[str]:
    """Return a sentence for each circumstance that is no problem now and may become one, with what to do."""
    warning = find_pgvector(connection).warning
    return [] if warning is None else [warning]


def _require_server(connection: psycopg.Connection) -> None:
    if connection.info.server_version < MINIMUM_POSTGRES:
        raise StoreError(
            f"PostgreSQL 15 or newer is needed, this server is {connection.info.server_version // 10000}: "
            "DOC_ASSETS_DATABASE_URL names another, without it an embedded one is used"
        )
    encoding = connection.execute("SELECT current_setting('server_encoding')").fetchall()[0][0]
    if encoding != "UTF8":
        raise StoreError(
            f"the database {connection.info.dbname} has the encoding {encoding}, which cannot hold every document: set "
            "DOC_ASSETS_DATABASE_URL to one made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )


@cache
def _known_revisions() -> frozenset[str]:
    """Return the numbers with which the files of the revisions begin."""
    versions = files("doc_assets.store.schema").joinpath("alembic", "versions")
    return frozenset(file.name.split("_")[0] for file in versions.iterdir() if file.name[:1].isdigit())


def _refuse_newer(current: str | None) -> None:
    if current is not None and current not in _known_revisions():
        raise StoreError(
            f"the database is at revision {current}, which this program does not know: it was upgraded by a newer "
            "doc-assets; upgrade this program"
        )
