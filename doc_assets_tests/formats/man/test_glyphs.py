"""Named characters."""

from __future__ import annotations

import pytest

from doc_assets.formats.man.glyphs import glyph


@pytest.mark.parametrize(
    ("name", "character"),
    [
        *[("bu", "•"), ("rs", "\\"), ("ba", "|"), ("or", "|"), ("aq", "'"), ("hy", "-"), ("->", "→"), ("*b", "β")],
        *[("u00E9", "é"), ("u0065_0301", "é"), ("char65", "A"), ("'e", "é"), (":u", "ü")],
        *[("uD800", ""), ("u110000", ""), ("char7", ""), ("nothing", ""), ("x", "x")],
    ],
)
def test_a_name_gives_its_character_or_nothing(name: str, character: str) -> None:
    assert glyph(name) == character
