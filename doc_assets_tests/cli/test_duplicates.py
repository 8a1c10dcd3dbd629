"""``doc-assets duplicates`` lists pairs, and ``search`` tells where else a result stands."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner, Result

from doc_assets.cli.app import app
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.near_duplicates import article


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def test_the_command_line_lists_pairs_and_tells_where_else_a_passage_stands(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish("ebpf/rst", {"maps.rst": article("Maps")})
    library.publish("rust/html", {f"{i}/maps.html": article("Maps", 1) for i in range(5)})
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", library.store.url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    rows = json.loads(run("duplicates", "--partition", "ebpf/rst", "--json").stdout)
    assert [(row["one"], row["other"], row["same"]) for row in rows] == [
        ("ebpf/rst/maps.rst", "rust/html/0/maps.html", False)
    ]
    assert len(json.loads(run("duplicates", "--type", "rust", "--json").stdout)) == 5
    assert json.loads(run("duplicates", "--type", "ebpf", "--threshold", "1", "--json").stdout) == []
    assert "ebpf/rst/maps.rst" in run("duplicates").stdout
    wrong = run("duplicates", "--type", "nothing")
    assert wrong.exit_code == 2
    shown = run("search", "gadgets", "--mode", "text").stdout
    assert re.search(r"also in \S+", shown)
    assert "and in 2 more places" in shown
    (told,) = json.loads(run("search", "gadgets", "--mode", "text", "--json").stdout)
    assert len(told["also_in"]) == 5
    assert {*told["also_in"][0]} == {"doc_type", "source", "path", "url", "similarity", "document"}
