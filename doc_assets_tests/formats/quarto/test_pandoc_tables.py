"""Grid, simple and multiline tables as tables of Markdown."""

from __future__ import annotations

import pytest

from doc_assets.formats.quarto.pandoc_tables import rewrite_tables

SIMPLE = """
 Right     Left
------ ----------
    12  12
   123  a|b

Table: Caption
"""
HEADLESS = """
------ ----
    12 12
------ ----
"""
MULTILINE = """
-----------------------
 Centered   Default
  Header    Aligned
----------- -----------
   First    row that
            goes on

  Second    other
-----------------------
"""
GRID = """
: Above

+-------+------+
| Fruit | Price|
+=======+======+
| Pear  | 1    |
|       | 2    |
+-------+------+
"""
SPANNING = """
+-----------+----+
| Property  | E  |
+=====+=====+====+
|     | min | 1  |
| T   +-----+----+
|     | max | 2  |
+-----+-----+----+
"""


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (SIMPLE, ["| Right | Left |", "|---|---|", "| 12 | 12 |", "| 123 | a\\|b |"]),
        (HEADLESS, ["|   |   |", "|---|---|", "| 12 | 12 |"]),
        (
            MULTILINE,
            [
                "| Centered Header | Default Aligned |",
                "|---|---|",
                "| First | row that goes on |",
                "| Second | other |",
            ],
        ),
        (GRID, ["| Fruit | Price |", "|---|---|", "| Pear | 1 2 |"]),
        (SPANNING, ["| Property |  | E |", "|---|---|---|", "|  | min | 1 |", "| T | max | 2 |"]),
    ],
)
def test_a_table_of_pandoc_is_a_pipe_table(text: str, rows: list[str]) -> None:
    found = [line for line in rewrite_tables(text).split("\n") if line.startswith("|")]
    assert found == rows


def test_cells_with_lists_are_kept_as_lists_and_a_caption_above_loses_its_mark() -> None:
    listed = rewrite_tables(GRID.replace("| 1    |", "| - a  |").replace("| 2    |", "| - b  |"))
    assert "{list-table}" in listed and "  - - a\n    - b" in listed and "\nAbove\n" in listed


@pytest.mark.parametrize(
    "text",
    [
        "Title\n-----\n",
        "a\n\n---\n\nb",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "- a\n- b",
        "+--+\n| a\n",
        "text\n| no verse",
    ],
)
def test_other_lines_stay(text: str) -> None:
    assert rewrite_tables(text) == text


def test_a_column_of_borders_is_read_once() -> None:
    text = "+---+---+\n" * 3_000
    assert rewrite_tables(text) == text
