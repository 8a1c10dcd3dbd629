"""The head of a document: title, author, revision, and the facts that become metadata."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.asciidoc_pages import read, texts


def test_the_head_is_no_text_and_its_facts_are_metadata() -> None:
    document = read(
        "// a comment\n:early: 1\n= The Pump\nAnn B. Lee <ann@a.example>; Bo_Bo Ko\nv2.1, 2024-05-01: Spring\n"
        ":description: All about\n:keywords: a, b\n:page-aliases: old.adoc\n:_content-type: CONCEPT\n:toc:\n\n"
        "{author}, {revnumber}, {doctitle}, {early}\n"
    )
    assert document.title == "The Pump"
    assert document.metadata == {
        "author": "Ann B. Lee, Bo Bo Ko", "revision": "2.1", "date": "2024-05-01", "revision_remark": "Spring",
        "description": "All about", "keywords": "a, b", "page-aliases": "old.adoc", "type": "CONCEPT",
    }  # fmt: skip
    assert [block.text for block in document.sections[0].blocks] == ["Ann B. Lee, 2.1, The Pump, 1"]


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ("Ann Lee\n2024-05-01", {"author": "Ann Lee", "date": "2024-05-01"}),
        ("Ann Lee\nv3", {"author": "Ann Lee", "revision": "3"}),
        ("Ann Lee\n1.0, May 2024", {"author": "Ann Lee", "revision": "1.0", "date": "May 2024"}),
        (":author: Ann Lee\n:revnumber: 4", {"author": "Ann Lee", "revision": "4"}),
    ],
)
def test_authors_and_revisions_are_read(lines: str, facts: dict[str, str]) -> None:
    assert read(f"= T\n{lines}\n\ntext").metadata == facts


def test_a_document_without_a_title_is_named_by_its_attribute_or_first_heading_or_file() -> None:
    assert read(":title: Stated\n\ntext").title == "Stated"
    assert read("== Only heading\n\ntext").title == "Only heading"
    assert read("text", path="docs/pump-room.adoc").title == "Pump room"


def test_front_matter_of_a_site_is_no_text() -> None:
    document = read("---\ntitle: Front\ndate: 2024-05-01\n---\n\ntext\n")
    assert (document.title, document.metadata["date"]) == ("Front", "2024-05-01")
    assert texts("---\nlayout: x\n---\n= T\n\na") == ["a"]


def test_what_is_no_author_stays_text() -> None:
    assert texts("= T\n\nAnn Lee") == ["Ann Lee"]
    assert texts("= T\n* item") == ["- item"]
