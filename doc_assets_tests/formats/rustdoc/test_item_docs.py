"""Documentation of items in rustdoc JSON: one dialect of Markdown, links as paths, examples without hidden lines."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.rustdoc_json import NO_GENERICS, CrateJson, crate_with_a_pool, read, section, titled


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


@pytest.mark.parametrize(
    ("docs", "shown"),
    [
        ("See [`Pool`].", "See `tank::Pool`."),
        ("See [Pool].", "See `tank::Pool`."),
        ("See [`fill`](Pool::fill).", "See `tank::Pool::fill`."),
        ("See [`fill()`](Pool::fill).", "See `tank::Pool::fill()`."),
        ("See [the pool][Pool] and [it](Pool).", "See the pool (`tank::Pool`) and it."),
        ("See [the\npool][p].\n\n[p]: Pool", "See the\npool (`tank::Pool`)."),
        ("See [`Option`] and [maybe](Option).", "See `Option` and maybe (`std::option::Option`)."),
        ("See [`Gone`].", "See `Gone`."),
        ("See [this] and `[Pool]`.", "See [this] and `[Pool]`."),
        ("See [the site](https://example.org/Pool).", "See the site."),
    ],
)
def test_links_between_items_read_as_full_paths(crate: CrateJson, docs: str, shown: str) -> None:
    links = {"Pool": 1, "`Pool`": 1, "Pool::fill": 3, "`Option`": 500, "Option": 500, "`Gone`": 501}
    crate.add(20, "Pump", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}}, docs=docs, links=links)
    paths = {"500": {"crate_id": 2, "path": ["core", "option", "Option"], "kind": "enum"}}
    document = titled(read(crate, paths=paths), "Struct tank::Pump")
    assert document.sections[0].blocks[1].text.replace("\n", " ") == shown.replace("\n", " ")


def test_links_in_listings_are_left_alone(crate: CrateJson) -> None:
    crate.index["1"]["docs"] = "Take [`Pump`].\n\n```text\n[`Pump`]\n```"
    crate.index["1"]["links"] = {"`Pump`": 20}
    blocks = titled(read(crate), "Struct tank::Pool").sections[0].blocks
    assert blocks[-2:] == (Block("Take `tank::Pump`."), Block("[`Pump`]", "code"))


def test_brackets_without_end_are_read(crate: CrateJson) -> None:
    for docs in ("[" * 50, "[a" * 50, "[`" * 50, "[a](" * 50, "`[" * 50, "[\\" * 50):
        crate.index["1"]["docs"] = docs
        crate.index["1"]["links"] = {"a": 20}
        assert read(crate)


def test_braces_and_marks_of_other_dialects_are_text(crate: CrateJson) -> None:
    docs = "Write {{ and {% raw %} and :smile:.\n\n# Sets {a, b}\n\n!!! note\n\n## Routes {#not-an-id}\n\n{{x}}"
    crate.index["1"]["docs"] = docs
    document = titled(read(crate), "Struct tank::Pool")
    assert document.sections[0].blocks[-1] == Block("Write {{ and {% raw %} and :smile:.")
    assert section(document, "Sets {a, b}").blocks == (Block("!!! note"),)
    assert section(document, "Sets {a, b}", "Routes {#not-an-id}").blocks == (Block("{{x}}"),)


@pytest.mark.parametrize("lead", ["1. Take:\n\n   ", "> ", "- Take:\n  - it:\n\n    "])
def test_examples_in_lists_and_quotes_hide_lines_too(crate: CrateJson, lead: str) -> None:
    first, _, last = lead.rpartition("\n")
    indent = last if last.strip() else " " * len(last)
    lines = ["```", "# use tank::Pool;", "let p = Pool;", "```"]
    crate.index["1"]["docs"] = f"{first}\n{last}{lines[0]}\n" + "\n".join(indent + line for line in lines[1:])
    blocks = titled(read(crate), "Struct tank::Pool").sections[0].blocks
    assert blocks[-1] == Block("let p = Pool;", "code")


def test_documentation_nested_without_end_is_plain(crate: CrateJson) -> None:
    crate.index["1"]["docs"] = ">" * 150 + " deep"
    assert "deep" in titled(read(crate), "Struct tank::Pool").sections[0].blocks[-1].text


@pytest.mark.parametrize(
    ("docs", "shown"),
    [
        ("The scheduler[^a] of 2<sup>64</sup>.\n\n[^a]: Planner", ["The scheduler of 2^64.", "1. Planner"]),
        ("A[^1] and B[^2].\n[^1]: One\n[^2]: Two\n    or more", ["A and B.", "1. One\n2. Two\n  or more"]),
        ("A[^1].\n\n[^1]: Take:\n\n    ```text\n    x[^1]: y\n    ```", ["A.", "1. Take:", "x[^1]: y"]),
        ("`x[^1]` is `[^1]: y`", ["`x[^1]` is `[^1]: y`"]),
    ],
)
def test_footnotes_are_a_numbered_list(crate: CrateJson, docs: str, shown: list[str]) -> None:
    crate.index["20"]["docs"] = docs
    blocks = titled(read(crate), "Struct tank::Pump").sections[0].blocks[1:]
    assert [block.text for block in blocks] == shown
