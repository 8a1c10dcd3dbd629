"""The command tree; turns errors and requests to stop into exit codes."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from doc_assets import __version__
from doc_assets.cli.output import Line, log_messages, messages, print_error, print_note
from doc_assets.errors import DocAssetsError, Stopped
from doc_assets.runtime import log_context, shutdown, termination_message
from doc_assets.runtime.masked_output import masked_output
from doc_assets.settings import LogSettings
from doc_assets.settings.layers import set_by_flags
from doc_assets.settings.names import unknown_variables
from doc_assets.store.database.connection import DatabaseError
from doc_assets.store.database.retries import to_store_error

# Commands that Jobs run, which write a termination message; others may run beside them in the same pod.
_REPORTING = ("migrate", "rollback", "retire", "validate", "gc", "db upgrade")
if TYPE_CHECKING:
    from typer import BadParameter as UsageError
else:
    UsageError = typer.BadParameter.__bases__[0]  # base of Typer's errors of usage, which has no public name


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a command is: the panel of the help, the module in this package, and its function or ``typer.Typer``."""

    panel: str
    module: str
    member: str


# A command's module is imported when it is asked for: all of them take a second, `search` half of that.
_COMMANDS = {
    "migrate": _Place("Load", "migrate", "migrate"),
    "validate": _Place("Load", "validate", "validate"),
    "rollback": _Place("Load", "rollback", "rollback"),
    "retire": _Place("Load", "retire", "retire"),
    "discard": _Place("Load", "rollback", "discard"),
    "gc": _Place("Load", "gc", "gc"),
    "search": _Place("Search", "search", "search"),
    "fetch": _Place("Search", "fetch", "fetch"),
    "resolve": _Place("Search", "fetch", "resolve"),
    "serve": _Place("Search", "serve", "serve"),
    "mcp": _Place("Search", "mcp", "mcp"),
    "evaluate": _Place("Search", "evaluate", "evaluate"),
    "status": _Place("Inspect", "status", "status"),
    "exporter": _Place("Inspect", "exporter", "exporter"),
    "history": _Place("Inspect", "history", "history"),
    "snapshots": _Place("Inspect", "snapshots", "snapshots"),
    "show": _Place("Inspect", "snapshots", "show"),
    "diff": _Place("Inspect", "diff", "diff"),
    "manifest": _Place("Inspect", "snapshots", "manifest"),
    "duplicates": _Place("Inspect", "duplicates", "duplicates"),
    "embedder": _Place("Inspect", "embedder", "app"),
    "spaces": _Place("Inspect", "spaces", "app"),
    "quarantine": _Place("Inspect", "quarantine", "app"),
    "catalogue": _Place("Set up", "catalogue", "app"),
    "db": _Place("Set up", "db", "app"),
    "settings": _Place("Set up", "settings", "settings"),
}


class Commands(TyperGroup):
    """Prints a command's error, adds it to the termination message, and maps it to an exit code."""

    @property
    def commands(self) -> dict[str, Any]:  # pyrefly: ignore[bad-override-mutable-attribute] - commands have no public type
        """All commands, imported."""
        return {name: _imported(name) for name in _COMMANDS} | self._registered

    @commands.setter
    def commands(self, registered: dict[str, Any]) -> None:
        """Take the commands that are registered with Typer."""
        self._registered = registered

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - see below
        """Return the names of all commands in the order of the help."""
        return [*_COMMANDS, *self._registered]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - see below
        """Return a command, imported now; None if there is none of that name."""
        return _imported(cmd_name) if cmd_name in _COMMANDS else self._registered.get(cmd_name)

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - Typer's own, without public names
        """Parse the options before the command."""
        try:
            return super().make_context(*arguments, **options)
        except UsageError as usage:
            raise _refused(usage) from None

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401 - Typer's own context, which has no public name either
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Stopped as stopped:
            print_error(str(stopped))
            raise typer.Exit(shutdown.exit_code()) from stopped
        except UsageError as usage:
            path = usage.ctx.command_path if usage.ctx else ""
            _begin(path.removeprefix(ctx.command_path).strip() or ctx.invoked_subcommand)
            raise _refused(usage) from None
        except (DocAssetsError, DatabaseError) as raised:
            error = to_store_error(raised) if isinstance(raised, DatabaseError) else raised
            _begin(ctx.invoked_subcommand)  # the error may precede the command
            print_error(str(error))
            raise typer.Exit(error.exit_code) from raised


