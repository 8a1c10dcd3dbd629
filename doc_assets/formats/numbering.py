"""Numbers of list items as a reader sees them: 9, c, iv; for HTML, raw HTML in Markdown and RST."""

from __future__ import annotations

from typing import Literal

Numerals = Literal["1", "a", "A", "i", "I"]  # as the attribute ``type`` of ``<ol>`` names them

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def item_number(number: int, numerals: Numerals = "1") -> str:
    """Return an item's number in its numerals; in digits where they have no sign for it, as browsers do."""
    if numerals in ("a", "A") and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord(numerals) + rest) + letters
        return letters
    if numerals in ("i", "I") and 0 < number < 4000:
        roman = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            roman += sign * count
        return roman if numerals == "i" else roman.upper()
    return str(number)
