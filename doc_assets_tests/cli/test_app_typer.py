"""What the command tree leans on in Typer without a public name."""

from __future__ import annotations

import typer

from doc_assets.cli.app import UsageError


def test_misuse_is_the_base_of_all_wrong_options_and_arguments() -> None:
    moved = (
        f"Typer {typer.__version__} derives BadParameter from {UsageError.__name__}: find the error of all misuse anew"
    )
    assert UsageError.__name__ == "UsageError", moved
    assert UsageError("told").format_message() == "told", moved
    assert hasattr(UsageError("told"), "ctx"), moved
