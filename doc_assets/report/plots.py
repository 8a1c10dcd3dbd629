"""Plots as inline SVG, drawn by leather, each with a title and a description for who does not see it.

What leather draws has no scripts, styles or ids, and colours as attributes, which the page's style sheet overrules: one
drawing suits light, dark and paper, and a policy that forbids all but that style sheet. It is 30 kB without any other
package. pygal (0.2 MB in four packages) leaves an import hook in the process (findings/pygal-3.1.3-…) and puts scripts
into what it draws; matplotlib takes six packages and 60 MB, and colours by style attributes, which the policy forbids.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from leather import Chart

# Units of the drawing: at 390 pixels it is shown at four fifths, so that its letters stay legible.
_WIDTH, _HEIGHT = 480, 240
_ROW = 26
# leather's own margin is a twentieth of the width on all sides; half of it is enough within a page.
_CUT = 12
_SVG = "{http://www.w3.org/2000/svg}"


def line(name: str, title: str, description: str, minutes: Sequence[float], values: Sequence[float]) -> str:
    """Return a line over minutes, from 0 on both axes.

    Args:
        name: An id that no other plot of the page has.
        title: What is shown, with its unit.
        description: What the line says, in a sentence.
        minutes: Positions, ascending.
        values: Values at them, not negative.
    """
    chart = _chart()
    across, up = ticks(max(minutes)), ticks(max(values))
    chart.add_line(list(zip(minutes, values, strict=True)), width=2)
    chart.add_x_scale(0.0, max(across[-1], *minutes))
    chart.add_y_scale(0.0, max(up[-1], *values))
    chart.add_x_axis(ticks=across, tick_formatter=_tick, name="minutes since the start")
    chart.add_y_axis(ticks=up, tick_formatter=_tick)
    return _svg(chart, _HEIGHT, name, title, description)


def bars(name: str, title: str, description: str, values: Mapping[str, float]) -> str:
    """Return horizontal bars by name, from the top; the arguments are those of ``line``."""
    chart = _chart()
    across = ticks(max(values.values()))
    chart.add_bars([(float(value), row) for row, value in values.items()])
    chart.add_x_scale(0.0, max(across[-1], *values.values()))
    chart.add_x_axis(ticks=across, tick_formatter=_tick)
    said = [f"{row}: {number(value)}" for row, value in values.items()]
    return _svg(chart, 70 + _ROW * len(values), name, title, description, said)


def number(value: float) -> str:
    """Return a number to read: without decimals from 100 on, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def ticks(most: float) -> list[float]:
    """Return round positions from 0 to at least four fifths of ``most``, seven at most."""
    for power, digit in itertools.product(range(-6, 15), (1.0, 2.0, 2.5, 5.0)):
        step = digit * 10.0**power
        if most / step <= 6:
            return [step * i for i in range(int(most / step) + 1)] if most > 0 else [0.0, 1.0]
    return [0.0, most]


def _tick(value: float, index: int, count: int) -> str:
    return number(value)


def _chart() -> Chart:
    import leather

    return leather.Chart()


def _svg(chart: Chart, height: int, name: str, title: str, description: str, bars: Sequence[str] = ()) -> str:
    drawn = chart.to_svg(width=_WIDTH, height=height)
    assert drawn is not None  # noqa: S101 - without a path it returns what it draws
    root = ElementTree.fromstring(drawn)  # noqa: S314 - just made
    for rectangle, said in zip(root.iterfind(f".//{_SVG}g[@class='series bars']/{_SVG}rect"), bars, strict=True):
        ElementTree.SubElement(rectangle, f"{_SVG}title").text = said  # browsers show it beside the pointer
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("viewBox", f"{_CUT} {_CUT} {_WIDTH - 2 * _CUT} {height - 2 * _CUT}")
    root.set("class", "bars" if bars else "line")
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-description")
    for tag, place, text in (("desc", "description", description), ("title", "title", title)):
        known = ElementTree.Element(f"{_SVG}{tag}", id=f"{name}-{place}")
        known.text = text
        root.insert(0, known)
    ElementTree.register_namespace("", _SVG.strip("{}"))
    return ElementTree.tostring(root, encoding="unicode")
