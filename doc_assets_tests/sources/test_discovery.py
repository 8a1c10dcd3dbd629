"""Which of a source's files with equal bytes are parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import DirectorySource, Partition
from doc_assets.sources.discovery import Discovery
from doc_assets.sources.walk import walk


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("Words.\n", 1),
        ("{{#include x.rs}}\n", 2),
        (".. include:: x.rst\n", 2),
        ("= A\n\ninclude::x.adoc[]\n", 2),
        ("ifdef::a[include::x.adoc[]]\n", 2),
        (".so man3/x.3\n", 2),
        ("---\noutput: github_document\n---\n\nWords.\n", 2),
        ('```{r, file="x.R"}\n```\n', 2),
        ("#'   jupytext:\n", 2),
        ("--   jupytext:\n", 2),
    ],
)
def test_equal_files_are_parsed_once_unless_others_beside_them_count(tmp_path: Path, text: str, parsed: int) -> None:
    assert parsed_of(tmp_path, "page.md", text) == parsed


@pytest.mark.parametrize(("text", "parsed"), [("= A\n\nOf {page-version}.\n", 2), ("= A\n\nWords.\n", 1)])
def test_equal_pages_of_asciidoc_may_show_attributes_of_their_components(
    tmp_path: Path, text: str, parsed: int
) -> None:
    assert parsed_of(tmp_path, "page.adoc", text) == parsed


def parsed_of(tmp_path: Path, name: str, text: str) -> int:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    source = DirectorySource(kind="directory", name="source", location=str(tmp_path))
    listed = tuple(walk(tmp_path, Partition("type", "source", source)))
    return len(Discovery("", tmp_path, listed, 1_000).to_load({}).canonical)
