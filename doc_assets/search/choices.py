"""What a reader of a search chooses from; it imports nothing, so that the command line starts quickly."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Ways to rank results."""

    hybrid = "hybrid"
    vector = "vector"
    text = "text"


class Around(StrEnum):
    """How much of its page is shown with what was found."""

    passage = "passage"
    neighbours = "neighbours"
    section = "section"
    page = "page"
