"""``doc-assets snapshots``, ``show``, ``manifest`` and ``search --as-of`` print what the functions give."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.store.versions import listing
from doc_assets_tests.support.library import Library, WordModel, change_everything, now, publish_pages


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


@pytest.fixture
def pages(library: Library) -> Library:
    """Two partitions whose pages share words, live."""
    publish_pages(library)
    return library


@pytest.fixture
def run(database_url, monkeypatch) -> Callable[..., str]:
    """Runs ``doc-assets`` on the store of the test; gives what it printed."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)

    def command(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, done.exception
        return done.stdout

    return command


def test_the_commands_print_what_the_functions_give(pages: Library, run):
    then = now(pages.store)
    change_everything(pages)
    old, new = (row.id for row in reversed(listing.snapshots(pages.store, "rust/std", limit=2)))
    found = json.loads(run("search", "lock", "--mode", "text", "--as-of", then.isoformat(), "--json"))
    assert [p["path"] for p in found] == [
        p.path for p in search(pages.store, pages.model, "lock", mode="text", as_of=then)
    ]
    assert json.loads(run("search", "lock", "--mode", "text", "--as-of", str(old), "-t", "rust", "--json"))
    rows = json.loads(run("snapshots", "rust/std", "--status", "published", "--limit", "2", "--json"))
    assert [(row["id"], row["published"]) for row in rows] == [(new, True), (old, False)]
    assert rows[1]["periods"][0]["until"] == rows[0]["periods"][0]["since"]
    assert {"partition", "digest", "revision", "run_id", "created_at", "documents", "chunks"} <= set(rows[0])
    told = json.loads(run("show", "rust/std", "--json"))
    assert (told["id"], told["parent"], told["proof"]["digest"], told["changes"]["snapshot"]) == (new, old, True, old)
    assert json.loads(run("show", str(old), "--json"))["published"] is False
    listed = json.loads(run("manifest", "rust/std", "--as-of", str(old), "--outcome", "loaded", "--json"))
    assert [row["path"] for row in listed] == ["channel.md", "mutex.md", "old.md"]
    for printed in (run("show", "rust/std"), run("snapshots", "-t", "rust", "-n", "1")):
        assert "rust/std" in printed and "to now" in printed
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET outcome = 'skipped', reason = 'x' WHERE path = 'new.md'")
    assert "BROKEN" in run("show", "rust/std", code=1)


def test_documents_that_lack_includes_are_told_of_by_manifest_show_and_status(pages: Library, run):
    with pages.store.connect() as connection:
        connection.execute(
            'UPDATE document SET metadata_json = \'{"includes_missing": 3, "first_include_missing": "../a.rs"}\''
            " WHERE id = (SELECT document_id FROM live_document WHERE path = 'mutex.md')"
        )
    lacking = "1 document lacks 3 includes, first ../a.rs in mutex.md"
    sentence = f"{lacking}: `subfolders` in the catalogue may leave them out"
    assert "lacks 3 of its includes, first ../a.rs" in run("manifest", "rust/std")
    lacking = {row["path"]: row.get("includes_missing") for row in json.loads(run("manifest", "rust/std", "--json"))}
    assert lacking["mutex.md"] == 3 and set(lacking.values()) == {3, None}
    assert sentence in run("show", "rust/std")
    assert json.loads(run("show", "rust/std", "--json"))["contents"]["lacking"]["includes"] == 3
    assert json.loads(run("status", "--json"))["warnings"] == [f"rust/std: {sentence}"]
