"""What reading a PDF gives: lines with their places on sheets, the outline, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text on one line of a sheet, up to a gap as between columns and cells.

    Attributes:
        text: Clean, without blanks at its ends; a hyphen that ends it for a break is U+00AD.
        left: Points from the left edge of the sheet.
        right: The same of its end.
        bottom: Points from the bottom edge.
        top: The same of its upper side.
        size: Points from the lowest to the highest letter of its font; at least 1.
        mono: All letters of its font are equally wide.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, with its lines in the order in which the file draws them; sizes in points."""

    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry of the outline: ``level`` from 0, ``sheet`` from 0, ``top`` in points or None."""

    title: str
    level: int
    sheet: int
    top: float | None


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text of a file."""

    sheets: tuple[Sheet, ...]
    marks: tuple[Mark, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
