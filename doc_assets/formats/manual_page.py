"""Manual pages as text (``man page | col -b``): sections, listings with their indentation, without heads and feet.

The layout is that of man(7) and mdoc(7): headings at the margin, sub-headings at three blanks, text at five or more.
Filled paragraphs are told from listings by their line ends: a formatter breaks a line only where the next word would
not fit. ``text`` holds the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part

_HEAD = re.compile(r"([\w.+:-]{1,60})\((\d\w{0,4})\)(?=\s|$)")
_COLUMNS = re.compile(r"\S[ \t]{3,}\S")
_LINK = re.compile(r"\s*<https?://[^<>\s]{1,500}>")  # a word's link target, written after it
_NAMES = re.compile(r"[\w.+:-]+(?:,\s*[\w.+:-]+)*\s+(?:-{1,2}|[\u2010-\u2014\u2212])\s+\S")
_LONGEST_TITLE = 100  # characters
_SUB_HEADING = 3  # columns
_SLACK = 4  # columns of a line that a formatter may leave empty: hyphenation, protected blanks
_NARROW = 60  # columns of the longest line: narrower pages are not filled to a known width
# Lines that only code has; a sentence seldom ends so.
_CODE_LINE = re.compile(
    r"[{};\\]$|^(?:[$#%>] |#\s*(?:include|define)|[{}]|\[[A-Z]\w*\]$|\w[\w.-]*=\S+$|\w+\(.*\)[;:]?$)"
)
_INNER_COLUMNS = re.compile(r"\S {3,}\S")
_SENTENCE_END = re.compile(r"[^\W\d_]{2}[.:!?,]$")
_TAG = re.compile(r"(?:[-+<\[]|\d{1,2}[.)] ).{0,100}$|\S.{0,100}?\S {3,}\S")  # an option or a term, text beside it
_REFERENCES = re.compile(r"(?:[\w.+:@-]+\(\d\w{0,4}\)(?:[,.]|$)\s*)+")  # SEE ALSO: perl(1), ring(2)
_BULLET = re.compile(r"[•·o*+-] +\S")
_HYPHENATED = re.compile(r"(?<=\w)\u2010\n(\w\S*) *")  # groff writes this hyphen at the ends of lines only
_STRETCHED = re.compile(r"(?<=\S) {2,}(?=\S)")  # a justified line

_Line = tuple[int, str]  # indentation, text


def is_manual_page(text: str) -> bool:
    """Return whether the first line is a manual page's head: ``ring(2)``, alone or at both ends of the line."""
    first = text.lstrip().split("\n", 1)[0].rstrip()
    match = _HEAD.match(first)
    if match is None:
        return False
    rest = first[match.end() :].strip()
    return not rest or rest.lower().endswith(match[0].lower())


def manual_page(text: str) -> tuple[str, list[Part]]:
    """Return the title and the parts of a manual page.

    The title is the line below ``NAME`` (``ring-dump - show what a ring holds``) if it is short, else the page's name.
    """
    lines = [line.rstrip() for line in _LINK.sub("", text.expandtabs()).strip().split("\n")]
    head = lines[0]
    match = _HEAD.match(head)
    name = match[1].lower() if match else head
    label = match[0].lower() if match else head.lower()
    width = max((len(line) for line in lines[1:] if not _COLUMNS.search(line)), default=0)
    parts = list(_parts([line for line in lines[1:] if not _is_chrome(line, label)], width))
    return _stated_title(parts) or name, parts


def _is_chrome(line: str, label: str) -> bool:
    """Return whether a line at the margin is the head or foot of a sheet: columns, or the page's name alone."""
    if not line or line[0].isspace():
        return False
    return line.lower() == label or _COLUMNS.search(line) is not None


def _stated_title(parts: Sequence[Part]) -> str | None:
    for heading, block in pairwise(parts):
        if isinstance(heading, Heading) and heading.text.casefold() == "name" and isinstance(block, Block):
            line = " ".join(block.text.split())
            return line if _NAMES.match(line) and len(line) <= _LONGEST_TITLE else None
    return None


