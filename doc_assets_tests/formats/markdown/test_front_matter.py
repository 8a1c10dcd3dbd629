"""Heads without fences: MultiMarkdown's and Pandoc's; prose that looks like one."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.registry import parse

HEAD = """\
Title:   My document
Summary: A description
    over two lines.
Authors: Waylan Limberg
         John Doe
Date: 2007-10-02
blank-value:
base_url: http://example.com

First words.
"""


def test_a_head_of_multimarkdown_gives_title_and_facts() -> None:
    document = parse(RawFile("a/page.md", HEAD.encode()))[0]
    assert document.title == "My document"
    assert document.metadata["summary"] == "A description over two lines."
    assert document.metadata["authors"] == "Waylan Limberg John Doe"
    assert document.metadata["date"] == "2007-10-02"
    assert document.metadata["base_url"] == "http://example.com"
    assert [b.text for s in document.sections for b in s.blocks] == ["First words."]


@pytest.mark.parametrize(
    ("head", "facts"),
    [
        ("Title: One line\n\n", {"title": "One line"}),
        ("title : Spaced\nBase Header Level: 2  \n\n", {"title": "Spaced", "baseheaderlevel": "2"}),
        ("Author: A\nDate: 2020-01-02\n\n", {"author": "A", "date": "2020-01-02"}),
        ("PEP: 8\nTitle: Style: it\nStatus: Final\n\n", {"pep": "8", "title": "Style: it", "status": "Final"}),
        ("% ring-dump(1) Version 2 | Manual\n% A. Author\n% May 2024\n\n",
         {"title": "ring-dump(1) Version 2 | Manual", "author": "A. Author", "date": "May 2024"}),
    ],
)  # fmt: skip
def test_heads_end_at_a_blank_line(head: str, facts: dict[str, str]) -> None:
    assert split_front_matter(f"{head}Text: more.\n") == (
        facts,
        "\nText: more.\n" if head[0] != "%" else "Text: more.\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Note: this page is old.\n\nMore.\n",
        "Warning: do not run it.\nIt deletes all.\n\nMore.\n",
        "Note: a\nWarning: b\n\nMore.\n",
        "Title: x\nand prose that goes on.\n\nMore.\n",
        "http://example.org/a\n\nMore.\n",
        "Date: 2020-01-01\n\nMore.\n",
        "Parameters:\n\n- a: b\n",
        "Version: the number of a release. It is long.\n\nMore.\n",
        "% a comment of MyST\n\nMore.\n",
        "# Title: x\n\nMore.\n",
    ],
)
def test_prose_with_a_colon_is_no_head(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_a_head_without_an_end_is_text() -> None:
    text = "Title: x\n" + "".join(f"key{i}: y\n" for i in range(80))
    assert split_front_matter(text) == ({}, text)
