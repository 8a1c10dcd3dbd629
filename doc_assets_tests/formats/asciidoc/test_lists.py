"""Items, what is attached to them, numbers, terms, tasks and callouts."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.asciidoc_pages import blocks, texts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("* a\nb\n* c", "- a b\n- c"),
        ("- a\n\n- b", "- a\n- b"),
        ("* a\n** b\n*** c\n* d", "- a\n  - b\n    - c\n- d"),
        (". a\n.. b\n.. c\n. d", "1. a\n   a. b\n   b. c\n2. d"),
        ("[start=4]\n. a\n. b", "4. a\n5. b"),
        ("7. a\n8. b", "7. a\n8. b"),
        ("[upperroman]\n. a\n. b", "I. a\nII. b"),
        ("* a\n. b\n. c\n* d", "- a\n  1. b\n  2. c\n- d"),
        ("* [x] a\n* [ ] b\n* [*] c", "- [x] a\n- [ ] b\n- [x] c"),
        ("a:: b\nc:: d", "a: b\nc: d"),
        ("a::\n  b\n\nc::\nd", "a: b\nc: d"),
        ("a::\nb:: c", "a, b: c"),
        ("a:: b\n* c\n* d\n\ne:: f", "a: b\n  - c\n  - d\ne: f"),
        ("a:: b\nc::: d\ne:: f", "a: b\n  c: d\ne: f"),
        ("* a\n+\nb\n\n* c", "- a\n  b\n- c"),
        ("* a\n** b\n\n+\nc\n* d", "- a\n  - b\n  c\n- d"),
        ("* a\n** b\n*** c\n\n\n+\nd\n* e", "- a\n  - b\n    - c\n  d\n- e"),
        ("* a\n// hidden\n* b", "- a\n- b"),
        (". a\n[loweralpha]\n.. b\n. c", "1. a\n   a. b\n2. c"),
        ("* a\nNOTE: b", "- a NOTE: b"),
        ("[qanda]\nWhy?:: So.", "Why?: So."),
        ("* https://a.example[b::c]", "- b::c"),
        ("* [[[k]]] Knuth", "- [k] Knuth"),
    ],
)
def test_a_list_reads_with_its_items_nested(source: str, expected: str) -> None:
    assert blocks(source) == [Block(expected, "list")]


def test_blocks_in_items_keep_their_kind() -> None:
    assert blocks("* a\n+\n----\nb\n\nc\n----\n+\nNOTE: d\n* e") == [
        Block("- a", "list"), Block("b\n\nc", "code"), Block("  Note: d\n- e", "list"),
    ]  # fmt: skip


def test_callouts_are_explained_by_their_numbers() -> None:
    assert blocks("----\na <1>\n----\n<1> one\n<.> two") == [Block("a (1)", "code"), Block("(1) one\n(2) two", "list")]


def test_a_block_that_is_not_attached_ends_the_list() -> None:
    assert texts("* a\n\nb\n\n* c") == ["- a", "b", "- c"]
    assert texts("* first\n----\nb\n----") == ["- first", "b"]


def test_a_list_stands_below_its_title() -> None:
    assert blocks(".Steps\n. a\n. b") == [Block("Steps:"), Block("1. a\n2. b", "list")]


def test_lists_nested_too_deep_keep_their_words() -> None:
    shown = "\n".join(texts("\n".join("*" * n + f" w{n}" for n in range(1, 20))))
    assert all(f"w{n}" in shown for n in range(1, 20))
