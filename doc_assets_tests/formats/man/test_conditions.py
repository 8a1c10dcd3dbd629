"""Numbers of roff: from left to right, in brackets, within bounds."""

from __future__ import annotations

import pytest

from doc_assets.formats.man.conditions import condition, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1+2*3", 9), ("1+(2*3)", 7), ("-4", -4), ("7/2", 3), ("7%4", 3), ("1/0", 0), ("2i", 2), ("0.5i", 0)],
        *[("3>2", 1), ("3<=2", 0), ("1&0", 0), ("1:0", 1), ("3<?2", 2), ("3>?2", 3), ("", 0), ("x", 0)],
        ("(" * 200 + "1", 0),
    ],
)
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


def test_the_rest_of_the_line_is_what_the_condition_decides() -> None:
    assert condition("n .br", lambda kind, name: False) == (True, " .br")
    assert condition("!'a'a' text", lambda kind, name: False) == (False, " text")
    assert condition("d xx text", lambda kind, name: (kind, name) == ("d", "xx")) == (True, " text")


def test_each_mark_of_negation_turns_the_condition_round() -> None:
    assert condition("! !n x", lambda kind, name: False) == (True, " x")
    assert condition("!" * 200_001 + "n x", lambda kind, name: False) == (False, " x")
