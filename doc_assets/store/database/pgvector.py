"""Where pgvector is and how old: its schema, which any search path must name, and its version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
from psycopg import sql

# halfvec came with 0.7, iterative scans with 0.8.
MINIMUM: Final = (0, 8)
# Until 0.8.2 VACUUM could damage an HNSW index, until 0.8.3 leave its graph unrepaired and fail inserts beside it;
# 0.8.2 mended a buffer overflow of parallel builds. By pgvector's changelog.
SOUND: Final = (0, 8, 4)
# A search path with our schema and pgvector's, wherever a superuser put it. PostgreSQL searches pg_catalog before both.
# Nothing else is searched: others may create objects in ``public``.
SEARCH_PATH: Final[LiteralString] = """
    concat_ws(', ', 'doc_assets', (
        SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'vector' AND n.nspname NOT IN ('doc_assets', 'pg_catalog')))
"""
_READ: Final[LiteralString] = """
    SELECT e.extversion, n.nspname, has_schema_privilege(n.oid, 'USAGE'), a.default_version, current_user
    FROM pg_available_extensions a FULL JOIN (pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace)
        ON e.extname = a.name
    WHERE coalesce(e.extname, a.name) = 'vector'
"""


@dataclass(frozen=True, slots=True)
class Pgvector:
    """The extension in a database.

    Attributes:
        version: Version in this database; None if it was not created there.
        schema: Schema of its types and operators; None if it was not created.
        usable: Whether the role may use that schema.
        available: Version of the files on the server; None if there are none.
        role: The role that the database was asked as.
    """

    version: str | None
    schema: str | None
    usable: bool
    available: str | None
    role: str = ""

    @property
    def sound(self) -> bool:
        """Whether no fault of HNSW indexes is known in this version; True if its number cannot be read."""
        return self.version is None or (number_of(self.version) or SOUND) >= SOUND

    @property
    def warning(self) -> str | None:
        """What to know of the version, with the command that mends it; None if nothing."""
        if self.sound:
            return None
        return (
            f"pgvector {self.version} has faults that can damage a vector index, so that searches miss chunks, mended "
            f"in 0.8.4: {self._update()} and REINDEX INDEX CONCURRENTLY on each vector index"
        )

    @property
    def problem(self) -> str | None:
        """Why the extension cannot be used, with the command that changes it; None if it can."""
        if self.version is None:
            return "the extension pgvector is missing in this database: run doc-assets db upgrade"
        if (number_of(self.version) or MINIMUM) < MINIMUM:
            return f"pgvector {self.version} is too old, 0.8 or newer is needed: {self._update()}"
        if not self.usable:
            schema, role = (sql.Identifier(name or "").as_string() for name in (self.schema, self.role))
            return (
                "this role may not use the schema of the extension pgvector: run, as its owner or as superuser, GRANT "
                f"USAGE ON SCHEMA {schema} TO {role}"
            )
        return None

    def _update(self) -> str:
        available = number_of(self.available or "")
        first = "" if available and available >= SOUND else "install 0.8.4 or newer on the server, then "
        return f"{first}run ALTER EXTENSION vector UPDATE"


def find_pgvector(connection: psycopg.Connection) -> Pgvector:
    """Return what the database and the server have of pgvector."""
    row = connection.execute(_READ).fetchone()
    if row is None:
        return Pgvector(None, None, False, None)
    version, schema, usable, available, role = row
    return Pgvector(version, schema, bool(usable), available, role)


def number_of(version: str) -> tuple[int, ...] | None:
    """Return the numbers that a version begins with, None if it begins with none: a vendor may spell it otherwise."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else None
