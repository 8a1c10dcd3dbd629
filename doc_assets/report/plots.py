"""Plots as inline SVG, drawn by pygal and stripped of its scripts, styles and tooltips.

The page's own style sheet colours them, so that one drawing suits light, dark and paper, and the policy that forbids
scripts and foreign styles holds. Each carries a title and a description for who does not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Units of the drawing: at 390 pixels it is shown at three quarters, so that its letters stay legible.
_WIDTH, _HEIGHT = 480, 230
_ROW, _FRAME = 30, 60
_DROPPED = ("script", "style", "defs", "desc")


def line(name: str, title: str, description: str, minutes: Sequence[float], values: Sequence[float], unit: str) -> str:
    """Return an area under a line over minutes.

    Args:
        name: An id that no other plot of the page has.
        title: What is shown, with its unit.
        description: What the line says, in a sentence.
        minutes: Positions.
        values: Values at them, from 0.
        unit: Unit of the values, for the axis.
    """
    import pygal

    chart = pygal.XY(
        **_options(_HEIGHT), fill=True, show_dots=False, show_legend=False, x_title="minutes since the start",
        include_x_axis=True, range=(0, _ceiling(max(values, default=0.0))),
    )  # fmt: skip
    chart.x_labels = _ticks(max(minutes, default=0.0))
    chart.x_value_formatter = number
    chart.value_formatter = number
    chart.add(unit, list(zip(minutes, values, strict=True)))
    return _svg(chart, name, title, description)


def bars(name: str, title: str, description: str, rows: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Return horizontal bars, one a row from the top, stacked if there are several series.

    Args:
        name: An id that no other plot of the page has.
        title: What is shown, with its unit.
        description: What the bars say, in a sentence.
        rows: Names of the bars.
        series: Values of each row by the series' name.
    """
    import pygal

    height = _FRAME + _ROW * len(rows) + 24 * (len(series) > 1) * -(-len(series) // 4)
    chart = pygal.HorizontalStackedBar(
        **_options(height), show_legend=len(series) > 1, legend_at_bottom=True, legend_at_bottom_columns=4,
        truncate_label=24, truncate_legend=16,
    )  # fmt: skip
    chart.value_formatter = number
    chart.x_labels = list(reversed(rows))
    for label, values in series.items():
        chart.add(label, [value or None for value in reversed(values)])
    return _svg(chart, name, title, description)


def _options(height: int) -> dict[str, Any]:
    return {
        "width": _WIDTH, "height": height, "js": [], "css": [], "margin": 6, "spacing": 6, "max_scale": 5,
    }  # fmt: skip


def number(value: float) -> str:
    """Return a number to read: without decimals from 100 on, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _ticks(most: float) -> list[float]:
    """Return round positions from 0 on, seven at most."""
    for step in (step * 10**power for power in range(-2, 6) for step in (1, 2, 5)):
        if most / step <= 6:
            return [step * i for i in range(int(most / step) + 1)]
    return [0.0]


def _ceiling(value: float) -> float:
    return value * 1.05 if value > 0 else 1.0


def _svg(chart: Any, name: str, title: str, description: str) -> str:  # noqa: ANN401 - pygal has no types
    root = chart.render_tree()
    _clean(root)
    for attribute in ("id", "width", "height"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-description")
    for tag, text in (("desc", description), ("title", title)):
        known = ElementTree.Element(tag, id=f"{name}-{'title' if tag == 'title' else 'description'}")
        known.text = text
        root.insert(0, known)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: Element) -> None:
    """Remove what acts or styles, empty groups, and ids, of which the page has several alike."""
    for child in list(element):
        if not isinstance(child.tag, str):
            element.remove(child)
            continue
        local = child.tag.rpartition("}")[2]
        if local == "g" and "bar" in child.get("class", "").split():
            _name_bar(child)
        overlay = "overlay" in child.get("class", "")
        if local in _DROPPED or (local == "title" and element.get("class") != "bar") or (overlay and local == "g"):
            element.remove(child)
            continue
        child.attrib.pop("id", None)
        child.attrib.pop("style", None)
        _clean(child)


def _name_bar(bar: Element) -> None:
    """Keep a bar's value as its title, which browsers show beside the pointer."""
    facts = {child.get("class"): child.text for child in bar if child.tag.rpartition("}")[2] == "desc"}
    title = ElementTree.Element("title")
    title.text = ": ".join(filter(None, (facts.get("x_label"), facts.get("value"))))
    bar.insert(0, title)
