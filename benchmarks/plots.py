"""Small line plots as SVG, for figures that a report shows: one function, no dependency, the same bytes every time.

    (folder / "memory.svg").write_text(plot("Resident memory", {"new": [(0, 0.2), (60, 1.1)]}, x="s", y="GB"))

matplotlib would bring six packages and 60 MB to draw four lines, and its files of 20 KB differ between two runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 56, 44
# Distinct also without red and green: Okabe and Ito, Color Universal Design (2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
# More points than the picture has columns are drawn as the highest of each column.
_COLUMNS = _WIDTH - _LEFT - _RIGHT


def plot(
    title: str,
    lines: Mapping[str, Points],
    *,
    x: str,
    y: str,
    log_x: bool = False,
    marks: bool | None = None,
) -> str:
    """Return an SVG of the lines, each with its name in the legend; the y axis starts at 0.

    Args:
        title: Above the plot.
        lines: Points ``(x, y)`` by the line's name, ascending in x.
        x: Name and unit of the x axis.
        y: Name and unit of the y axis.
        log_x: Divide the x axis by powers, for 1, 2, 4, 8 or 1, 3, 10; ticks are the points' own x.
        marks: Draw a dot at each point; by default for lines of at most 20 points.

    Raises:
        ValueError: There is no finite point, or one with x ≤ 0 on a logarithmic axis.
    """
    lines = {
        name: [(a, b) for a, b in points if math.isfinite(a) and math.isfinite(b)] for name, points in lines.items()
    }
    every = [point for points in lines.values() for point in points]
    if not every:
        raise ValueError(f"{title}: there is nothing to draw")
    xs = sorted({a for a, _ in every})
    if log_x and xs[0] <= 0:
        raise ValueError(f"{title}: x = {xs[0]} has no place on a logarithmic axis")
    x_ticks = xs if log_x else _ticks(min(0.0, xs[0]), xs[-1])
    y_ticks = _ticks(min(0.0, *(b for _, b in every)), max(b for _, b in every))

    def across(value: float) -> float:
        low, high, at = (math.log(v) if log_x else v for v in (x_ticks[0], x_ticks[-1], value))
        return _LEFT + (at - low) / ((high - low) or 1) * _COLUMNS

    def down(value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return _TOP + height - (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * height

    drawn = [*_axes(x_ticks, y_ticks, across, down), *_labels(title, x, y)]
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = _thinned([(across(a), down(b)) for a, b in points])
        drawn.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{_path(places)}"/>')
        if marks or (marks is None and len(points) <= 20):
            drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        drawn.append(_legend(number, len(lines), name, colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
        ' font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return three to seven round values that enclose both."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, last + 1)]


def _axes(x_ticks: Sequence[float], y_ticks: Sequence[float], across, down) -> list[str]:  # noqa: ANN001 - float to float
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    drawn = []
    for value in y_ticks:
        at = down(value)
        drawn.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#dddddd"/>')
        drawn.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    for value in x_ticks:
        at = across(value)
        drawn.append(f'<line x1="{at:.1f}" y1="{bottom}" x2="{at:.1f}" y2="{bottom + 4}" stroke="#333333"/>')
        drawn.append(f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{_number(value)}</text>')
    return [*drawn, f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#333333"/>']


def _labels(title: str, x: str, y: str) -> list[str]:
    return [
        f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_LEFT + _COLUMNS / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x)}</text>',
        f'<text x="8" y="{_TOP - 10}">{escape(y)}</text>',
    ]


def _legend(number: int, lines: int, name: str, colour: str) -> str:
    if lines == 1:
        return ""
    at = _LEFT + 60 + number * (_COLUMNS - 60) / lines
    return (
        f'<rect x="{at:.0f}" y="33" width="14" height="4" fill="{colour}"/>'
        f'<text x="{at + 19:.0f}" y="40">{escape(name)}</text>'
    )


def _thinned(places: Points) -> Points:
    """Return the highest place of each column of the picture where there are more places than columns."""
    if len(places) <= _COLUMNS:
        return places
    highest: dict[int, tuple[float, float]] = {}
    for across, down in places:
        column = round(across)
        if column not in highest or down < highest[column][1]:
            highest[column] = (across, down)
    return list(highest.values())


def _path(places: Points) -> str:
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in places)


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"
