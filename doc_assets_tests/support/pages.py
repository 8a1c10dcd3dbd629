"""The pages of the documentation, as the tests of them read them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.main import get_command

from doc_assets.cli.app import app
from doc_assets_tests.support import ROOT

# Pages of our own; the others are documents to load, or inputs for the fuzz harness.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "k8s/*.md", "fuzz/*.md", "skills/*/*.md", "examples/plugins/*/README.md")
    for path in ROOT.glob(pattern)
)


@functools.cache
def tokens(page: str) -> list[Token]:
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8")):
        found += [token, *(token.children or ())]
    return found


def spans(page: str) -> Iterator[str]:
    return (token.content for token in tokens(page) if token.type == "code_inline")


def listings(page: str) -> Iterator[tuple[str, str]]:
    """Language and text of each listing."""
    return ((token.info, token.content) for token in _blocks(page) if token.type in ("fence", "code_block"))


@functools.cache
def _blocks(page: str) -> list[Token]:
    """Without what is in the lines: a third of the time, where the tests of listings are only named."""
    return MarkdownIt("commonmark").disable("inline").parse((ROOT / page).read_text(encoding="utf-8"))


@functools.cache
def commands() -> Any:
    return cast(Any, get_command(app))


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words after ``doc-assets`` name, and the words after its name."""
    command = commands()
    while words and words[0] in (below := getattr(command, "commands", {})):
        command, words = below[words[0]], words[1:]
    return command, words
