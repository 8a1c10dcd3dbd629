"""Cells that span rows and columns: each value in its column."""

from __future__ import annotations

from doc_assets.formats.table_grid import Cell, TableGrid, row_text


def rows(*cells: list[Cell]) -> list[list[str]]:
    grid = TableGrid()
    return [grid.row(row) for row in cells]


def test_a_value_that_spans_rows_stands_in_each_and_shifts_no_other() -> None:
    assert rows([Cell("Linux", rows=2), Cell("x86")], [Cell("arm")], [Cell("macOS"), Cell("arm")]) == [
        ["Linux", "x86"],
        ["Linux", "arm"],
        ["macOS", "arm"],
    ]


def test_spanned_rows_in_the_middle_and_at_the_end_keep_their_columns() -> None:
    assert rows([Cell("a"), Cell("b", rows=2), Cell("c", rows=2)], [Cell("d")]) == [["a", "b", "c"], ["d", "b", "c"]]


def test_a_value_that_spans_columns_stands_once_in_the_first() -> None:
    assert rows([Cell("Limits", columns=2), Cell("Note")], [Cell("soft"), Cell("hard"), Cell("")]) == [
        ["Limits", "", "Note"],
        ["soft", "hard", ""],
    ]


def test_a_value_that_spans_both_leaves_its_other_columns_empty_in_each_row() -> None:
    assert rows([Cell("a", columns=2, rows=2), Cell("b")], [Cell("c")]) == [["a", "", "b"], ["a", "", "c"]]


def test_a_row_without_cells_ends_a_span_and_gives_nothing() -> None:
    assert rows([Cell("a", rows=3)], [], [Cell("b")], [Cell("c")]) == [["a"], [], ["a", "b"], ["c"]]


def test_no_span_leads_out_of_a_group_of_rows() -> None:
    grid = TableGrid()
    assert grid.row([Cell("a", rows=9), Cell("b")]) == ["a", "b"]
    grid.end_group()
    assert grid.row([Cell("c")]) == ["c"]


def test_spans_cannot_blow_a_table_up() -> None:
    grid = TableGrid()
    first = grid.row([Cell("x" * 150, rows=65_534) for _ in range(64)])
    size = sum(len(row_text(grid.row([Cell("y")]))) for _ in range(1_000))
    assert len(first) == 64 and size < 75_000
    assert len(TableGrid().row([Cell("z", columns=10**9)] * 3)) < 70
    grid = TableGrid()
    grid.row([Cell("long " * 100, rows=3), Cell("a")])
    assert grid.row([Cell("b")]) == ["", "b"]


def test_a_row_in_one_line_has_no_empty_cells_at_its_end() -> None:
    assert row_text(["a", "", "b", "", ""]) == "a |  | b"
    assert row_text(["", "b"]) == "| b"
    assert row_text(["", ""]) == ""
