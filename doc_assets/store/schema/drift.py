"""Drift of the schema: differences between the objects in PostgreSQL's catalogues and ``expected.json``.

The tables of vectors are created with each embedding space, so they are compared with its row. The revision of a
database is checked in ``schema``.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from typing import LiteralString

import psycopg

from doc_assets.store.database.dagster_tables import DAGSTER_TABLES
from doc_assets.store.database.pgvector import SEARCH_PATH

_EXPECTED = "expected.json"
# Foreign objects of these kinds are reported, since they may change what is written; a foreign index does not.
_NO_OTHERS = ("table", "column", "constraint", "trigger")
# Definitions too long to be shown side by side are compared by their hash.
_HASHED = ("function", "view")

_QUERIES: dict[str, LiteralString] = {
    "table": """
        SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END
            || CASE c.relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END
            || CASE WHEN c.relrowsecurity THEN ' with row security' ELSE '' END
        FROM pg_class c
        WHERE c.relnamespace = 'doc_assets'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
            AND c.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
    "column": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attcollation <> y.typcollation THEN 'collate ' || o.collname END,
            CASE WHEN a.attnotnull THEN 'not null' END,
            CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
            CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' END || pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
        LEFT JOIN pg_collation o ON o.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'doc_assets'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
            AND NOT a.attisdropped AND c.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
    "index": """
        SELECT c.relname, pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relnamespace = 'doc_assets'::regnamespace
            AND t.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
    "constraint": """
        SELECT t.relname || '.' || k.conname,
            pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' not valid' END
        FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
        WHERE k.connamespace = 'doc_assets'::regnamespace AND k.contype IN ('c', 'f', 'p', 'u', 'x')
            AND t.relname !~ '^(embedding_[0-9]+|alembic_version)$'""",
    "function": """
        SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', concat_ws(' ', p.prokind,
            l.lanname, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proconfig,
            pg_get_function_result(p.oid), coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'doc_assets'::regnamespace""",
    "trigger": """
        SELECT t.tgname, pg_get_triggerdef(t.oid)
            || CASE t.tgenabled WHEN 'O' THEN '' WHEN 'A' THEN ' always' WHEN 'D' THEN ' disabled'
            ELSE ' for replicas' END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'doc_assets'::regnamespace AND NOT t.tgisinternal""",
    "view": """
        SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c
        WHERE c.relnamespace = 'doc_assets'::regnamespace AND c.relkind IN ('v', 'm')""",
}


def drift(connection: psycopg.Connection) -> list[str]:
    """Return a sentence for each object that differs from its revision, with its name and what to do."""
    expected = json.loads(files("doc_assets.store.schema").joinpath(_EXPECTED).read_text(encoding="utf-8"))
    actual = describe(connection)
    astray = (set(actual["table"]) & DAGSTER_TABLES) - set(expected["table"])
    differences = _dagster_astray(connection, sorted(astray))
    for kind, objects in expected.items():
        for name, shape in objects.items():
            found = actual[kind].get(name)
            if found is None:
                differences.append(f"{kind} {name} is missing: restore it from a backup, or load into a new database")
            elif found != shape:
                how = "is not what it was made as" if kind in _HASHED else f"is {found!r}, expected {shape!r}"
                differences.append(f"{kind} {name} {how}: undo the change by hand")
        if kind in _NO_OTHERS:
            differences += [
                f"{kind} {name} is not known to this program: drop it, or upgrade the program"
                for name in sorted(set(actual[kind]) - set(objects))
                if name.partition(".")[0] not in astray
            ]
    return differences + _vector_drift(connection)


def _dagster_astray(connection: psycopg.Connection, tables: list[str]) -> list[str]:
    """Return one sentence for tables of Dagster's in our schema, which an older version of this program left there."""
    if not tables:
        return []
    names = ", ".join(f"doc_assets.{table}" for table in tables)
    # Some of those that a pool left in another schema refer to these.
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid"
        " WHERE k.contype = 'f' AND c.relnamespace = 'doc_assets'::regnamespace AND c.relname = ANY (%s)"
        " AND (SELECT relnamespace FROM pg_class WHERE oid = k.conrelid) <> c.relnamespace)",
        (tables,),
    ).fetchone()
    cascade = " CASCADE" if row and row[0] else ""
    return [
        f"{len(tables)} tables of Dagster's are in doc_assets, where a load through a connection pool left them: "
        f"remove them, with the runs that they record and no document, by DROP TABLE {names}{cascade}"
    ]


