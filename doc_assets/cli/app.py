"""The command tree and how errors become exit codes."""

from __future__ import annotations

import logging
import sys

import click
import typer

from doc_assets import __version__
from doc_assets.cli import catalogue, database, inspect, migrate, retrieve
from doc_assets.cli.output import complain
from doc_assets.errors import CatalogueError, DocAssetsError

app = typer.Typer(
    name="doc-assets",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Moves technical documentation into PostgreSQL + pgvector: parsed, chunked, embedded, validated, searchable.",
    epilog="Exit codes: 0 done · 1 failed · 2 misuse. A partition is written TYPE/KEY, as in rust/crate-tokio.",
)
app.command("migrate", rich_help_panel="Load")(migrate.migrate)
app.command("validate", rich_help_panel="Load")(inspect.validate)
app.command("rollback", rich_help_panel="Load")(inspect.rollback)
app.command("search", rich_help_panel="Search")(retrieve.search)
app.command("evaluate", rich_help_panel="Search")(retrieve.evaluate)
app.command("status", rich_help_panel="Look")(inspect.status)
app.command("history", rich_help_panel="Look")(inspect.history)
app.command("snapshots", rich_help_panel="Look")(inspect.snapshots)
app.command("manifest", rich_help_panel="Look")(inspect.manifest)
app.add_typer(catalogue.app, name="catalogue", rich_help_panel="Set up")
app.add_typer(database.app, name="db", rich_help_panel="Set up")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what happens to stderr."),
) -> None:
    """Options before the command."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING)


def main() -> None:
    """Runs the command line and exits with its code."""
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.exceptions.Abort:
        complain("interrupted; what was committed stays, and the next migrate resumes")
        code = 1
    except CatalogueError as error:
        complain(str(error))
        code = 2
    except DocAssetsError as error:
        complain(str(error))
        code = 1
    except KeyboardInterrupt:
        complain("interrupted; what was committed stays, and the next migrate resumes")
        code = 1
    except BrokenPipeError:
        code = 1
    sys.exit(code or 0)
