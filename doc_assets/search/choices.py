"""What a reader of a search chooses from; it imports nothing of ours, so that the command line starts quickly."""

from __future__ import annotations

from collections.abc import Iterable
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


def facts_of(given: Iterable[str]) -> dict[str, list[str]]:
    """Return the values by field of ``FIELD=VALUE`` words.

    Raises:
        ValueError: One of them is not written like that.
    """
    facts: dict[str, list[str]] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise ValueError(f"{word!r} is not FIELD=VALUE, as in crate=tokio")
        facts.setdefault(name.strip(), []).append(value.strip())
    return facts