@functools.cache
def _imported(name: str) -> object:
    """Return a command as Typer builds it of a function, or of an app with commands of its own."""
    place = _COMMANDS[name]
    member = getattr(importlib.import_module(f"doc_assets.cli.{place.module}"), place.member)
    alone = typer.Typer(callback=lambda: None, add_completion=False, rich_markup_mode="rich")
    if isinstance(member, typer.Typer):
        alone.add_typer(member, name=name, rich_help_panel=place.panel)
    else:
        alone.command(name, rich_help_panel=place.panel)(member)
    group: Any = get_command(alone)
    return group.commands[name]


def _refused(usage: UsageError) -> Exception:
    """Print a wrong option or argument in one line; Typer's panel would cut its words at 80 columns."""
    if type(usage).__name__ == "NoArgsIsHelpError":  # its message is the help, which Typer has printed
        return usage
    if usage.ctx is not None:
        messages.print(Line(usage.ctx.get_usage(), kept="\n"), soft_wrap=True)
        messages.print(Line((f"Try '{usage.ctx.command_path} --help' for help.", "dim")), soft_wrap=True)
    print_error(usage.format_message())
    return typer.Exit(usage.exit_code)


def _begin(command: str | None) -> None:
    if command in _REPORTING and not termination_message.has_begun():
        termination_message.begin(command)


app = typer.Typer(
    name="doc-assets",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Moves technical documentation into PostgreSQL + pgvector: parsed, chunked, embedded, validated, searchable.",
    epilog="Exit codes: 0 done · 1 failed or refused · 2 misuse: a wrong argument, catalogue or setting, or a name "
    "that does not exist · 143, 130 stopped by SIGTERM, SIGINT; running it again resumes. "
    "A partition is written TYPE/KEY, as in rust/crate-tokio.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    verbose: int = typer.Option(0, "--verbose", "-v", count=True, help="Log to stderr at level info; twice: debug."),
    log_format: str | None = typer.Option(
        None, "--log-format", metavar="text|json", help="Log format; json writes one object per line to stderr."
    ),
) -> None:
    """Apply the options before the command."""
    flags = {}
    if log_format is not None:
        if log_format not in LogSettings.FORMATS:
            raise typer.BadParameter(f"{log_format!r}: one of {', '.join(LogSettings.FORMATS)} is needed")
        flags["DOC_ASSETS_LOG_FORMAT"] = log_format
    if verbose:
        flags["DOC_ASSETS_LOG_LEVEL"] = "info" if verbose == 1 else "debug"
    set_by_flags(flags)  # also for the processes that a load starts
    wanted = LogSettings.from_environment()
    log_context.configure(wanted)
    if wanted.format == "json":
        log_messages()
    for unknown in unknown_variables(os.environ):
        print_note(f"warning: {unknown}")


def main() -> None:
    """Run the command line and exit with its code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a terminal need not have every letter
    with masked_output(), shutdown.handling_signals(again=_end_now):
        code = _exit_code()
        with shutdown.deferred():
            termination_message.write(code)
    sys.exit(code)


def _exit_code() -> int:
    try:
        app()  # raises SystemExit: 0, the code of typer.Exit, or 2 for a usage error
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # The reader of stdout (such as head) has closed it; keeps the interpreter from printing an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Stopped as stopped:  # before or after the command itself
        print_error(str(stopped))
        return shutdown.exit_code()
    return 1


def _end_now(number: int) -> None:
    """Exit at the second signal without waiting; PostgreSQL rolls open transactions back."""
    termination_message.add_error("stopped at once by a second signal; running it again resumes")
    termination_message.write(128 + number)
    os._exit(128 + number)
