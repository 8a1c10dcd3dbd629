"""Values of attributes: where they come from, which stay as written, counters, and how far they may grow."""

from __future__ import annotations

from doc_assets.formats.asciidoc.attributes import Attributes, entry_of
from doc_assets_tests.support.asciidoc_pages import read, texts


def test_entries_set_and_unset_from_where_they_stand() -> None:
    source = ":a: one\n:b: {a} two\n\n{a} {b}\n\n:!a:\n:b!:\n\n{a} {b} \\{c}\n\n:long: first \\\nsecond\n\n{long}"
    assert texts(source) == ["one one two", "{a} {b} {c}", "first second"]


def test_names_are_read_without_case_and_unknown_ones_stay() -> None:
    assert texts(":My-Name: x\n\n{my-name} {MY-NAME} {unknown} ${shell} {not valid}") == [
        "x x {unknown} ${shell} {not valid}"
    ]


def test_counters_count() -> None:
    assert texts("{counter:n} {counter:n} {counter2:n}{n} {counter:l:b}{counter:l}{set:x:y}{x}") == ["1 2 3 bcy"]


def test_a_value_from_outside_wins_unless_it_says_otherwise() -> None:
    attributes = Attributes({"fixed": "a", "soft": "b@", "gone": None, "both@": "c"})
    for name in ("fixed", "soft", "gone", "both"):
        attributes.define(name, "page")
    assert attributes.resolve("{fixed} {soft} {gone} {both}") == "a page {gone} page"


def test_the_catalogue_gives_attributes() -> None:
    source = "ifdef::edition[]\n{edition}\nendif::[]\n\nx"
    [section] = read(source, attributes={"edition": "pro"}).sections
    assert [block.text for block in section.blocks] == ["pro", "x"]


def test_values_grow_no_further_than_the_limit() -> None:
    attributes = Attributes({"a@": "x" * 100}, max_added=250)
    assert attributes.resolve("{a}{a}{a}") == "x" * 200 + "{a}"


def test_lines_that_only_look_like_entries_are_none() -> None:
    assert [entry_of(line) for line in (":a:", ":a: b", ":!a:", ":a!:", "a: b", ":a b: c", "::", ":a:b")] == [
        ("a", ""), ("a", "b"), ("a", None), ("a", None), None, None, None, None,
    ]  # fmt: skip
