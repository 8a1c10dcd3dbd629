"""Plots are SVG that an inline policy allows: no scripts, no styles, no ids that meet, a name for who sees nothing."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from doc_assets.report import plots

Drawn = Callable[[], str]


def line() -> str:
    return plots.line("one", "Tokens <b>", "Many & more", [0.5, 1.5, 2.5], [0.0, 123_456.0, 0.0])


def bars() -> str:
    return plots.bars("two", "Sizes", "x", {"a<script>": 1.0, "b": 3.0, "</svg><script>": 0.0})


def nothing() -> str:
    return plots.line("three", "Nothing", "none", [0.5], [0.0])


@pytest.mark.parametrize("drawn", [line, bars, nothing])
def test_a_plot_has_nothing_that_acts_or_styles(drawn: Drawn) -> None:
    root = ElementTree.fromstring(drawn())  # noqa: S314 - our own
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "rect", "path", "line", "text"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or name in ("style", "href")}


@pytest.mark.parametrize("drawn", [line, bars, nothing])
def test_a_plot_is_an_image_named_by_its_own_title_and_description(drawn: Drawn) -> None:
    root = ElementTree.fromstring(drawn())  # noqa: S314 - our own
    ids = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    assert set((root.get("aria-labelledby") or "").split()) == set(ids)
    assert all(ids.values())


def test_a_bar_says_its_name_and_value() -> None:
    assert "<title>b: 3</title>" in bars()


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.6699, "0.67"), (99.44, "99.4"), (122_900.2, "122,900")])
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert plots.number(value) == text


@pytest.mark.parametrize("most", [0.0, 0.004, 0.7, 1.0, 105.2, 146_643.0, 2e12])
def test_ticks_are_few_and_reach_the_highest_value(most: float) -> None:
    found = plots.ticks(most)
    assert 2 <= len(found) <= 7 and found[0] == 0
    assert found[-1] >= 0.8 * most
