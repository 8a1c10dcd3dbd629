"""Groups headings and blocks in reading order into titled sections with heading paths and anchors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from doc_assets.document import Block, Section
from doc_assets.formats.parts import Anchor, Heading, Part

_UNSLUGGED = re.compile(r"[^\w\- ]")
_LONGEST_HEADING = 200  # characters; a longer one is a paragraph marked as a heading
_LISTED = 50  # headings in a block, if a document holds nothing else
_FOLDER_NAMES = frozenset(("readme", "index", "_index", "mod", "overview", "page"))


def slug(heading: str) -> str:
    """Return the fragment that GitHub gives a heading, without the number of repeated ones."""
    return _UNSLUGGED.sub("", heading.strip().lower()).replace(" ", "-")


class Anchors:
    """Assigns fragments as GitHub does: a repeated heading gets ``-1``, ``-2`` …; in amortised constant time."""

    def __init__(self) -> None:
        """Start a document with no fragments taken."""
        self._seen: dict[str, int] = {}

    def take(self, heading: str, explicit: str | None = None) -> str | None:
        """Return the fragment of the next heading, or None if its text leaves none."""
        if explicit:
            self._seen.setdefault(explicit, 0)
            return explicit
        base = result = slug(heading)
        while result in self._seen:
            self._seen[base] = self._seen.get(base, 0) + 1
            result = f"{base}-{self._seen[base]}"
        self._seen[result] = 0
        return result or None


def readable_name(path: str) -> str:
    """Return a title made from a file's name, or from its folder's for ``README``, ``index`` and the like."""
    place = PurePosixPath(path)
    name = place.stem
    if name.lower() in _FOLDER_NAMES and place.parent.name:
        name = place.parent.name
    words = " ".join(re.sub(r"[-_]+", " ", name).split()) or place.name or "untitled"
    return words[0].upper() + words[1:]


def outline(parts: Sequence[Part], *, title: str | None, fallback: str) -> tuple[str, tuple[Section, ...]]:
    """Group parts below their headings.

    Args:
        parts: Headings, blocks, and anchors that name the heading directly after them.
        title: Title stated by the document, if any.
        fallback: Title for a document without headings.

    Returns:
        The title, and the sections. No heading path contains the heading that is the title. A document of headings
        alone becomes one list of them, so that a search can find it.
    """
    lead = _title_heading(parts)
    chosen = _short(title or (lead.text if lead else "") or fallback)
    if lead is not None and _folded(lead.text) != _folded(chosen):
        lead = None
    sections = _sections(parts, lead)
    if not any(section.blocks for section in sections):
        headings = [f"- {p.text}" for p in parts if isinstance(p, Heading) and p is not lead]
        lists = [headings[i : i + _LISTED] for i in range(0, len(headings), _LISTED)]
        return chosen, (Section((), None, tuple(Block("\n".join(some), "list") for some in lists)),)
    return chosen, sections


def _title_heading(parts: Sequence[Part]) -> Heading | None:
    """Return the first ``h1``, or else a heading that opens the document and is alone on the highest level."""
    headings = [p for p in parts if isinstance(p, Heading)]
    if not headings:
        return None
    top = min(h.level for h in headings)
    highest = [h for h in headings if h.level == top]
    if top == 1:
        return highest[0]
    first = next((p for p in parts if not isinstance(p, Anchor)), None)
    return highest[0] if len(highest) == 1 and highest[0] is first else None


def _sections(parts: Sequence[Part], lead: Heading | None) -> tuple[Section, ...]:
    anchors = Anchors()
    sections: list[Section] = []
    open_headings: list[Heading] = []
    anchor: str | None = None
    announced: str | None = None
    blocks: list[Block] = []

    def close() -> None:
        if blocks or open_headings:
            sections.append(Section(tuple(_short(h.text) for h in open_headings), anchor, tuple(blocks)))
        blocks.clear()

    for part in parts:
        if isinstance(part, Anchor):
            announced = part.name
        elif isinstance(part, Block):
            announced = None
            blocks.append(part)
        else:
            close()
            anchor = anchors.take(part.text, part.anchor or announced)
            announced = None
            while open_headings and open_headings[-1].level >= part.level:
                open_headings.pop()
            if part is not lead:
                open_headings.append(part)
            if len(part.text) > _LONGEST_HEADING:
                blocks.append(Block(part.text))
    close()
    return tuple(sections)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold() or text.strip()


def _short(text: str) -> str:
    """Return the text as one line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_HEADING else line[: _LONGEST_HEADING - 1].rstrip() + "…"
