"""``doc-assets db``: set the database up, check it, say where it is."""

from __future__ import annotations

import os
import subprocess

import typer
from psycopg.conninfo import conninfo_to_dict

from doc_assets.cli.output import JSON_OPTION, complain, print_json, say
from doc_assets.errors import StoreError
from doc_assets.settings import Settings
from doc_assets.store import Store, roles, schema
from doc_assets.store.connection import database_url
from doc_assets.store.embedded import CLIENTS

app = typer.Typer(no_args_is_help=True, help="Set up, check or locate the database.")


@app.command("upgrade")
def upgrade() -> None:
    """Create or upgrade the schema; safe to run again."""
    url = database_url(Settings.from_environment())
    schema.upgrade(url)
    say(f"the schema is at revision {schema.head()}")


@app.command("check")
def check(as_json: bool = JSON_OPTION) -> None:
    """Check server, extension, revision and drift."""
    with Store(database_url(Settings.from_environment())).connect() as connection:
        problems = schema.check(connection)
        revision = schema.revision(connection)
    if as_json:
        print_json({"revision": revision, "problems": problems})
    else:
        for problem in problems:
            complain(problem)
        if not problems:
            say(f"the database is sound, schema revision {revision}")
    if problems:
        raise typer.Exit(1)


@app.command("roles")
def print_roles(
    reader: str = typer.Option(roles.READER, "--reader", help="Name of the role that only reads."),
    loader: str = typer.Option(roles.LOADER, "--loader", help="Name of the role that loads, and changes no content."),
) -> None:
    """Print the SQL that makes a role for readers and one for loads, for psql; touches no database."""
    typer.echo(roles.roles_sql(reader, loader), nl=False)


@app.command("url")
def url() -> None:
    """Print the libpq URL, for psql and other clients; starts the embedded server for as long as this command runs."""
    typer.echo(database_url(Settings.from_environment()))


# libpq's own names of what a URL holds.
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


@app.command("client", context_settings={"allow_interspersed_args": False})
def client(command: list[str] = typer.Argument(help="pg_dump, pg_restore, psql … with its own options.")) -> None:
    """Run a PostgreSQL client with this database as its default; the embedded server stays up meanwhile."""
    settings = Settings.from_environment()
    given = conninfo_to_dict(database_url(settings))
    # A server of the user's own has clients of its own version, which its dumps are best made with.
    folders = [os.environ.get("PATH", ""), str(CLIENTS)]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(folders if settings.database_url else reversed(folders)),
        **{f"PG{name.upper()}": str(value) for name, value in given.items() if name.startswith("ssl") and value},
        **{variable: str(given[name]) for name, variable in _VARIABLES.items() if given.get(name)},
    }
    try:
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - the user's own command
    except FileNotFoundError as error:
        raise StoreError(f"there is no program {command[0]!r} on the PATH, nor in {CLIENTS}") from error
    raise typer.Exit(done.returncode)