def describe(connection: psycopg.Connection) -> dict[str, dict[str, str]]:
    """Return the objects' definitions by kind and name, spelt the same for all supported versions of PostgreSQL."""
    with connection.transaction():
        # Names are spelt with their schema where it is not on the path.
        connection.execute(f"SELECT set_config('search_path', {SEARCH_PATH}, true)")
        shape = {kind: dict(sorted(connection.execute(query).fetchall())) for kind, query in _QUERIES.items()}
    for kind in _HASHED:
        shape[kind] = {name: hashlib.sha256(_plain(text).encode()).hexdigest() for name, text in shape[kind].items()}
    return shape


def _plain(definition: str) -> str:
    """Return a definition without what versions of PostgreSQL spell differently: white space, single table names."""
    words = " ".join(definition.split())
    if not re.search(r"\bJOIN\b|,\s*LATERAL\b", words):
        words = re.sub(r"\b[a-z_]+\.(?=[a-z_])", "", words)
    return words


def _vector_drift(connection: psycopg.Connection) -> list[str]:
    """Return a sentence for each embedding space whose table of vectors is missing or differs from its row."""
    rows = connection.execute(
        """
        SELECT 'embedding_' || e.id, e.dimensions, t.oid IS NOT NULL,
            (SELECT array_agg(a.attname || ' ' || CASE WHEN y.typnamespace = x.extnamespace AND y.typname = 'halfvec'
                THEN 'halfvec(' || a.atttypmod || ')' ELSE format_type(a.atttypid, a.atttypmod) END
                || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END ORDER BY a.attnum)
                FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
                LEFT JOIN pg_extension x ON x.extname = 'vector'
                WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped),
            (SELECT array_agg(pg_get_constraintdef(k.oid) ORDER BY k.contype) FROM pg_constraint k
                WHERE k.conrelid = t.oid AND k.contype IN ('c', 'f', 'p')),
            (SELECT array_agg(i.indexrelid::regclass::text) FROM pg_index i
                WHERE i.indrelid = t.oid AND NOT i.indisvalid)
        FROM doc_assets.embedding_space e
        LEFT JOIN pg_class t ON t.relnamespace = 'doc_assets'::regnamespace AND t.relname = 'embedding_' || e.id
        ORDER BY e.id
        """
    ).fetchall()
    differences = []
    for name, dimensions, exists, columns, constraints, invalid in rows:
        if not exists:
            differences.append(f"table {name} is missing: restore it from a backup, or load into a new database")
            continue
        wanted = ["chunk_id bytea not null", f"embedding halfvec({dimensions}) not null", "sha256 bytea not null"]
        found = list(columns or ())
        if found != wanted:
            differences.append(f"table {name} has {', '.join(found)}, expected {', '.join(wanted)}: undo the change")
        kept = {constraint.replace("doc_assets.", "") for constraint in constraints or ()}
        lacking = {
            "CHECK ((octet_length(sha256) = 32))",
            "FOREIGN KEY (chunk_id) REFERENCES chunk(id)",
            "PRIMARY KEY (chunk_id)",
        } - kept
        differences += [f"table {name} lacks {constraint}: add it again" for constraint in sorted(lacking)]
        differences += [f"index {index} is invalid: REINDEX INDEX {index}" for index in invalid or ()]
    return differences
