"""Help and completion of every command."""

from __future__ import annotations

import shlex
from typing import Any, cast

import pytest
from rich.cells import cell_len
from typer.main import get_command
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.cli.commands import COMMANDS
from doc_assets.cli.examples import USAGES

TREE = cast(Any, get_command(app))


def found(words: list[str]) -> tuple[list[str], Any, list[str]]:
    """The command that some words name, and the words after it."""
    command, path = TREE, []
    while words and words[0] in getattr(command, "commands", {}):
        path.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    return path, command, words


def leaves(command: Any, *path: str) -> list[str]:
    """Every command that does something, by the words that name it."""
    below = getattr(command, "commands", {})
    own = [" ".join(path)] if not below or getattr(command, "invoke_without_command", False) else []
    return own + [leaf for name, one in below.items() for leaf in leaves(one, *path, name)]


def test_every_command_has_an_example_and_exit_codes() -> None:
    assert sorted(leaves(TREE)) == sorted(USAGES)


@pytest.mark.parametrize("path", USAGES)
def test_the_help_says_what_happens_with_examples_that_parse_and_exit_codes_in_80_columns(path: str) -> None:
    shown = CliRunner().invoke(app, [*path.split(), "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert max(map(cell_len, shown.splitlines())) <= 80
    told = " ".join(shown.split())
    _, command, _ = found(path.split())
    assert command.help and command.help.split("\n")[0].split(".")[0].strip() in told.replace("\n", " ")
    assert "Exit codes: " in told
    for example in USAGES[path].examples:
        assert f"doc-assets {example}" in told
        words = shlex.split(example.partition(" | ")[0].partition(" > ")[0])
        names, named, rest = found(words)
        assert " ".join(names).startswith(path)
        named.make_context(names[-1], rest)  # raises where it is not understood


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str) -> None:
    def completed(line: str) -> str:
        words = {
            "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)},
            "zsh": {"_TYPER_COMPLETE_ARGS": line},
            "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        }[shell]
        environment = {"_DOC_ASSETS_COMPLETE": f"complete_{shell}", **words}
        return CliRunner().invoke(app, [], env=environment, prog_name="doc-assets").output

    assert all(name in completed("doc-assets ") for name in COMMANDS)
    assert "status" in completed("doc-assets sta") and "migrate" not in completed("doc-assets sta")
    assert "--partition" in completed("doc-assets history --par")
    assert "upgrade" in completed("doc-assets db ")
