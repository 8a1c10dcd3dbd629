"""``doc-assets catalogue``: what it writes for editors."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doc_assets.cli import catalogue
from doc_assets.cli.app import app
from doc_assets.sources.upstream_check import UpstreamCheck
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


def test_what_the_upstreams_told_and_did_not_tell_is_printed_and_is_json(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "c.yaml").write_text(
        "types:\n  rust:\n    sources:\n      - {name: a, kind: directory, location: documents}\n"
    )
    told = UpstreamCheck("rust/a", "f" * 40, date(2019, 11, 2), archived=True, files=3, faults=("it is archived",))
    monkeypatch.setattr(catalogue, "check_upstreams", lambda *_: ([told], ("not known whether archived: b",)))
    asked = ["catalogue", "check", "--online", "--catalogue", "c.yaml"]
    printed = CliRunner().invoke(app, asked)
    assert printed.exit_code == 1
    assert "2019-11-02" in printed.stdout and "not known whether archived: b" in printed.stderr
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (found["upstreams"][0]["committed"], found["upstreams"][0]["archived"]) == ("2019-11-02", True)
    assert (found["not_told"], found["problems"]) == (["not known whether archived: b"], ["rust/a: it is archived"])
