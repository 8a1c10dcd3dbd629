"""A page and what it includes are loaded as one: a change in either is seen, and neither leaves the source."""

import json

import pytest

from doc_assets.ingest.planning import Planner
from doc_assets.store.history import history
from doc_assets.store.snapshots.missing_includes import lacking_in, lacking_live
from doc_assets.store.versions import listing
from doc_assets.store.versions.details import describe
from doc_assets_tests.support.git_upstream import pointer_to
from doc_assets_tests.support.loading import SmallSource, guide, load, loader_for, settings_for

PAGE = "# Running\n\nHow the program starts.\n\n```rust\n{{#include ../listings/main.rs}}\n```\n"


@pytest.fixture
def source(tmp_path):
    source = SmallSource(tmp_path / "source")
    source.catalogue_path.write_text(
        source.catalogue_path.read_text() + "        include: ['src/**/*.md']\n        exclude: ['**/SUMMARY.md']\n"
    )
    source.write("book.toml", '[book]\ntitle = "Manual"\n')
    source.write("src/SUMMARY.md", "# Summary\n\n- [Running](run.md)\n- [Other](other.md)\n")
    source.write("src/run.md", PAGE)
    source.write("src/other.md", "# Other\n\nA page without any listing.\n")
    source.write("listings/main.rs", "fn main() { first_version() }\n")
    return source


@pytest.fixture
def loader(tmp_path, store):
    return loader_for(settings_for(tmp_path, store), store)[0]


def text_of(store, path: str) -> str:
    with store.connect() as connection:
        row = connection.execute(
            "SELECT o.text FROM live_document l JOIN document o ON o.id = l.document_id WHERE l.path = %s", (path,)
        ).fetchone()
    return row[0]


def test_an_edited_include_loads_the_page_again_and_only_that(source, loader, store):
    load(loader, store, source)
    assert "first_version" in text_of(store, "src/run.md")
    assert loader.survey(source.partition, source.catalogue).unchanged is not None
    source.write("listings/main.rs", "fn main() { second_version() }\n")
    assert loader.survey(source.partition, source.catalogue).unchanged is None
    result = load(loader, store, source)
    assert "second_version" in text_of(store, "src/run.md")
    assert (result.loaded, result.embedded) == (2, 1)


def test_an_incremental_load_and_a_fresh_one_agree_whatever_was_included_before(source, loader, store):
    load(loader, store, source)
    source.write("listings/main.rs", "fn main() { second_version() }\n")
    (source.root / "book.toml").unlink()
    incremental = load(loader, store, source)
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    assert load(loader, store, source).digest == incremental.digest


def test_a_page_whose_include_appears_later_is_loaded_again(source, loader, store):
    (source.root / "listings" / "main.rs").unlink()
    load(loader, store, source)
    assert "first_version" not in text_of(store, "src/run.md")
    source.write("listings/main.rs", "fn main() { first_version() }\n")
    load(loader, store, source)
    assert "first_version" in text_of(store, "src/run.md")


def test_equal_pages_that_include_different_files_are_both_loaded(source, loader, store):
    source.write("src/deep/run.md", PAGE)
    source.write("src/listings/main.rs", "fn main() { deep_version() }\n")
    load(loader, store, source)
    assert "deep_version" in text_of(store, "src/deep/run.md")
    assert "first_version" in text_of(store, "src/run.md")
    assert {row.outcome for row in listing.manifest(store, source.partition.name)} == {"loaded"}


def test_a_page_whose_include_became_a_pointer_is_rejected_instead_of_losing_it(source, loader, store):
    source.write("src/whole.md", "{{#include ../listings/main.rs}}\n")
    for i in range(9):
        source.write(f"src/guide-{i}.md", guide(i))
    load(loader, store, source)
    source.write("listings/main.rs", pointer_to(b"fn main() { second_version() }"))
    result = load(loader, store, source)
    assert (result.loaded, result.rejected, result.pointers) == (10, 2, 2)
    rows = [row for row in listing.manifest(store, source.partition.name) if row.outcome == "rejected"]
    assert [row.path for row in rows] == ["src/run.md", "src/whole.md"]
    assert {str(row.reason)[:44] for row in rows} == {"it includes listings/main.rs, a Git LFS poin"}


