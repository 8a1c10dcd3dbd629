"""tbl: options, formats, rows, blocks of text in cells."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.manual import man


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("l l.\na\tb\nc\td", "a | b\nc | d"),
        ("allbox tab(:);\nlB lB.\nName:Size\nring:2", "Name | Size\nring | 2"),
        ("l l.\nName\tSize\n_\nring\t2", "Name | Size\nring | 2"),
        ("tab(@);\nl l\nl l.\n\\fBa\\fR@\\(bu", "a | •"),
        ("tab(:);\nl l.\nT{\nsome \\fIlong\\fR\n.B text\nT}:T{\nother\nT}\nc:d", "some long text | other\nc | d"),
        ("l l.\na\tb\n\\^\tc", "a | b\na | c"),
        ("l l.\na\tb\n.T&\nl s.\nwide\n", "a | b\nwide"),
        ("l l.\na\tT{\nopen", "a | open"),
    ],
)
def test_a_row_is_a_line_with_a_value_for_each_column(table: str, rows: str) -> None:
    assert man(f"Before.\n.TS\n{table}\n.TE\nAfter.\n") == [Block("Before."), Block(rows, "table"), Block("After.")]


def test_a_long_table_repeats_the_names_of_its_columns() -> None:
    rows = "\n".join(f"value {n} of the first column\tand some words of the second column" for n in range(40))
    found = man(f".TS\nlb lb\nl l.\nName\tMeaning\n{rows}\n.TE\n")
    assert len(found) > 2 and all(block.text.startswith("Name | Meaning\n") for block in found)