def _parts(lines: Sequence[str], width: int) -> Iterator[Part]:
    paragraph: list[_Line] = []
    listing: list[_Line] = []  # paragraphs of one listing, with a blank line between them
    verbatim = False
    above: list[_Line] = []  # the paragraph before, unless it is of a listing

    def flush() -> Iterator[Part]:
        nonlocal paragraph, listing, above
        if paragraph and (
            verbatim
            or _is_listing(paragraph, width)
            or _continues(listing, paragraph, width)
            or _is_announced(above, paragraph, width)
        ):
            listing += [(0, ""), *paragraph] if listing else paragraph
            paragraph, above = [], []
        elif paragraph:
            yield from end_listing()
            yield _prose(paragraph)
            paragraph, above = [], paragraph

    def end_listing() -> Iterator[Part]:
        nonlocal listing
        if listing:
            margin = min(indent for indent, line in listing if line)
            yield Block("\n".join(" " * (indent - margin) + line if line else "" for indent, line in listing), "code")
            listing = []

    for line in [*lines, ""]:
        words = line.lstrip()
        indent = len(line) - len(words)
        if not words:
            yield from flush()
        elif indent in (0, _SUB_HEADING):
            yield from flush()
            yield from end_listing()
            verbatim = indent == 0 and words.upper() == "SYNOPSIS"
            above = []
            yield Heading(1 if indent == 0 else 2, words)
        else:
            paragraph.append((indent, words))
    yield from end_listing()


def _prose(paragraph: Sequence[_Line]) -> Block:
    text = "\n".join(line for _, line in paragraph)
    text = _STRETCHED.sub(" ", _HYPHENATED.sub(r"\1\n", text))
    return Block(text.rstrip(), "list" if _BULLET.match(text) else "prose")


def _is_listing(paragraph: Sequence[_Line], width: int) -> bool:
    """Return whether lines are code, a table or what a terminal shows: not filled, and with signs of one of these."""
    if _BULLET.match(paragraph[0][1]) or _is_filled(paragraph, width):
        return False
    if all(_REFERENCES.fullmatch(line) for _, line in paragraph):
        return False
    if any(_CODE_LINE.search(line) for _, line in paragraph):
        return True
    indents = [indent for indent, _ in paragraph]
    turns = sum(1 for before, after in pairwise(indents) if after < before)
    if len(paragraph) > 2 and turns and indents[-1] == indents[0]:
        return True
    return len(paragraph) > 1 and sum(1 for _, line in paragraph if _INNER_COLUMNS.search(line)) * 2 > len(paragraph)


def _continues(listing: Sequence[_Line], paragraph: Sequence[_Line], width: int) -> bool:
    """Return whether a paragraph below a listing belongs to it: it is indented further than the listing's margin."""
    if not listing or _BULLET.match(paragraph[0][1]) or _is_filled(paragraph, width):
        return False
    margin = min(indent for indent, line in listing if line)
    return min(indent for indent, _ in paragraph) > margin


def _is_announced(above: Sequence[_Line], paragraph: Sequence[_Line], width: int) -> bool:
    """Return whether lines are what the paragraph above promises ("Run it:"): further in, no sentences, no tags."""
    if not above or not above[-1][1].endswith(":") or paragraph[0][0] <= above[-1][0]:
        return False
    if min(indent for indent, _ in paragraph) < paragraph[0][0] or _BULLET.match(paragraph[0][1]):
        return False
    if len(paragraph) > 1 and paragraph[1][0] > paragraph[0][0]:
        return False
    if len(paragraph) > 1 and width >= _NARROW and _is_filled(paragraph, width):
        return False
    return not any(_SENTENCE_END.search(line) or _TAG.match(line) for _, line in paragraph)


def _is_filled(paragraph: Sequence[_Line], width: int) -> bool:
    """Return whether each line break is one that a formatter made, behind a tag of one line if there is one."""
    if width < _NARROW:
        return not any(_CODE_LINE.search(line) for _, line in paragraph)
    lines = paragraph[1:] if len(paragraph) > 1 and paragraph[1][0] > paragraph[0][0] else paragraph
    if len(lines) == 1:
        if len(paragraph) > 1:
            return _CODE_LINE.search(lines[0][1]) is None
        return lines[0][1].endswith((".", ":", "!", "?"))
    for (indent, line), (below, following) in pairwise(lines):
        if below != indent or indent + len(line) + 1 + len(following.split(None, 1)[0]) <= width - _SLACK:
            return False
    return True
