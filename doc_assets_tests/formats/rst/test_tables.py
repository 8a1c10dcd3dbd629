"""Tables keep each value in its column, their head on each piece, and listings in cells as listings."""

from __future__ import annotations

from doc_assets_tests.support.rst_pages import kinds


def test_tables_become_compact_rows() -> None:
    rows = "Name | Use\n`a` | first one\nb | second"
    simple = (
        "=====  ==========\nName   Use\n=====  ==========\n``a``  first\n       one\nb      second\n=====  ==========\n"
    )
    listed = (
        ".. flat-table:: Parts\n\n   * - Name\n     - Use\n   * - ``a``\n     - first one\n   * - b\n     - second\n"
    )
    assert kinds(simple) == [("table", rows)]
    assert kinds(listed) == [("prose", "Parts:"), ("table", rows)]
    assert kinds(listed.replace("     - second\n", ""))[-1] == ("table", rows.removesuffix(" | second"))


def test_values_that_span_rows_and_columns_stand_in_their_columns() -> None:
    grid = """\
+-----+-------+------+
| A   | B     | C    |
+=====+=======+======+
| a1  | wide         |
+     +-------+------+
|     | b2    | c2   |
+-----+-------+------+
| a3  |       | c3   |
+-----+-------+------+
"""
    assert kinds(grid) == [("table", "A | B | C\na1 | wide\na1 | b2 | c2\na3 |  | c3")]
    simple = """\
=====  =====  ======
   Inputs     Output
------------  ------
  A      B    A or B
=====  =====  ======
False  False  False
True   \\      True
=====  =====  ======
"""
    assert kinds(simple) == [("table", "Inputs |  | Output\nA | B | A or B\nFalse | False | False\nTrue |  | True")]


def test_spans_of_the_kernels_tables_are_read() -> None:
    rows = "   * - one\n     - two\n     - three\n   * - :rspan:`1` down\n     - :cspan:`1` right\n   * - x\n     - y\n"
    assert kinds(f".. flat-table::\n   :header-rows: 1\n\n{rows}") == [
        ("table", "one | two | three\ndown | right\ndown | x | y")
    ]


def test_each_piece_of_a_long_table_has_its_head() -> None:
    cells = "".join(f"   * - row {i}\n     - some value\n" for i in range(200))
    listed = ".. list-table::\n   :header-rows: 1\n\n   * - Name\n     - Value\n" + cells
    comma = ".. csv-table::\n   :header: Name, Value\n\n" + "".join(f"   row {i}, some value\n" for i in range(200))
    for source in (listed, comma):
        blocks = kinds(source)
        assert len(blocks) > 3
        assert all(block.startswith("Name | Value\nrow ") for _, block in blocks)


def test_listings_in_cells_stand_below_the_name_of_their_column() -> None:
    def cell(code: str) -> str:
        return f".. code-block:: go\n\n          {code}\n          y := 2\n"

    head = ".. list-table::\n   :header-rows: 1\n\n   * - Bad\n     - Good\n"
    source = f"{head}   * - {cell('x := 1')}     - {cell('x := 3')}"
    assert kinds(source) == [
        ("prose", "Bad:"),
        ("code", "x := 1\ny := 2"),
        ("prose", "Good:"),
        ("code", "x := 3\ny := 2"),
    ]
