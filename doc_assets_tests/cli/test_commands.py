"""The table of commands says what the commands say of themselves."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from doc_assets.cli.app import app
from doc_assets.cli.commands import COMMANDS


def test_the_help_lists_each_command_with_the_first_sentence_of_its_own_help() -> None:
    tree: Any = get_command(app)
    own = {name: " ".join((tree.commands[name].help or "").split("\n\n")[0].split()) for name in COMMANDS}
    assert own == {name: place.summary for name, place in COMMANDS.items()}
