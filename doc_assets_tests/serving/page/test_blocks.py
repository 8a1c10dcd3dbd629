"""Stored text laid out for the eye: no character is lost, and each kind looks like what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.serving.page.blocks import as_markdown, blocks_of

LISTING = "fn main() {\n\n    let x = 1;\n}"
CONFIGURATION = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("## On Linux", "heading"),
        ("# a comment of a shell", "prose"),
        ("Run the installer as root, then reboot the machine.", "prose"),
        ("Linux:", "prose"),
        ("The function `f(x)` returns y = 2 for all of these inputs, always.", "prose"),
        (LISTING, "code"),
        (CONFIGURATION, "code"),
        ("curl -L --fail https://example.org", "code"),
        ("$ make test", "code"),
        ("- one\n- two", "items"),
        ("1. one\n2. two", "items"),
        ("Field | Type\n`a` | int", "table"),
    ],
)
def test_a_paragraph_looks_like_what_it_is(text: str, kind: str) -> None:
    assert [block.kind for block in blocks_of(f"Before.\n\n{text}\n\nAfter.")] == ["prose", kind, "prose"]


def test_a_table_has_as_many_cells_in_each_row_and_its_pieces_are_one() -> None:
    (block,) = blocks_of("A | B | C\n1 | 2\n\nA | B | C\n3 | 4 | 5 | 6")
    assert block.rows == (("A", "B", "C"), ("1", "2", ""), ("3", "4", "5 | 6"))
    assert as_markdown(block.text).split("\n")[1] == "| --- | --- | --- |"
    assert r"5 \| 6" in as_markdown(block.text)


def test_items_of_a_list_have_their_depth_and_their_further_lines() -> None:
    (block,) = blocks_of("- one\n  goes on\n  - two\n3. three")
    assert block.items == ((0, "•", "one\ngoes on"), (1, "•", "two"), (0, "3.", "three"))


def test_a_listing_is_copied_between_fences_that_it_does_not_hold() -> None:
    assert as_markdown(f"Text.\n\n{LISTING}") == f"Text.\n\n```\n{LISTING}\n```"
    assert as_markdown("```sh\nx\n```").startswith("````\n```sh")


@given(st.text(alphabet="ab #|-`\n.{}:;1", max_size=200))
def test_each_block_is_text_at_its_place_and_none_is_left_out(text: str) -> None:
    blocks = blocks_of(text)
    shown = "".join(
        " ".join(cell for row in block.rows for cell in row) if block.rows else block.text for block in blocks
    )
    assert [c for c in text if c.isalnum()] == [c for c in shown if c.isalnum()] or any(b.rows for b in blocks)
    assert [block.start for block in blocks] == sorted(block.start for block in blocks)
    for block in blocks:
        assert block.text.split("\n")[0].strip() in text[block.start :]
