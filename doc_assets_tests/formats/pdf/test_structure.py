"""Lines that are joined, and sizes that are ranked."""

from __future__ import annotations

from dataclasses import replace

from doc_assets.document import Block
from doc_assets.formats.parts import Heading
from doc_assets.formats.pdf.layout import Row
from doc_assets.formats.pdf.structure import joined, parts_of

ROW = Row(("words of the text that go on",), (72.0,), 400.0, 0, 700.0, 10.0)


def test_divided_words_are_joined_over_many_lines() -> None:
    lines = ["a long-", "winded", "x-", "y-", "z", "- no", "AES-", "NI"]
    assert joined(lines, {"long-winded": 1}) == "a long-winded xyz - no AES-NI"
    assert joined(["wo\u00ad", "rd", "\u00ad"], {}) == "word"


def test_a_word_that_is_divided_in_a_cell_is_one() -> None:
    rows = [
        replace(ROW, cells=("name", "wo\u00ad"), lefts=(72.0, 200.0), top=700.0),
        replace(ROW, cells=("rd",), lefts=(200.0,), top=688.0),
        replace(ROW, cells=("more", "cells"), lefts=(72.0, 200.0), top=676.0),
    ]
    assert "word" in " ".join(part.text for part in parts_of(rows, (), frozenset()) if isinstance(part, Block))


def test_sizes_that_are_nearly_equal_are_one_level() -> None:
    sizes = [24.0, 23.5, 20.0, 19.9, 16.0, 12.0]
    heads = [replace(ROW, cells=(f"Head {size}",), size=size, top=700.0 - 100 * n) for n, size in enumerate(sizes)]
    rows = [row for head in heads for row in (head, *(replace(ROW, top=head.top - 12 * n) for n in range(1, 7)))]
    found = [part.level for part in parts_of(rows, (), frozenset()) if isinstance(part, Heading)]
    assert found == [2, 2, 3, 3, 4, 5]
