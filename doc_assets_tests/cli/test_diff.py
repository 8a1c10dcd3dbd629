"""``doc-assets diff`` prints a line for each document that differs, and the sums."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel, page

PARTITION = "rust/std"


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def long_page(title: str, *words: str) -> StoredDocument:
    return page(title, *(f"passage about {word}" for word in words))


def test_the_command_prints_a_line_for_each_document_and_the_sums(library: Library, database_url, monkeypatch):
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["diff", PARTITION, *arguments])
        assert done.exit_code == 0, done.exception
        return done.stdout

    unreadable = FileRecord("x.md", 1, b"\1" * 32, "rejected", "no [text]")
    moved = long_page("Moved", "b")
    for files in (
        {"a[1].md": long_page("A", "one", "two"), "old.md": moved, "x.md": long_page("X", "x")},
        {"a[1].md": long_page("A", "one", "three"), "new.md": moved, "x.md": unreadable},
    ):
        library.publish(PARTITION, files)
    lines = run().splitlines()
    assert [line.split("|")[0].split() for line in lines[1:4]] == [
        ["M", "a[1].md"],
        ["R", "old.md", "→", "new.md"],
        ["D", "x.md"],
    ]
    assert lines[1].endswith("+1     -1 +-") and lines[4].strip() == "! x.md  loaded → rejected: no [text]"
    assert "1 changed, 1 removed, 1 moved, 1 with another outcome, 0 unchanged" in lines[5].replace("\n", "")
    assert "1 added(+), 2 removed(-), 2 kept" in lines[5]
    assert run("--name-only").split() == ["a[1].md", "new.md", "x.md"]
    told = json.loads(run("--json"))
    assert told["summary"]["moved"] == 1 and told["documents"][1]["origin"] == "old.md"
    assert told["before"]["documents"] == 3 and told["outcomes"][0]["reason"] == "no [text]"
    assert "+passage about three" in run("--patch", "a[1].md").splitlines()
    assert "nothing differs in 2 documents" in run("live", "live")
