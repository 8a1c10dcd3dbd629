"""Numbers and markers of the items of HTML's lists; ``blocks`` writes the items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from doc_assets.formats.html.tree import children
from doc_assets.formats.numbering import Numerals, item_number

_STYLES: dict[str, Numerals] = {"1": "1", "a": "a", "A": "A", "i": "i", "I": "I"}
_NUMERALS = {
    "loweralpha": "a",
    "upperalpha": "A",
    "lowerroman": "i",
    "upperroman": "I",
    "lowerlatin": "a",
    "upperlatin": "A",
}  # docutils, Asciidoctor
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:[^;]*\b((?:lower|upper)-(?:alpha|latin|roman))\b", re.IGNORECASE)


@dataclass
class OpenList:
    """An open list: the marker of the next line, and the number of items before it."""

    tag: str
    number: int = 1
    step: int = 1
    numerals: Numerals = "1"
    marker: str = ""
    defining: bool = False  # the next line stands behind its term
    definitions: int = 0  # of the last term

    def next_marker(self) -> None:
        """Set the marker of the next item."""
        number = item_number(self.number, self.numerals) if self.tag == "ol" else ""
        self.marker = f"{number}. " if number else "" if self.tag == "dl" else "- "
        self.number += self.step
        self.defining = False
        self.definitions = 0

    def define(self) -> None:
        """Begin a definition: the first stands in the line of its term, the others below it."""
        self.definitions += 1
        self.defining = self.definitions == 1


def open_list(node: LexborNode, tag: str) -> OpenList:
    """Return a list before its first item, numbered as its attributes say."""
    if tag != "ol":
        return OpenList(tag)
    values = node.attributes
    style = _LIST_STYLE.search((values.get("style") or "")[:500])
    names = (*(values.get("class") or "").split(), style[1].lower().replace("-", "") if style else "")
    numerals = values.get("type") or next((_NUMERALS[name] for name in names if name in _NUMERALS), "1")
    start = number_of(values.get("start"))
    if "reversed" in values:
        count = sum(1 for child in children(node) if child.tag == "li")
        return OpenList(tag, count if start is None else start, -1, _STYLES.get(numerals, "1"))
    return OpenList(tag, 1 if start is None else start, 1, _STYLES.get(numerals, "1"))


def number_of(raw: str | None) -> int | None:
    """Return the value of an attribute that is a whole number."""
    return int(raw) if raw and re.fullmatch(r"\s*-?\d{1,6}\s*", raw) else None
