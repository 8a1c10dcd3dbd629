"""Numbers of list items."""

from __future__ import annotations

import pytest

from doc_assets.formats.numbering import Numerals, item_number


@pytest.mark.parametrize(
    ("number", "numerals", "expected"),
    [
        (9, "1", "9"),
        (-3, "1", "-3"),
        (3, "a", "c"),
        (28, "A", "AB"),
        (702, "a", "zz"),
        (703, "a", "aaa"),
        (4, "i", "iv"),
        (1994, "I", "MCMXCIV"),
        (0, "a", "0"),
        (4000, "i", "4000"),
    ],
)
def test_numbers_are_written_in_the_numerals_of_their_list(number: int, numerals: Numerals, expected: str) -> None:
    assert item_number(number, numerals) == expected
