"""The section that matched, in a chunk that holds several small ones: its heading and anchor instead of the first's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from doc_assets.formats import slugs

# As ``document.lay_out`` writes headings: a section below one heading has two marks.
_HEADING = re.compile(r"^(#{2,6}) (\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """A section inside a chunk."""

    heading_path: tuple[str, ...]
    anchor: str
    text: str


def parts_of(text: str, heading_path: Sequence[str], anchor: str) -> list[Part]:
    """Return the sections of a chunk in their order; one for a chunk of one section.

    Args:
        text: The chunk's text, in which all sections but the first begin with their heading.
        heading_path: Headings of its first section, outermost first.
        anchor: Fragment of its first section. Those of the others are made from their headings where this one is, and
            are otherwise not known: then this one stands for them.
    """
    path = tuple(heading_path)
    made = bool(path) and anchor == slugs.github(path[-1])
    parts, begin = [Part(path, anchor, "")], 0
    for found in _HEADING.finditer(text):
        level, heading = len(found[1]) - 1, found[2].strip()
        if level > len(parts[-1].heading_path) + 1:
            continue  # no section skips a level that has none above it: a comment in code
        parts[-1] = Part(parts[-1].heading_path, parts[-1].anchor, text[begin : found.start()])
        parts.append(
            Part((*parts[-1].heading_path[: level - 1], heading), slugs.github(heading) if made else anchor, "")
        )
        begin = found.start()
    parts[-1] = Part(parts[-1].heading_path, parts[-1].anchor, text[begin:])
    # A chunk may begin with the heading of its first section.
    return [part for part in parts if part.text.strip()] or parts[:1]


def best_part(parts: Sequence[Part], score: Callable[[str], float]) -> Part:
    """Return the section with the highest score of its text, the first of equals."""
    return max(parts, key=lambda part: score(part.text)) if len(parts) > 1 else parts[0]


def headings_of(title: str, heading_path: Sequence[str]) -> tuple[str, ...]:
    """Return a document's title and the headings below it; a title that is the first heading, too, stands once."""
    path = tuple(heading_path)
    return path if path[:1] == (title,) else (title, *path)
