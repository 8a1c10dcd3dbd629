"""``doc-assets db``: set the database up, check it, say where it is."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

import typer

from doc_assets.cli.output import JSON_OPTION, print_error, print_json, print_note
from doc_assets.errors import NotFound, SchemaBehind, StoreError, StoreUnavailable, StoreUnreachable
from doc_assets.runtime import shutdown, termination_message
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.embedded import CLIENTS
from doc_assets.store.database.url import database_url, libpq_environment
from doc_assets.store.schema import roles, schema

_LOOK_SECONDS, _LINE_SECONDS = 1.0, 15.0

app = typer.Typer(no_args_is_help=True, help="Set up, check or locate the database.")


@app.command("upgrade")
def upgrade(
    wait: float | None = typer.Option(None, "--wait", min=0, metavar="SECONDS", help="For the server to answer."),
) -> None:
    """Create or upgrade the schema; safe to run again, and by several at once."""
    termination_message.begin("db upgrade")
    url = database_url(Settings.from_environment())
    _waited(lambda: schema.upgrade(url), (StoreUnreachable,), wait)
    termination_message.add_facts(schema_revision=schema.head())
    print_note(f"the schema is at revision {schema.head()}")


@app.command("check")
def check(
    wait: float | None = typer.Option(
        None, "--wait", min=0, metavar="SECONDS", help="For the server to answer, and the schema to be this program's."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Check server, extension, revision and drift."""
    url = database_url(Settings.from_environment())
    if wait is not None:
        _waited(lambda: schema.require_head(url), (StoreUnreachable, SchemaBehind), wait)
    with Store(url).connect() as connection:
        problems = schema.check(connection)
        revision = schema.revision(connection)
    if as_json:
        print_json({"revision": revision, "problems": problems})
    else:
        for problem in problems:
            print_error(problem)
        if not problems:
            print_note(f"the database is sound, schema revision {revision}")
    if problems:
        raise typer.Exit(1)


def _waited(step: Callable[[], object], passing: tuple[type[StoreError], ...], seconds: float | None) -> None:
    """Runs a step again while it fails for a reason that is worth waiting for; says now and then what for.

    Raises:
        StoreUnavailable: It did not pass in time.
        StoreError: The step failed for another reason.
    """
    started = said = time.monotonic()
    while True:
        try:
            step()
            return
        except passing as error:
            now = time.monotonic()
            left = 0.0 if seconds is None else started + seconds - now
            if left <= 0:
                if seconds is None:
                    raise
                raise StoreUnavailable(f"waited {seconds:g} s for nothing: {error}") from error
            if now - said >= _LINE_SECONDS or said == started:
                said = now
                print_note(f"waiting, {left:.0f} s more at most: {error}")
        shutdown.wait(min(left, _LOOK_SECONDS))


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


@app.command("client", context_settings={"allow_interspersed_args": False})
def client(command: list[str] = typer.Argument(help="pg_dump, pg_restore, psql … with its own options.")) -> None:
    """Run a PostgreSQL client with this database as its default; the embedded server stays up meanwhile."""
    settings = Settings.from_environment()
    # A server of the user's own has clients of its own version, which its dumps are best made with.
    folders = [os.environ.get("PATH", ""), str(CLIENTS)]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(folders if settings.database_url else reversed(folders)),
        **libpq_environment(database_url(settings)),
    }
    try:
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - the user's own command
    except FileNotFoundError as error:
        raise NotFound(f"there is no program {command[0]!r} on the PATH, nor in {CLIENTS}") from error
    raise typer.Exit(done.returncode)
