"""The database schema: brought up by alembic, checked against what the program knows.

The shape that is expected (``expected.json``) is kept beside the revisions and compared by name, so that the check says
which table or column drifted. The tables of embedding spaces are made by ``doc_assets.store.spaces``.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import LiteralString

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from doc_assets.errors import StoreError

SCHEMA = "doc_assets"
DAGSTER_SCHEMA = "dagster"
# halfvec came with pgvector 0.7, iterative scans with 0.8; SQL-standard function bodies with PostgreSQL 14.
MINIMUM_POSTGRES = 150000
MINIMUM_PGVECTOR = (0, 8)
_UPGRADE_LOCK = 0x646F635F61737365  # "doc_asse": one upgrade at a time per database
_EXPECTED = "expected.json"


def sqlalchemy_url(url: str) -> sa.URL:
    """The libpq URL for SQLAlchemy, driver psycopg 3."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def head() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revision(connection: psycopg.Connection) -> str | None:
    """The revision of the database, None if it was never set up."""
    row = connection.execute("SELECT to_regclass('doc_assets.alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM doc_assets.alembic_version").fetchone()
    return row[0] if row else "unknown"


def upgrade(url: str) -> None:
    """Creates what is missing and runs the revisions up to ``head()``; safe to run twice or by two programs at once.

    Raises:
        StoreError: PostgreSQL or pgvector is too old or absent, or the database is newer than this program.
    """
    engine = sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 - narrows the type; the URL names the driver
        _require_server(raw)
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_UPGRADE_LOCK,))
        try:
            # A nested block, so that a refused extension leaves the transaction able to answer.
            with connection.begin_nested():
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
        except DBAPIError as error:
            raise StoreError(
                "the extension pgvector is not installed on this server, or the role may not create it: install "
                "pgvector 0.8 or newer and run, as superuser, CREATE EXTENSION vector"
            ) from error
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {DAGSTER_SCHEMA}")
        connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}, public")
        _refuse_newer(revision(raw))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def check(connection: psycopg.Connection) -> list[str]:
    """What is wrong with the database, one sentence each with the command that mends it; empty when all is well."""
    try:
        _require_server(connection)
    except StoreError as error:
        return [str(error)]
    current = revision(connection)
    if current is None:
        return ["the database is blank: run doc-assets db upgrade"]
    problems = []
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if row is None:
        problems.append("the extension pgvector is missing in this database: run doc-assets db upgrade")
    elif tuple(int(part) for part in row[0].split(".")[:2]) < MINIMUM_PGVECTOR:
        problems.append(f"pgvector {row[0]} is too old, 0.8 or newer is needed: run ALTER EXTENSION vector UPDATE")
    if current != head():
        try:
            _refuse_newer(current)
        except StoreError as error:
            return [*problems, str(error)]
        return [
            *problems,
            f"the schema is at revision {current}, this program needs {head()}: run doc-assets db upgrade",
        ]
    problems += [f"the schema has drifted: {difference}" for difference in drift(connection)]
    return problems


def drift(connection: psycopg.Connection) -> list[str]:
    """Differences between the database and ``expected.json``, each with the object's name and what to do."""
    expected = json.loads(files("doc_assets.store").joinpath(_EXPECTED).read_text(encoding="utf-8"))
    actual = describe(connection)
    differences = []
    for kind, objects in expected.items():
        for name, shape in objects.items():
            found = actual[kind].get(name)
            if found is None:
                differences.append(f"{kind} {name} is missing: restore it from a backup, or load into a new database")
            elif found != shape:
                differences.append(f"{kind} {name} is {found!r}, expected {shape!r}: undo the change by hand")
        for name in sorted(set(actual[kind]) - set(objects)):
            if kind == "column":
                differences.append(f"column {name} is not known to this program: drop it, or upgrade the program")
    return differences


def describe(connection: psycopg.Connection) -> dict[str, dict[str, str]]:
    """The shape of the schema: columns with types, indexes, constraints, functions, triggers and views by name."""
    queries: dict[str, LiteralString] = {
        "column": """
            SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
                || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                || CASE WHEN a.attgenerated <> '' THEN ' generated' ELSE '' END
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'doc_assets'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
                AND NOT a.attisdropped AND c.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
        "index": """
            SELECT c.relname, am.amname || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_am am ON am.oid = c.relam
            WHERE t.relnamespace = 'doc_assets'::regnamespace
                AND t.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
        "constraint": """
            SELECT t.relname || '.' || k.conname, k.contype::text
            FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
            WHERE k.connamespace = 'doc_assets'::regnamespace AND k.contype IN ('c', 'f', 'p', 'u')
                AND t.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
        "function": """
            SELECT p.proname, md5(coalesce(p.prosrc, '')) FROM pg_proc p
            WHERE p.pronamespace = 'doc_assets'::regnamespace""",
        "trigger": """
            SELECT t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE c.relnamespace = 'doc_assets'::regnamespace AND NOT t.tgisinternal""",
    }
    with connection.transaction():
        return {kind: dict(sorted(connection.execute(query).fetchall())) for kind, query in queries.items()}


def _require_server(connection: psycopg.Connection) -> None:
    if connection.info.server_version < MINIMUM_POSTGRES:
        raise StoreError(f"PostgreSQL 15 or newer is needed, this server is {connection.info.server_version // 10000}")


def _refuse_newer(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the database is at revision {current}, which this program does not know: it was upgraded by a newer "
            "doc-assets; upgrade this program"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("doc_assets.store").joinpath("alembic")))
    return config
