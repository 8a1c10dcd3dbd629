"""The command tree and how errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys

import typer

from doc_assets import __version__
from doc_assets.cli import catalogue, database, duplicates, inspect, migrate, quarantine, retrieve
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
app.command("duplicates", rich_help_panel="Look")(duplicates.duplicates)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel="Look")
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
        app()  # ends by SystemExit: 0, the code of typer.Exit, or 2 for options and arguments that make no sense
    except CatalogueError as error:
        complain(str(error))
        sys.exit(2)
    except DocAssetsError as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        complain("interrupted; what was committed stays, and the next migrate resumes")
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read stdout (head, say) has seen enough; the interpreter must not complain about it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
