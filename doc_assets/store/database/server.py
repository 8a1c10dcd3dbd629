"""What a database's server says of itself, as far as a load or a reader can suffer from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from psycopg.rows import class_row

from doc_assets.store.database.connection import Connection
from doc_assets.store.database.pools import process_of

_FACTS: Final[LiteralString] = """
    SELECT current_setting('server_version') AS version, current_user AS role, clock_timestamp() AS clock,
        current_setting('server_encoding') AS encoding, d.datcollate AS collation,
        d.datcollversion AS collation_version, pg_database_collation_actual_version(d.oid) AS collation_now,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
        current_setting('max_connections')::int AS most_connections
    FROM pg_database d WHERE d.datname = current_database()
"""
_RIGHTS: Final[LiteralString] = """
    SELECT c.relname, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
        has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT'), pg_has_role(n.nspowner, 'USAGE')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'doc_assets' AND c.relkind IN ('r', 'v') ORDER BY 1
"""
# What every load writes to.
_LOADED: Final = "chunk"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server and one of its databases.

    Attributes:
        version: Of PostgreSQL.
        role: That the connection has.
        clock: Its time.
        encoding: Of the database.
        collation: Of the database.
        collation_version: Of the collation when the database was made, None if it has none.
        collation_now: Of the collation that the system has now.
        connections: Sessions of clients; of other roles only where this one may see them.
        most_connections: Most that the server takes.
    """

    version: str
    role: str
    clock: datetime
    encoding: str
    collation: str
    collation_version: str | None
    collation_now: str | None
    connections: int
    most_connections: int


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do with the schema ``doc_assets``: tables that it cannot read, whether it loads, and owns it."""

    unreadable: tuple[str, ...]
    loads: bool
    owns: bool


def server_facts(connection: Connection) -> ServerFacts:
    """Return what the server says of itself."""
    with connection.cursor(row_factory=class_row(ServerFacts)) as cursor:
        return cursor.execute(_FACTS).fetchall()[0]


def rights_of(connection: Connection) -> Rights:
    """Return what the connection's role may do, by PostgreSQL's catalogue."""
    rows = connection.execute(_RIGHTS).fetchall()
    return Rights(
        unreadable=tuple(name for name, reads, _, _ in rows if not reads),
        loads=any(name == _LOADED and inserts for name, _, inserts, _ in rows),
        owns=any(owns for *_, owns in rows),
    )


def is_pooled(connection: Connection) -> bool:
    """Return whether a connection pool is in between."""
    return process_of(connection) != connection.info.backend_pid
