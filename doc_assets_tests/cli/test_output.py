"""What is printed is what is stored: in lines, messages, errors, tables and JSON, with and without a terminal."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from doc_assets.cli import output
from doc_assets.cli.app import app
from doc_assets.runtime.visible_text import INLINE, visible
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.texts import any_text

# What rich, Typer or a terminal would take for something else than text.
TRAPS = (
    "\\", "[bold]", "[/]", "[/bold]", "\\[i]", "[link=x]", "[x y=z]", ":ab:", "89:ab:cd", ":smile:", ":a-text:", "'q'",
    "\x1b[31m", "\x1b]0;t\x07", "\x9b2J", "\r", "\b", "\v", "\f", "\t", "\n", "\u202e", "\u2066", "\udcff", "\u200b",
    "漢字", "e\u0301", "👩‍👩‍👧", "🇩🇪", "  ", "\u00a0", "\u2028", "https://docs.example/a?b", "192.0.2.1", "--option",
    "x" * 90, "{0}%s",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(TRAPS) | any_text(max_size=12), max_size=6).map("".join)
# Cells are found again between the lines of the table.
CELL = TEXT.map(lambda text: text.replace("│", "").replace("┃", ""))
FEW = settings(max_examples=25)


class Terminal(io.StringIO):
    """A terminal as far as rich can see."""

    def isatty(self) -> bool:
        return True


def printed(action: Callable[[], None], *, terminal: bool, width: int = 60) -> tuple[str, str]:
    """What an action writes to stdout and stderr."""
    kept = output.results, output.messages
    streams = [Terminal() if terminal else io.StringIO() for _ in range(2)]
    try:
        for console, stream in zip(kept, streams, strict=True):
            console.file = stream
            console.width = width
        action()
    finally:
        for console in kept:
            console._file = None
            console._width = None
    return streams[0].getvalue(), streams[1].getvalue()


@FEW
@given(TEXT, st.booleans())
def test_lines_and_messages_hold_the_text_as_it_is(text: str, terminal: bool) -> None:
    line = printed(lambda: output.print_line("   ", (text, "bold"), text), terminal=terminal)
    assert line == ("   " + visible(text, kept=INLINE) * 2 + "\n", "")
    assert printed(lambda: output.print_note(text), terminal=terminal) == ("", f"{visible(text)}\n")
    assert printed(lambda: output.print_error(text), terminal=terminal) == ("", f"error: {visible(text)}\n")


@FEW
@given(TEXT, st.booleans())
def test_json_and_what_programs_read_are_exact(text: str, terminal: bool) -> None:
    out, _ = printed(lambda: output.print_json_line({"text": text}), terminal=terminal)
    assert json.loads(out) == {"text": text} and out.count("\n") == 1
    assert printed(lambda: output.print_exactly(text), terminal=terminal)[0] == text


@FEW
@given(CELL, st.lists(st.tuples(CELL, CELL, st.integers()), min_size=1, max_size=3))
def test_a_table_without_a_terminal_has_each_row_on_one_line_with_all_of_its_text(title: str, rows: list) -> None:
    out, _ = printed(lambda: output.print_table(title, ["name [b]", "text", "n"], rows), terminal=False)
    first, *lines = out.split("\n")
    assert first == visible(title, kept=INLINE)
    # rich pads cells, and cuts white space at their end where characters are more than columns: nobody sees either.
    found = [[part[1:].rstrip() for part in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert [row[:2] for row in found] == [[visible(text, kept="").rstrip() for text in row[:2]] for row in rows]
    assert [row[2].strip() for row in found] == [f"{row[2]:,}" for row in rows]
    assert "name [b]" in lines[1]


@FEW
@given(st.tuples(CELL, CELL), st.integers(12, 90))
def test_a_table_on_a_terminal_is_folded_without_losing_a_character(row: tuple[str, str], width: int) -> None:
    both = ["name", "text"]
    out, _ = printed(lambda: output.print_table("t", both, [row], first=both), terminal=True, width=width)
    cells = ["", ""]
    for line in out.split("\n"):
        if line.startswith("│"):
            parts = line.split("│")[1:-1]
            cells = [cell + part for cell, part in zip(cells, parts, strict=True)]
    assert ["".join(cell.split()) for cell in cells] == ["".join(visible(text, kept="").split()) for text in row]


WIDE_ROW = ("2026-11-30 06:42:35", "rust/crate-a-name-of-thirty-six-letters", "published", 1_234_567, "x" * 90, None)
HEADINGS = ["at", "partition", "result", "documents", "error", "empty"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_gets_the_columns_that_fit_in_whole_words_and_the_names_of_the_others(width: int) -> None:
    out, said = printed(
        lambda: output.print_table("t", HEADINGS, [WIDE_ROW], first=["partition", "result"], wide=False),
        terminal=True,
        width=width,
    )
    assert max(map(cell_len, out.splitlines())) <= width
    _, _, heading, _, row, *_ = out.splitlines()
    shown = [word.strip() for word in heading.split("┃")[1:-1]]
    left_out = [name for name in HEADINGS[:-1] if name not in shown]
    assert {"partition", "result"} <= {*shown} <= {*HEADINGS[:-1]} and WIDE_ROW[1] in row
    assert said == (f"more columns with --wide: {', '.join(left_out)}\n" if left_out else "")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_wide_table_has_all_columns_on_one_line_however_narrow_the_terminal_is(terminal: bool) -> None:
    out, said = printed(
        lambda: output.print_table("t", HEADINGS, [WIDE_ROW], first=["result"], wide=True), terminal=terminal, width=60
    )
    heading = re.sub(r"\x1b\[\d*m", "", out).splitlines()[2]
    assert [word.strip() for word in heading.split("┃")[1:-1]] == HEADINGS and said == ""


def test_what_went_wrong_is_printed_below_a_table_that_has_no_space_for_it() -> None:
    columns = {"first": ["partition", "result", "documents"], "below": "error"}
    out, said = printed(lambda: output.print_table("t", HEADINGS, [WIDE_ROW], **columns), terminal=True, width=80)
    assert f"{WIDE_ROW[1]} published 1,234,567: {'x' * 90}" in out and "error" not in said


@FEW
@given(CELL)
@example("\u200b")
@example("\u200b  ")
def test_a_live_display_shows_names_as_they_are(name: str) -> None:
    stream = Terminal()
    Console(file=stream, width=2_000, color_system=None).print(output.build_grid([(name, ("all", "bold"))]))
    shown = visible(name, kept="")
    # A name of characters without a width has a column without one; blanks after them have one.
    assert stream.getvalue().split("all")[0].rstrip() == (shown.rstrip() if cell_len(shown) else "")


PROGRAM = r"""
from doc_assets.cli.output import print_error, print_line, print_note, print_table
text = "\\ [bold]89:ab:cd :smile: \x1b[31m\x9b2J\x07 \udcff " + "x" * 90 + "\\"
print_line((text, "bold"))
print_note(text)
print_error(text)
print_table(text, ["a"], [["[b]\x1b]0;t\x07"]])
"""


COLOUR = re.compile("\x1b\\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38)(?:;[0-9]+)*m")


def shown_by_a_real_terminal(**variables: str) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "PYTHONPATH": str(ROOT), **variables}
    subprocess.run([sys.executable, "-c", PROGRAM], stdout=theirs, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the other end is closed and all is read
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return said.decode()


def test_a_real_terminal_gets_styles_and_no_other_escape_sequence() -> None:
    sent = shown_by_a_real_terminal()
    assert re.search("\x1b\\[1m", sent) and COLOUR.search(sent)
    shown = re.sub("\x1b\\[[0-9;]*m", "", sent).replace("\r\n", "\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    text = "\\ [bold]89:ab:cd :smile: ␛[31m<U+009B>2J␇ <U+DCFF> " + "x" * 90 + "\\"
    assert [line for line in shown.split("\n") if "smile" in line] == [text, text, f"error: {text}", text]
    assert "│ [b]␛]0;t␇ │" in shown


def test_a_terminal_without_colours_gets_none() -> None:
    assert not COLOUR.search(shown_by_a_real_terminal(NO_COLOR="1"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_letters_that_the_terminal_lacks_are_escaped_and_json_stays_exact(encoding: str) -> None:
    program = (
        "import sys; sys.stdout.reconfigure(errors='backslashreplace')\n"
        "from doc_assets.cli.output import print_json, print_line\n"
        "print_line('漢'); print_json('漢\U0001f600')"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    line, value = done.stdout.decode(encoding).splitlines()
    assert line == "\\u6f22" and json.loads(value) == "漢\U0001f600"


@pytest.fixture
def closed() -> Iterator[int]:
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("action", ["print_exactly('x\\n')", "print_table('x', ['a'], [['b']])"])
def test_a_reader_that_closes_stdout_ends_the_command_without_a_traceback(closed: int, action: str) -> None:
    program = (
        f"from doc_assets.cli import app, main; from doc_assets.cli.output import *\n"
        f"app.app.command('x')(lambda: {action}); main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, "x"]
    done = subprocess.run(command, env=environment, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_reader_that_closes_stderr_does_not_end_the_work(closed: int) -> None:
    program = (
        "from doc_assets.cli.output import *\nprint_note('lost'); print_error('lost'); print_note('lost')\n"
        "print_line('done')"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=closed, check=False)
    assert (done.returncode, done.stdout) == (0, b"done\n")


@settings(max_examples=25)
@given(TEXT.filter(lambda text: text and not text.startswith("-") and "\0" not in text))
def test_a_wrong_argument_is_named_on_one_line_however_long_it_is(text: str) -> None:
    done = CliRunner().invoke(app, ["search", "x", "--where", text.replace("=", "")])
    assert done.exit_code == 2
    assert f"error: Invalid value for --where: {text.replace('=', '')!r} is not FIELD=VALUE" in done.stderr


def commands(group: TyperGroup, *path: str) -> list[tuple[str, ...]]:
    """The words of every command below a group."""
    found = [path]
    for name, command in group.commands.items():
        found += commands(command, *path, name) if isinstance(command, TyperGroup) else [(*path, name)]
    return found


def test_help_shows_every_word_of_every_option() -> None:
    tree = get_command(app)
    assert isinstance(tree, TyperGroup)
    for words in commands(tree):
        command = tree
        for word in words:
            assert isinstance(command, TyperGroup)
            command = command.commands[word]
        done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "1000", "TERMINAL_WIDTH": "1000"})
        shown = " ".join(re.sub("[│╭╮╰╯─]", " ", done.stdout).split())
        for told in [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]:
            assert " ".join((told or "").split()) in shown, words


def test_commands_print_through_one_module() -> None:
    """No other module of the command line writes to a stream, or hands text to rich to interpret."""
    allowed = {("rich.live", "Live"), ("rich.console", "Group"), ("rich.console", "RenderableType")}
    for path in sorted((ROOT / "doc_assets" / "cli").glob("*.py")):
        if path.name == "output.py":
            continue
        tree = ast.parse(path.read_text())
        imported = {
            (node.module or "", name.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        assert {pair for pair in imported if pair[0].split(".")[0] == "rich"} <= allowed, path.name
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & {"print", "typer.secho", "results.print", "sys.stdout.write"}, path.name
        assert "typer.echo" not in calls or path.name == "app.py", path.name  # the version
