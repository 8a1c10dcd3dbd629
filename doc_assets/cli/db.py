"""``doc-assets db``: set up, check and locate the database."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

import typer

from doc_assets.cli.output import JSON_OPTION, print_error, print_exactly, print_json, print_note
from doc_assets.errors import NotFound, SchemaBehind, StoreError, StoreUnavailable, StoreUnreachable
from doc_assets.runtime import shutdown, termination_message
from doc_assets.runtime.masked_output import unmasked
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.embedded import CLIENTS
from doc_assets.store.database.url import database_url, libpq_environment, url_without_secrets
from doc_assets.store.schema import roles, schema
from doc_assets.store.schema.recomputation import remaining

Result = TypeVar("Result")
_POLL_SECONDS, _LINE_SECONDS = 1.0, 15.0

app = typer.Typer(no_args_is_help=True, help="Set up, check or locate the database.")


@app.command("upgrade")
def upgrade(
    wait: float | None = typer.Option(None, "--wait", min=0, metavar="SECONDS", help="Wait for the server."),
) -> None:
    """Create or upgrade the schema; safe to repeat and to run concurrently."""
    termination_message.begin("db upgrade")
    url = database_url(Settings.from_environment())
    changed = _waited(lambda: schema.upgrade(url, print_note), (StoreUnreachable,), wait)
    termination_message.add_facts(schema_revision=schema.head())
    print_note(f"the schema is at revision {schema.head()}" + ("" if changed else " already: nothing was to do"))


@app.command("check")
def check(
    wait: float | None = typer.Option(
        None, "--wait", min=0, metavar="SECONDS", help="Wait for the server and for this program's schema revision."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Check the server, its extension, the schema revision and drift."""
    url = database_url(Settings.from_environment(), create=False)
    if wait is not None:
        _waited(lambda: schema.require_head(url), (StoreUnreachable, SchemaBehind), wait)
    with Store(url).reading("doc-assets db check") as connection:
        problems, warnings = schema.check(connection), schema.warnings(connection)
        revision = schema.revision(connection)
        if not problems and (outdated := remaining(connection)):
            warnings.append(
                f"the words of {outdated:,} chunks are those of an older revision: run doc-assets db upgrade"
            )
    if as_json:
        print_json({"revision": revision, "problems": problems, "warnings": warnings})
    else:
        for warning in warnings:
            print_note(f"warning: {warning}")
        for problem in problems:
            print_error(problem)
        if not problems:
            print_note(f"the database is sound, schema revision {revision}")
    if problems:
        raise typer.Exit(1)


def _waited(step: Callable[[], Result], passing: tuple[type[StoreError], ...], seconds: float | None) -> Result:
    """Retry a step while it fails with one of the errors ``passing``; print the reason every 15 s.

    Raises:
        StoreUnavailable: The step still fails after ``seconds``.
        StoreError: The step failed for another reason.
    """
    started = printed = time.monotonic()
    while True:
        try:
            return step()
        except passing as error:
            now = time.monotonic()
            left = 0.0 if seconds is None else started + seconds - now
            if left <= 0:
                if seconds is None:
                    raise
                raise StoreUnavailable(f"waited {seconds:g} s for nothing: {error}") from error
            if now - printed >= _LINE_SECONDS or printed == started:
                printed = now
                print_note(f"waiting, {left:.0f} s more at most: {error}")
        shutdown.wait(min(left, _POLL_SECONDS))


@app.command("roles")
def print_roles(
    reader: str = typer.Option(roles.READER, "--reader", help="Name of the read-only role."),
    loader: str = typer.Option(roles.LOADER, "--loader", help="Name of the role for loads, which changes no content."),
) -> None:
    """Print the SQL that creates the roles for readers and for loads; does not connect."""
    print_exactly(roles.roles_sql(reader, loader))


@app.command("url")
def url(
    with_password: bool = typer.Option(False, "--with-password", help="Print its password, too; to no log."),
) -> None:
    """Print the libpq URL without its password; an embedded server runs only as long as this command."""
    found = database_url(Settings.from_environment(), create=False)
    shown = found if with_password else url_without_secrets(found)
    with unmasked() if with_password else nullcontext():
        print_exactly(f"{shown}\n")


@app.command("client", context_settings={"allow_interspersed_args": False})
def client(command: list[str] = typer.Argument(help="pg_dump, pg_restore, psql … with its own options.")) -> None:
    """Run a PostgreSQL client on this database, with the embedded server up meanwhile."""
    settings = Settings.from_environment()
    # For a server of the user's own, prefer the installed clients: dumps need clients of its version.
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
