"""The index that a site gives to language models, llms.txt (https://llmstxt.org): pages in order, below their titles.

The proposal: a title, a summary, chapters of lists of links with notes, a last chapter "Optional". Real ones have
several titles, chapters below chapters, nested lists, links in prose, relative and bare addresses. ``llms_order`` hands
what was fetched of it on to the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from doc_assets.formats.navigation.place import joined, title_of

_DEEPEST = 20  # nested items
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,6}[.)])[ \t]+(.*)")
# Each part is bounded, so that a line of open brackets takes time in proportion to its length.
_LINK = re.compile(
    r"(?<!!)\[(?P<title>[^\[\]]{0,300}(?:\[[^\[\]]{0,100}\][^\[\]]{0,300}){0,2})\]"
    r"\([ \t]{0,4}<?(?P<target>[^\s<>()]{1,2000}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,500}){0,2})>?"
    r"(?:[ \t][^()]{0,300})?\)"
    r"|<(?P<bare>https?://[^\s<>]{1,2000})>|(?<![\w(<\"'=])(?P<plain>https?://[^\s<>()\[\]]{1,2000})",
    re.IGNORECASE,
)
_NAMED = re.compile(r"([^:\uff1a]{1,100})[:\uff1a]\s{0,3}\Z")  # what stands before a bare address
_MARKS = re.compile(r"\*{1,3}|`{1,3}|\\(?=[\\`*_{}\[\]()#+.!|-])")
_HTML = re.compile(
    r"\s{0,200}(?:<!--.{0,2000}?-->\s{0,200}){0,3}<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_TRAILING = ".,;:!?\"'"
# Chapters that say of their pages only that they are pages.
_PLAIN = frozenset(
    ("docs", "documentation", "documentation index", "optional", "pages", "table of contents", "all pages", "links")
)


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of an index.

    Attributes:
        target: Its address as the index has it, which may be relative.
        title: Its title there; "" where the index has none.
        parents: The titles above it, outermost first.
        optional: Whether it stands in the chapter "Optional".
    """

    target: str
    title: str
    parents: tuple[str, ...]
    optional: bool


def listed_pages(text: str) -> Iterator[ListedPage]:
    """Yield the links of an index in order, also those that lead elsewhere or are repeated; not images, nor code."""
    headings: list[tuple[int, str]] = []
    items: list[tuple[int, str]] = []
    for block in _blocks(text):
        above: list[tuple[int, str]] = []
        if block.level:
            headings = [one for one in headings if one[0] < block.level]
        elif block.depth >= 0:
            items = [one for one in items if one[0] < block.depth][:_DEEPEST]
            above = items
        elif block.indented:
            above = items
        links = list(_links(block.text))
        for target, title in links:
            yield ListedPage(target, title, _parents(headings, above), _is_optional(headings))
        words = links[0][1] if links else _plain(block.text).rstrip(":")
        if block.level:
            headings.append((block.level, words))
            items = []
        elif block.depth >= 0:
            items = [*items, (block.depth, words)]  # what stands below an item is below its page, or below its words
        elif not block.indented:
            items = []


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading (``level`` from 1), an item (``depth`` from 0) or a paragraph, in one line."""

    text: str
    level: int = 0
    depth: int = -1
    indented: bool = False


def _blocks(text: str) -> Iterator[_Block]:
    """Yield what the lines make; a link may begin in one line and end in the next."""
    fence = ""
    lines: list[str] = []
    kind = _Block("")
    for line in (*text.splitlines(), ""):
        marker = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line)
        item = None if fence else _ITEM.match(line)
        goes_on = not (fence or marker or heading or item) and line.strip()
        if not goes_on and lines:
            yield replace(kind, text=" ".join(lines))
            lines = []
        if marker:
            fence = "" if fence and marker[1].startswith(fence) else fence or marker[1]
        elif heading:
            yield _Block(heading[2].rstrip().rstrip("#"), level=len(heading[1]))
        elif item:
            kind, lines = _Block("", depth=len(item[1].expandtabs(4))), [item[2]]
        elif goes_on:
            if not lines:
                kind = _Block("", indented=line[0] in " \t")
            lines.append(line.strip())


def is_page_of_html(text: str) -> bool:
    """Return whether an answer is a page of HTML instead of an index or a page as Markdown."""
    return _HTML.match(text[:8_000]) is not None


def _links(text: str) -> Iterator[tuple[str, str]]:
    for found in _LINK.finditer(text):
        if target := found["target"]:
            title = found["title"]
            yield target, "" if "![" in title else _plain(title)
        else:
            named = _NAMED.match(text, 0, found.start())
            yield found["bare"] or found["plain"].rstrip(_TRAILING), _plain(named[1]) if named else ""


def _plain(text: str) -> str:
    return title_of(_MARKS.sub("", text))


def _parents(headings: list[tuple[int, str]], items: list[tuple[int, str]]) -> tuple[str, ...]:
    return joined(title for _, title in (*headings, *items) if title.casefold() not in _PLAIN)


def _is_optional(headings: list[tuple[int, str]]) -> bool:
    return any(title.casefold() == "optional" for _, title in headings)
