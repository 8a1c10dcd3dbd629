"""Groups headings and blocks in reading order into titled sections with heading paths and anchors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from doc_assets.document import Block, Section
from doc_assets.formats.parts import Anchor, Heading, Part
from doc_assets.formats.slugs import Slug
from doc_assets.formats.slugs import github as slug

_LONGEST_HEADING = 200  # characters; a longer one is a paragraph marked as a heading
_LISTED = 50  # headings in a block, if a document holds nothing else
_FOLDER_NAMES = frozenset(("readme", "index", "_index", "mod", "overview", "page"))
# What pages call their parts.
# fmt: off
_PARTS = frozenset((
    "api", "arguments", "attributes", "background", "classes", "configuration", "constants", "constructors", "contents",
    "description", "details", "enums", "errors", "events", "example", "examples", "features", "fields", "functions",
    "getting started", "installation", "instructions", "interfaces", "introduction", "members", "methods", "modifiers",
    "motivation", "notes", "options", "output", "overview", "parameters", "prerequisites", "properties", "reference",
    "references", "related", "remarks", "requirements", "response", "return value", "return values", "returns",
    "see also", "setup", "signature", "state variables", "structs", "summary", "synopsis", "syntax",
    "table of contents", "tldr", "tl dr", "traits", "types", "usage", "variables",
))
# fmt: on
_SMALL_WORDS = frozenset(("a", "an", "and", "for", "how", "in", "is", "of", "on", "or", "the", "to", "what", "with"))


class Anchors:
    """Assigns fragments: a repeated one gets ``-1``, ``-2`` …, as on GitHub; in amortised constant time."""

    def __init__(self, rule: Slug | None = slug) -> None:
        """Start a document with no fragments taken; ``rule`` is that of its site, None for one that makes none."""
        self._rule = rule
        self._seen: dict[str, int] = {}

    def take(self, heading: str, explicit: str | None = None) -> str | None:
        """Return the fragment of the next heading, or None if its text leaves none."""
        if explicit:
            self._seen.setdefault(explicit, 0)
            return explicit
        if self._rule is None:
            return None
        base = result = self._rule(heading)
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


def outline(
    parts: Sequence[Part], *, title: str | None, fallback: str, rule: Slug | None = slug
) -> tuple[str, tuple[Section, ...]]:
    """Group parts below their headings.

    Args:
        parts: Headings, blocks, and anchors that name the heading directly after them.
        title: Title stated by the document, if any.
        fallback: Title for a document without a title: its file's name, or its name in a table of contents.
        rule: How its site makes fragments of headings; None if headings have those alone that they state.

    Returns:
        The title, and the sections. No heading path contains the heading that is the title. A document of headings
        alone becomes one list of them, so that a search can find it.
    """
    lead = _title_heading(parts, fallback)
    chosen = _short(title or (lead.text if lead else "") or fallback)
    if lead is not None and _folded(lead.text) != _folded(chosen):
        lead = None
    sections = _sections(parts, lead, Anchors(rule))
    if not any(section.blocks for section in sections):
        headings = [f"- {p.text}" for p in parts if isinstance(p, Heading) and p is not lead]
        lists = [headings[i : i + _LISTED] for i in range(0, len(headings), _LISTED)]
        return chosen, (Section((), None, tuple(Block("\n".join(some), "list") for some in lists)),)
    return chosen, sections


def _title_heading(parts: Sequence[Part], name: str) -> Heading | None:
    """Return the first ``h1``, or else a heading that opens the document, is alone on its level and names the page.

    The name of a part ("Usage", "Functions") does so only if the page's name shares a word with it. A plural directly
    above further headings ("Endpoints") is taken for such a name.
    """
    headings = [p for p in parts if isinstance(p, Heading)]
    if not headings:
        return None
    top = min(h.level for h in headings)
    highest = [h for h in headings if h.level == top]
    if top == 1:
        return highest[0]
    shown = (p for p in parts if not isinstance(p, Anchor))
    lead = highest[0]
    if len(highest) > 1 or next(shown, None) is not lead:
        return None
    words = _words(lead.text)
    lists = len(words) == 1 and words[0].endswith("s") and isinstance(next(shown, None), Heading)
    is_part = lists or " ".join(words) in _PARTS
    return lead if not is_part or _stems(lead.text) & _stems(name) else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _stems(text: str) -> set[str]:
    return {word.rstrip("s") for word in _words(text) if word not in _SMALL_WORDS and not word.isdecimal()}


def _sections(parts: Sequence[Part], lead: Heading | None, anchors: Anchors) -> tuple[Section, ...]:
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
