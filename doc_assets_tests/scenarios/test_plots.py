"""The plots of ``benchmarks/plots.py``: well-formed SVG, the same bytes every time, every point inside the axes."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest

from benchmarks.plots import plot

SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str) -> list[list[tuple[float, float]]]:
    """Points of each line, in pixels."""
    found = ElementTree.fromstring(text).iter(f"{SVG}polyline")  # noqa: S314 - our own
    return [[tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()] for line in found]  # pyrefly: ignore[bad-return] - pairs


def words(text: str) -> list[str | None]:
    return [element.text for element in ElementTree.fromstring(text).iter(f"{SVG}text")]  # noqa: S314 - our own


def test_a_plot_is_the_same_svg_every_time_and_says_what_it_shows() -> None:
    def made() -> str:
        return plot("a & b", {"old": [(0, 1), (10, 3.5)], "new <1>": [(0, 2), (10, 2)]}, x="s", y="GB")

    assert made() == made()
    assert {"a & b", "old", "new <1>", "s", "GB"} <= set(words(made()))


def test_higher_values_are_drawn_higher_and_all_inside_the_axes() -> None:
    [line] = drawn(plot("t", {"a": [(0, 0), (5, 40), (20, 73)]}, x="x", y="y"))
    assert line[0][1] > line[1][1] > line[2][1]
    assert all(64 <= across <= 624 and 56 <= down <= 276 for across, down in line)


def test_a_logarithmic_axis_has_equal_steps_between_equal_factors() -> None:
    text = plot("t", {"a": [(1, 5), (2, 5), (4, 5), (8, 5)]}, x="pods", y="docs/min", log_x=True)
    [line] = drawn(text)
    steps = [b[0] - a[0] for a, b in itertools.pairwise(line)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    assert {"1", "2", "4", "8"} <= set(words(text))


def test_a_peak_among_thousands_of_points_is_kept() -> None:
    values = [1.0] * 20_000
    values[12_345] = 9.0
    [line] = drawn(plot("t", {"a": list(enumerate(values))}, x="s", y="GB"))
    assert len(line) <= 700
    assert min(down for _, down in line) < 90


def test_flat_negative_and_lonely_points_are_drawn_and_nothing_is_refused() -> None:
    for points in ([(0.0, 0.0)], [(3.0, 7.0)], [(-5.0, -2.0), (5.0, -1.0)], [(0.0, 1e-9), (1.0, 1e-9)]):
        assert drawn(plot("t", {"a": points}, x="x", y="y"))
    with pytest.raises(ValueError, match="nothing to draw"):
        plot("t", {"a": [(0.0, float("nan"))]}, x="x", y="y")
    with pytest.raises(ValueError, match="logarithmic"):
        plot("t", {"a": [(0.0, 1.0)]}, x="x", y="y", log_x=True)
