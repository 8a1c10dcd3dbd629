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
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.md").write_text(text)
    source = DirectorySource(kind="directory", name="source", location=str(tmp_path))
    listed = tuple(walk(tmp_path, Partition("type", "source", source)))
    assert len(Discovery("", tmp_path, listed, 1_000).to_load({}).canonical) == parsed
