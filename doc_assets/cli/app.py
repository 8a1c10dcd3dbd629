"""The command tree; turns errors and requests to stop into exit codes."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from doc_assets import __version__
from doc_assets.cli.commands import ASKING, COMMANDS
from doc_assets.cli.examples import USAGES
from doc_assets.cli.output import Line, log_messages, messages, print_error, print_note
from doc_assets.errors import DocAssetsError, Stopped
from doc_assets.runtime import log_context, shutdown, standard_streams, termination_message
from doc_assets.runtime.masked_output import masked_output
from doc_assets.settings import LogSettings, Settings
from doc_assets.settings.layers import set_by_flags
from doc_assets.settings.names import unknown_variables

_HELP = {"--help", "-h"}
_SHOW_CURSOR = "\r\n\x1b[?25h"
# Commands that Jobs run, which write a termination message; others may run beside them in the same pod.
_REPORTING = ("migrate", "rollback", "retire", "validate", "gc", "db upgrade")
_log = logging.getLogger(__name__)
if TYPE_CHECKING:
    from typer import BadParameter as UsageError
else:
    UsageError = typer.BadParameter.__bases__[0]  # base of Typer's errors of usage, which has no public name


class Commands(TyperGroup):
    """Prints a command's error, adds it to the termination message, and maps it to an exit code."""

    def __init__(self, *, commands: Mapping[str, Any], **attributes: Any) -> None:  # noqa: ANN401 - Typer's own
        """Take the commands that are registered with Typer, beside those of the table."""
        self._registered = commands
        super().__init__(commands=cast(Any, _Imported(commands)), **attributes)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own context, which has no public name
        """Return the names of all commands in the order of the help."""
        return [*self.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - Typer's own
        """Return what the help and the completion say of a command, which is not imported; None for another name."""
        if place := COMMANDS.get(cmd_name):
            return TyperCommand(cmd_name, short_help=place.summary, rich_help_panel=place.panel)
        return self._registered.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own
        """Return name, command and arguments of the command that is asked for, imported now."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in ASKING and not ctx.resilient_parsing and not _HELP & {*rest}:
            _start_server()
        return name, self.commands[name] if command and name else command, rest

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
        except Exception as raised:
            error = _own(raised)
            if error is None:
                raise
            _begin(ctx.invoked_subcommand)  # the error may precede the command
            print_error(str(error))
            raise typer.Exit(error.exit_code) from raised


class _Imported(Mapping[str, Any]):
    """The commands by name, each as Typer builds it of a function, or of an app with commands of its own."""

    def __init__(self, registered: Mapping[str, Any]) -> None:
        self._built = {**registered}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - commands have no public type
        if name not in self._built:
            place = COMMANDS[name]
            member = getattr(importlib.import_module(f"doc_assets.cli.{place.module}"), place.member)
            alone = typer.Typer(callback=lambda: None, add_completion=False, rich_markup_mode="rich")
            if isinstance(member, typer.Typer):
                alone.add_typer(member, name=name)
            else:
                alone.command(name)(member)
            self._built[name] = _with_usage(cast(Any, get_command(alone)).commands[name], name)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS | self._built)

    def __len__(self) -> int:
        return len(COMMANDS | self._built)


def _start_server() -> None:
    """Have the embedded server started beside the imports of a command, which take longer."""
    try:
        settings = Settings.from_environment()
    except DocAssetsError:
        return  # the command says it
    if settings.database_url is None:
        from doc_assets.store.database.embedded import start_beside

        start_beside(settings.home)


def _with_usage(command: Any, path: str) -> Any:  # noqa: ANN401 - commands have no public type
    """Return a command, and those below it, with an example and the exit codes in its help."""
    if usage := USAGES.get(path):
        command.epilog = usage.epilog
    for name, below in getattr(command, "commands", {}).items():
        _with_usage(below, f"{path} {name}")
    return command


def _own(raised: Exception) -> DocAssetsError | None:
    """Return the error as one of this project; None for a programming error."""
    if isinstance(raised, DocAssetsError):
        return raised
    if "psycopg" not in sys.modules:  # imported by what asks the database alone, in 0.1 s
        return None
    from doc_assets.store.database.connection import DatabaseError
    from doc_assets.store.database.retries import to_store_error

    return to_store_error(raised) if isinstance(raised, DatabaseError) else None


def _refused(usage: UsageError) -> Exception:
    """Print a wrong option or argument in one line; Typer's panel would cut its words at 80 columns."""
    if _json_is_wanted():
        log_context.configure(LogSettings("json"))
        log_messages()
    if type(usage).__name__ == "NoArgsIsHelpError":  # its message is the help, which Typer has printed
        return usage
    if usage.ctx is not None:
        messages.print(Line(usage.ctx.get_usage(), kept="\n"), soft_wrap=True)
        messages.print(Line((f"Try '{usage.ctx.command_path} --help' for help.", "dim")), soft_wrap=True)
    print_error(usage.format_message())
    return typer.Exit(usage.exit_code)


def _json_is_wanted() -> bool:
    """Return whether messages are to be logged; misuse may be found before the options are read."""
    given = sys.argv[1:]
    asked = "--log-format=json" in given or ("--log-format", "json") in pairwise(given)
    return asked or os.environ.get("DOC_ASSETS_LOG_FORMAT", "").lower() == "json"


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
    log_level: str | None = typer.Option(
        None, "--log-level", metavar="LEVEL", help=f"Log to stderr at this level: {', '.join(LogSettings.LEVELS)}."
    ),
    log_format: str | None = typer.Option(
        None, "--log-format", metavar="text|json", help="Log format; json writes one object per line to stderr."
    ),
) -> None:
    """Apply the options before the command."""
    if _HELP & {*sys.argv[1:]}:
        return  # help is there where settings are wrong
    flags = {}
    if log_format is not None:
        if log_format not in LogSettings.FORMATS:
            raise typer.BadParameter(f"{log_format!r}: one of {', '.join(LogSettings.FORMATS)} is needed")
        flags["DOC_ASSETS_LOG_FORMAT"] = log_format
    if log_level is not None:
        if log_level.lower() not in LogSettings.LEVELS:
            raise typer.BadParameter(f"{log_level!r}: one of {', '.join(LogSettings.LEVELS)} is needed")
        flags["DOC_ASSETS_LOG_LEVEL"] = log_level.lower()
    elif verbose:
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
    code, trouble = 1, None
    try:
        app(prog_name="doc-assets")  # raises SystemExit: 0, the code of typer.Exit, or 2 for a usage error
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Stopped as stopped:  # before or after the command itself
        print_error(str(stopped))
        code = shutdown.exit_code()
    except Exception as error:
        trouble = error
    lost = standard_streams.flush_stdout()
    if isinstance(lost or trouble, BrokenPipeError):
        return max(code, 1)  # the reader of stdout (such as head) has seen enough
    if lost is not None:
        trouble, code = lost, max(code, 1)
    if trouble is not None:
        print_error(_in_one_line(trouble))
        _log.debug("where it happened", exc_info=trouble)
    return code


def _in_one_line(error: Exception) -> str:
    """Return what an error says that no code of ours expected."""
    if (reason := standard_streams.why_unwritable(error)) is not None:
        return f"stdout cannot be written, so that the result is lost: {reason}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return (
        f"{type(error).__name__}: {' '.join(str(error).split())}; doc-assets did not expect this: "
        "doc-assets --log-level debug and the same command prints where it happened"
    )


def _end_now(number: int) -> None:
    """Exit at the second signal without waiting; PostgreSQL rolls open transactions back."""
    told = "stopped at once by a second signal; what was committed stays, and running it again resumes"
    termination_message.add_error(told)
    termination_message.write(128 + number)
    # Past rich, whose locks the interrupted code may hold; a live display has hidden the cursor.
    with suppress(OSError):
        os.write(2, f"{_SHOW_CURSOR if sys.stderr.isatty() else ''}{told}\n".encode())
    os._exit(128 + number)
