"""``doc-assets catalogue``: what it writes for editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets_tests.support.catalogue_files import documents


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return documents(tmp_path, {"documents/rust/book/a.md": 1})


def test_a_catalogue_that_is_written_names_the_schema_that_is_written_beside_it(folder: Path):
    made = ["catalogue", "init", "documents", "-o", "mine.yaml"]
    assert CliRunner().invoke(app, made).exit_code == 0
    first = (folder / "mine.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=mine.schema.json"
    written = (folder / "mine.schema.json").read_text()
    assert written == CliRunner().invoke(app, ["catalogue", "schema"]).stdout
    assert "markdown" in json.loads(written)["definitions"]["Format"]["enum"]
    (folder / "mine.yaml").unlink()
    assert CliRunner().invoke(app, made).exit_code == 0, "an earlier schema is replaced"


def test_a_file_that_is_no_schema_of_ours_is_kept(folder: Path):
    (folder / "mine.schema.json").write_text('{"title": "of another"}')
    refused = CliRunner().invoke(app, ["catalogue", "schema", "-o", "mine.schema.json"])
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    made = CliRunner().invoke(app, ["catalogue", "init", "documents", "-o", "mine.yaml"])
    assert (made.exit_code, (folder / "mine.yaml").exists()) == (2, False)
    assert "of another" in (folder / "mine.schema.json").read_text()
    assert CliRunner().invoke(app, ["catalogue", "schema", "-o", "mine.schema.json", "--force"]).exit_code == 0
