"""Removes the repeated parts of rustdoc's pages, two fifths of their text, before a tree is made of them.

rustdoc writes these parts with the same marks in the same order since 1.63. ``html_format`` reads the rest.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SIDEBAR = 'class="sidebar"'
_VERSION = re.compile(r'class="(?:block )?version"[^<>]*>(?:<p>)?\s*(?:Version\s)?\s*([0-9][\w.+-]*)')
_VARIABLES = "rustdoc-vars"
_VARIABLE = re.compile(r'\bdata-(current-crate|rustdoc-version)="([^"<>]{1,100})')
# Auto-trait and blanket implementations end a page; only the memory layout and scripts come after them.
_TAIL = ("synthetic-implementations", "blanket-implementations")
_TRAITS = "trait-implementations"
_LENT = "deref-methods-"
_METHOD = '<section id="method.'
_IMPLEMENTATION = ('class="impl"', 'class="impl ')
# Single quotes mark the first sentence of a trait's documentation below a method without its own.
_INHERITED = "<div class='docblock'>"
# Since 1.67 a heading may be in the summary of its own section.
_FOLD = re.compile(r"<details\b[^<>]{0,180}><summary[^<>]{0,180}>\Z")
_TAGS = re.compile(r"<[^<>]*>")
# Links to the source and to the member itself, and places to break a word: an eighth of the rest, without a word of it.
_LINKS = re.compile(r'<a class="src[^"]*" href="[^"]*">[^<]*</a>|<a href="[^"]*" class="anchor[^"]*">[^<]*</a>|<wbr>')
_LONGEST_HEADING = 2_000  # characters with markup
_LONGEST_TAG = 200


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A page without its repeated parts, and facts from these.

    Attributes:
        text: The remaining HTML.
        stated: The page's own ``current-crate`` and ``rustdoc-version``.
        version: The crate's version, if the sidebar states it.
        lenders: ``Methods from Deref<Target = T>``, one line for each type whose methods are callable too.
        implementations: Number of auto-trait and blanket implementations removed.
        lent_methods: Number of methods of other types removed.
        trait_methods: Number of methods of traits in the remaining implementations.
    """

    text: str
    stated: Mapping[str, str]
    version: str = ""
    lenders: tuple[str, ...] = ()
    implementations: int = 0
    lent_methods: int = 0
    trait_methods: int = 0


def trim(text: str) -> Trimmed:
    """Remove the sidebar, lent methods, inherited sentences, links, and auto-trait and blanket implementations.

    Linear.
    """
    stated = _variables(text)
    text, version = _without_sidebar(text)
    implementations = 0
    tail = next((start for name in _TAIL if (start := _heading(text, name)) >= 0), -1)
    if tail >= 0:
        implementations = sum(text.count(mark, tail) for mark in _IMPLEMENTATION)
        text = text[:tail]
    lenders: list[str] = []
    lent_methods = trait_methods = 0
    traits = _heading(text, _TRAITS)
    if traits >= 0:
        trait_methods = text.count(_METHOD, traits)
        first = _heading(text, _LENT, traits)
        if first >= 0:
            lent_methods = text.count(_METHOD, first, traits)
            lenders = _lenders(text[first:traits])
            text = text[:first] + text[traits:]
    text = _LINKS.sub("", _without_inherited(text))
    return Trimmed(text, stated, version, tuple(lenders), implementations, lent_methods, trait_methods)


def _variables(text: str) -> dict[str, str]:
    """Return the attributes of rustdoc's variables, which are in the head since 1.68 and at the end before."""
    marked = text.rfind(f'="{_VARIABLES}"')
    end = text.find(">", marked)
    return dict(_VARIABLE.findall(text, marked, end)) if 0 <= marked < end else {}


def _heading(text: str, name: str, end: int | None = None) -> int:
    """Return the start of the ``<h2>`` whose ``id`` starts with the name, or of its fold; -1 if there is none."""
    mark = f'id="{name}'
    marked = text.find(mark, 0, end)
    while marked >= 0:
        start = text.rfind("<", max(0, marked - _LONGEST_TAG), marked)
        if start >= 0 and text.startswith("<h2", start):
            fold = _FOLD.search(text, max(0, start - 2 * _LONGEST_TAG), start)
            return fold.start() if fold else start
        marked = text.find(mark, marked + len(mark), end)
    return -1


def _lenders(markup: str) -> list[str]:
    """Return the headings above the methods lent by other types."""
    lines = []
    for piece in markup.split("<h2")[1:]:
        heading, closed, _ = piece[:_LONGEST_HEADING].partition("</h2>")
        if closed and _LENT in heading:
            words = html.unescape(_TAGS.sub("", heading.partition(">")[2])).rstrip("§")
            lines.append(" ".join(words.split()))
    return lines


def _without_sidebar(text: str) -> tuple[str, str]:
    marked = text.find(_SIDEBAR)
    start = text.rfind("<", max(0, marked - _LONGEST_TAG), marked) if marked >= 0 else -1
    end = text.find("</nav>", marked) if start >= 0 and text.startswith("<nav", start) else -1
    if end < 0:
        return text, ""
    version = _VERSION.search(text, marked, end)
    return text[:start] + text[end + len("</nav>") :], version[1] if version else ""


def _without_inherited(text: str) -> str:
    """Return the text without sentences inherited from traits, which contain only inline elements."""
    first, *others = text.split(_INHERITED)
    return "".join((first, *(one.partition("</div>")[2] or one for one in others)))
