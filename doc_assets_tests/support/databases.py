"""Blank databases for tests, of one test or of all of a module, and databases with a role for each kind of work."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from doc_assets.store.schema import schema
from doc_assets.store.schema.roles import roles_sql


def memory_folder() -> Path | None:
    """Return a folder whose files are in memory, None where there is none with room for the servers of the tests.

    A database is 380 files. To make and drop one takes 26 ms of CPU there and 70 on a disk.
    """
    folder = Path("/dev/shm")  # noqa: S108 - files get names of their own
    room = shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else 0
    return folder if room >= 4 << 30 else None


@contextmanager
def new_database(server_url: str, options: LiteralString = "", *, template: str | None = None) -> Iterator[str]:
    """Its URL; it is dropped afterwards, whoever is still connected to it.

    Args:
        server_url: Of a superuser.
        options: Of CREATE DATABASE.
        template: Name of the database to copy, to which nobody may be connected; by default a blank one.
    """
    name = f"test_{uuid.uuid4().hex}"
    # 20 ms of CPU in a folder in memory, and 36 through the log, by which PostgreSQL copies where nothing is said.
    statement = sql.SQL("CREATE DATABASE {} STRATEGY file_copy ").format(sql.Identifier(name)) + sql.SQL(options)
    if template is not None:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    _administrator(server_url).execute(statement)
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    _administrator(server_url).execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@functools.cache
def _administrator(server_url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a session that makes and drops databases until this process ends: to open one takes 5 ms of CPU."""
    connection = psycopg.connect(server_url, autocommit=True, application_name="makes databases for tests")
    atexit.register(connection.close)
    return connection


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return urlsplit(url).path.lstrip("/")


@dataclass(frozen=True)
class Roles:
    """A database of a plain owner, with a member of each role; URLs to log in with."""

    owner: str
    reader: str
    loader: str
    names: tuple[str, str]


@contextmanager
def database_of_roles(server_url: str, vector_schema: str | None = None) -> Iterator[Roles]:
    """Set up as docs/kubernetes.md has it for production, with our schema and nothing in it; names need quotes.

    With ``vector_schema`` a superuser has put pgvector there, which the owner may use and nobody else.
    """
    mark = uuid.uuid4().hex[:8]
    owner, portal, nightly = (f"{name} {mark}" for name in ("owner", "portal", "nightly"))
    reader, loader = f"the 'readers' {mark}", f'the "loaders" {mark}'
    with psycopg.connect(server_url, autocommit=True) as connection:

        def run(statement: LiteralString, *names: str, by: psycopg.Connection = connection) -> None:
            by.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

        run("CREATE ROLE {} LOGIN CREATEROLE", owner)
        run("CREATE DATABASE {} OWNER {}", owner, owner)
        urls = [
            urlunsplit(urlsplit(server_url)._replace(netloc=f"{quote(who)}:@", path="/" + quote(owner)))
            for who in (owner, portal, nightly)
        ]
        with psycopg.connect(urlunsplit(urlsplit(server_url)._replace(path="/" + quote(owner)))) as superuser:
            if vector_schema is None:
                superuser.execute("CREATE EXTENSION vector")  # which pgvector leaves to superusers
            else:
                run("CREATE SCHEMA {}", vector_schema, by=superuser)
                run("CREATE EXTENSION vector SCHEMA {}", vector_schema, by=superuser)
                run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", vector_schema, owner, by=superuser)
        schema.upgrade(urls[0])
        with psycopg.connect(urls[0], autocommit=True) as owned:
            for _ in range(2):  # it may be run again
                owned.execute(roles_sql(reader, loader).encode())
            run("CREATE ROLE {} LOGIN IN ROLE {}", portal, reader, by=owned)
            run("CREATE ROLE {} LOGIN IN ROLE {}", nightly, loader, by=owned)
            run("ALTER ROLE {} SET role = {}", nightly, loader, by=owned)
        yield Roles(urls[0], urls[1], urls[2], (reader, loader))
        run("DROP DATABASE {} WITH (FORCE)", owner)
        for name in (portal, nightly, reader, loader, owner):
            run("DROP ROLE {}", name)
