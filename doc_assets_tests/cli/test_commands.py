"""The table of commands says what the commands say of themselves, and each imports only what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.cli.commands import ASKING, COMMANDS
from doc_assets.store.database import embedded
from doc_assets.store.database.connection import Store
from doc_assets_tests.support import ROOT

# Runs commands one after the other in one process; after each line of them it says what was imported by then.
_PROGRAM = """
import contextlib, io, json, sys
from doc_assets.cli.app import app
for line in json.loads(sys.argv[1]):
    for words in line:
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
            app(words.split())
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
# What takes long to import, and who needs it first. pydantic is not among it: Typer reads options with it.
_A_DATABASE = {"asyncio", "psutil", "psycopg"}
_VECTORS = {"numpy", "tokenizers"}
_A_CATALOGUE = {"yaml"}
_OTHER_COMMANDS = {
    *("alembic", "dagster", "httpx", "mcp", "multiprocessing", "openvino", "pandas", "sqlalchemy", "starlette"),
    *("structlog", "torch"),
}


def test_the_help_lists_each_command_with_the_first_sentence_of_its_own_help() -> None:
    tree: Any = get_command(app)
    own = {name: " ".join((tree.commands[name].help or "").split("\n\n")[0].split()) for name in COMMANDS}
    assert own == {name: place.summary for name, place in COMMANDS.items()}


def test_a_command_imports_no_more_than_it_needs(store: Store) -> None:
    lines = [
        ["--help", "search --help", "fetch --help", "validate --help"],
        ["history", "diff a/b"],
        ["snapshots", "search x --mode text"],
        ["status"],
    ]
    environment = {**os.environ, "DOC_ASSETS_DATABASE_URL": store.url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _PROGRAM, json.dumps(lines)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=200)
    helped, read, searched, compared = (set(json.loads(line)) for line in done.stdout.splitlines())
    assert helped & (_A_DATABASE | _VECTORS | _A_CATALOGUE | _OTHER_COMMANDS) == set()
    assert read & (_VECTORS | _A_CATALOGUE | _OTHER_COMMANDS) == set()
    assert searched & (_A_CATALOGUE | _OTHER_COMMANDS) == set()
    assert compared & _OTHER_COMMANDS == set()


def test_the_embedded_server_is_started_beside_the_imports_of_what_asks_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(embedded, "start_beside", started.append)
    here = {"DOC_ASSETS_HOME": str(tmp_path), "DOC_ASSETS_DATABASE_URL": None}
    completing = {"_DOC_ASSETS_COMPLETE": "complete_bash", "COMP_WORDS": "doc-assets status --", "COMP_CWORD": "2"}

    def run(*words: str, **more: str) -> list[Path]:
        started.clear()
        CliRunner().invoke(app, words, prog_name="doc-assets", env={**here, **more})
        return started

    assert run("status") == [tmp_path]
    assert run("status", "--help") == run("settings") == run("status", **completing) == []
    assert run("status", DOC_ASSETS_DATABASE_URL="postgresql://nowhere:1/x") == []
    assert {*ASKING} <= {*COMMANDS}
