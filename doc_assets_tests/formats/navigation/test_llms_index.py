"""The pages of an llms.txt: as the proposal has it, and as sites write it."""

from __future__ import annotations

import pytest

from doc_assets.formats.navigation.llms_index import is_page_of_html, listed_pages

PROPOSED = """# Harbour

> The handbook.

Some words, and [a link](https://example.org/in-prose.md).

## Docs

- [Start](https://example.org/start.md): notes with [another](https://example.org/another.md)

## Guides

- [The `berth` command](https://example.org/berth.md)

## Optional

- [News](https://example.org/news.md)
"""


def test_the_proposal_is_read_with_chapters_as_titles_above() -> None:
    assert [(p.target.rpartition("/")[2], p.title, p.parents, p.optional) for p in listed_pages(PROPOSED)] == [
        ("in-prose.md", "a link", ("Harbour",), False),
        ("start.md", "Start", ("Harbour",), False),  # "Docs" says nothing of its pages
        ("another.md", "another", ("Harbour",), False),
        ("berth.md", "The berth command", ("Harbour", "Guides"), False),
        ("news.md", "News", ("Harbour",), True),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# One\n- [a](a.md)\n# Two\n- [b](b.md)", [("a.md", ("One",)), ("b.md", ("Two",))]),
        ("## A\n### B\n* [a](a.md)\n## C\n+ [b](b.md)", [("a.md", ("A", "B")), ("b.md", ("C",))]),
        (
            "- Part:\n  - [a](a.md)\n    1. [b](b.md)\n- [c](c.md)",
            [("a.md", ("Part",)), ("b.md", ("Part", "x")), ("c.md", ())],
        ),
        ("## [x](x.md)\n- [a](a.md)", [("x.md", ()), ("a.md", ("x",))]),
        ('- [a](a_(b).md "title")\n- [c](<d.md>)', [("a_(b).md", ()), ("d.md", ())]),
        ("- <https://e.org/a.md>\n- https://e.org/b.md.", [("https://e.org/a.md", ()), ("https://e.org/b.md", ())]),
        ("- ![a](a.png)\n```\n- [b](b.md)\n```\n- [c](c.md)", [("c.md", ())]),
        ("## A\r\n- [a](a.md)\r\n", [("a.md", ("A",))]),
        ("- [**a\n  b**](a.md)\n  : words\n", [("a.md", ())]),
        ("Words [a\nb](a.md)\n\n- x\n\n  [c](c.md)", [("a.md", ()), ("c.md", ("x",))]),
        ("- [a] (a.md)\n- [](b.md)\n- [c](", [("b.md", ())]),
    ],
)
def test_deviations_are_read(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    pages = [(page.target, page.parents) for page in listed_pages(text)]
    assert pages == [
        (target, tuple("a" if one == "x" and target == "b.md" else one for one in above)) for target, above in found
    ]


def test_a_bare_address_is_named_by_the_words_before_it_and_a_picture_names_nothing() -> None:
    text = "- Start: https://e.org/a\n- \u5f00\uff1ahttps://e.org/b\n- See <https://e.org/c>\n- [![x](x.png)](d.md)\n"
    assert [page.title for page in listed_pages(text)] == ["Start", "\u5f00", "", ""]


@pytest.mark.parametrize(
    ("text", "is_html"),
    [("<!DOCTYPE html><html>", True), ("\n<html lang=en>", True), ("<!-- x -->\n<html>", True), ("# <html>", False),
     ("<div>\n\n# A", False), ("", False)],
)  # fmt: skip
def test_a_page_of_html_is_known_by_its_beginning(text: str, is_html: bool) -> None:
    assert is_page_of_html(text) is is_html
