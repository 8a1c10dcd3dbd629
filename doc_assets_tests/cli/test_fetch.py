"""``doc-assets fetch`` and ``resolve`` print what the service answers."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel


@pytest.fixture
def run(store, database_url, monkeypatch, tmp_path):
    facts = {"product": "cilium", "version": "1.15.0"}
    page = guide("Installing", {"": "Fetch the archive.", "On Linux": "Run it as root."}, **facts)
    Library(store, WordModel()).publish("net/cilium", {"install.md": page})
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "none.yaml"))
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_a_document_is_printed_as_markdown_or_json_and_a_name_as_its_sources(run):
    text = run("fetch", "net/cilium/install.md").stdout
    assert text.startswith("# Installing\n\n> ")
    assert "\n\nFetch the archive.\n\n## On Linux\n\nRun it as root.\n" in text
    assert json.loads(run("fetch", "net/cilium/install.md", "--json").stdout)["version"] == "1.15.0"
    assert run("fetch", "net/cilium/nothing.md").exit_code == 2
    assert "net/cilium" in run("resolve", "celium 1.15").stdout
    unknown = run("resolve", "postgres")
    assert (unknown.exit_code, unknown.stdout) == (0, "")
    assert json.loads(run("resolve", "celium 1.15", "--json").stdout)["sources"][0]["asked"] == ["1.15.0"]
