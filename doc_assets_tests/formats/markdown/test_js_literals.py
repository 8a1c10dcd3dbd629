"""Literals of JavaScript are read without running code; what is none is unknown, and nothing after it is lost."""

from __future__ import annotations

import time

import pytest

from doc_assets.formats.markdown.js_literals import UNKNOWN, read_literal


def value(text: str) -> object:
    return read_literal(text, 0, len(text))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'it\\'s'", "it's"),
        ('"a\\u00e9\\n\\tb"', "aé\n\tb"),
        ("`over\nlines`", "over\nlines"),
        ("1_000", "1000"),
        ("-2.5e3", "-2.5e3"),
        ("true", True),
        ("null", None),
        ("[ 'a', /* b */ \"c\", ]", ["a", "c"]),
        ("{ a: 'x', 'b-c': [1], // note\n d: { e: false } }", {"a": "x", "b-c": ["1"], "d": {"e": False}}),
        ("['x'] as const;", ["x"]),
    ],
)
def test_literals_are_read(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ["`a ${b}`", "name", "f('x')", "'a' + b", "<b>x</b>", "() => 'x'", "1px"])
def test_what_only_running_gives_is_unknown(text: str) -> None:
    assert value(text) is UNKNOWN


def test_unknown_values_do_not_hide_their_neighbours() -> None:
    text = "[{ a: img, b: 'x', ...rest, c() { return '}' }, d: f(1, [2]), e: 'y' }, go('z'), 'last']"
    assert value(text) == [{"a": UNKNOWN, "b": "x", "d": UNKNOWN, "e": "y"}, UNKNOWN, "last"]


@pytest.mark.parametrize("piece", ["[", "{a:", "['", "f(", "[{", "/*", "`"])
def test_literals_without_an_end_or_too_deep_take_linear_time(piece: str) -> None:
    start = time.process_time()
    value(piece * 5_000)
    assert time.process_time() - start < 0.5