def test_navigation_that_appears_or_changes_embeds_only_what_it_says_otherwise(source, loader, store):
    (source.root / "src" / "SUMMARY.md").unlink()
    load(loader, store, source)
    source.write("mkdocs.yml", "docs_dir: src\nnav:\n- Guide: [run.md]\n- other.md\n")
    assert (appeared := load(loader, store, source)).loaded == 2 and appeared.embedded == 1
    with store.connect() as connection:
        rows = connection.execute("SELECT DISTINCT breadcrumb FROM live_chunk ORDER BY 1").fetchall()
    assert rows == [("Guide > Running",), ("Other",)]
    source.write("mkdocs.yml", "docs_dir: src\ntheme: material\nnav:\n- Guide: [run.md]\n- other.md\n")
    assert load(loader, store, source).embedded == 0


def test_what_pages_lack_is_summed_warned_of_and_recorded(source, loader, store):
    source.write("src/other.md", "# Other\n\n{{#include ../listings/a.rs}}\n\nText.\n\n{{#include b.rs}}\n")
    source.write("src/run.md", PAGE.replace("main.rs", "absent.rs"))
    first = "first ../listings/a.rs in src/other.md"
    sentence = f"2 documents lack 3 includes, {first}: `subfolders` in the catalogue may leave them out"
    planned = Planner(loader).plan(loader.survey(source.partition, source.catalogue)).result
    loaded = load(loader, store, source)
    unchanged = loader.survey(source.partition, source.catalogue).unchanged
    for result in (planned, loaded, unchanged):
        assert (result.includes_missing, result.warnings) == (3, (sentence,)), result.result
    (event,) = history.history(store, limit=1)
    assert (event.counts["includes_missing"], event.counts["warnings"]) == (3, [sentence])
    rows = listing.manifest(store, source.partition.name)
    assert [(row.path, row.includes_missing, row.first_include_missing) for row in rows] == [
        ("src/other.md", 2, "../listings/a.rs"),
        ("src/run.md", 1, "../listings/absent.rs"),
    ]
    contents = describe(store, source.partition.name).contents
    assert contents is not None and str(contents.lacking) == sentence
    with store.connect() as connection:
        assert [(name, str(found)) for name, found in lacking_live(connection)] == [(source.partition.name, sentence)]


def test_pages_that_lack_nothing_and_pages_of_older_programs_are_not_warned_of(source, loader, store):
    result = load(loader, store, source)
    assert (result.includes_missing, result.warnings) == (0, ())
    assert result.snapshot is not None
    with store.connect() as connection:
        connection.execute(
            "UPDATE document SET metadata_json = '{\"includes_missing\": \"many\"}' WHERE title = 'Running'"
        )
        connection.execute("UPDATE document SET metadata_json = '{\"includes_missing\": 1}' WHERE title = 'Other'")
        assert str(lacking_in(connection, result.snapshot)).startswith("1 document lacks 1 include: `subfolders`")


def test_the_text_of_a_notebook_is_loaded_while_the_source_leaves_the_notebook_out(source, loader, store):
    source.write("src/tour.md", "---\njupytext:\n  formats: ipynb,md:myst\n---\n\n# Tour\n\nText.\n")
    source.write(
        "src/tour.ipynb",
        json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "# Tour\n\nText."}]}),
    )
    load(loader, store, source)
    assert text_of(store, "src/tour.md") == "Text."
    source.catalogue_path.write_text(source.catalogue_path.read_text().replace("'src/**/*.md'", "'src/**'"))
    load(loader, store, source)
    rows = {row.path: (row.outcome, row.reason) for row in listing.manifest(store, source.partition.name)}
    assert rows["src/tour.ipynb"] == ("loaded", None)
    assert rows["src/tour.md"] == ("skipped", "the text of the notebook src/tour.ipynb, which is read with its outputs")
