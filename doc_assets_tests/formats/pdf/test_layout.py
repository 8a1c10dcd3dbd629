"""Columns of a sheet, whatever a file says of its places."""

from __future__ import annotations

import math

import pytest

from doc_assets.formats.pdf.layout import _gutter
from doc_assets.formats.pdf.lines import Line, Sheet


@pytest.mark.parametrize("width", [0.0, 1e-9, 612.0, 1e300, math.inf, math.nan])
@pytest.mark.parametrize("right", [1e308, math.inf, math.nan])
def test_widths_and_places_that_no_sheet_has_give_no_columns(width: float, right: float) -> None:
    lines = tuple(Line("words", 10.0, right, 700.0 - row, 708.0 - row, 8.0) for row in range(20))
    assert _gutter(Sheet(width, 792.0, lines)) is None
