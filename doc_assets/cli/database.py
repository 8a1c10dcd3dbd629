"""``doc-assets db``: set the database up, check it, say where it is."""

from __future__ import annotations

import typer

from doc_assets.cli.output import JSON_OPTION, complain, print_json, say
from doc_assets.settings import Settings
from doc_assets.store import Store, schema
from doc_assets.store.connection import database_url

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


@app.command("url")
def url() -> None:
    """Print the libpq URL, for psql and other clients; starts the embedded server for as long as this command runs."""
    typer.echo(database_url(Settings.from_environment()))
