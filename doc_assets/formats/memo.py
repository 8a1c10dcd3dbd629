"""Memos of the IETF as text (RFCs, Internet-Drafts): sections and listings, without the heads and feet of sheets.

The layout is RFC 7994's and that of its predecessors: headings at the margin, text at three blanks, 72 columns.
``text`` holds the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part

_MEMO = re.compile(r"^(?:Request for Comments: *(\d{1,5})|RFC: *(\d{1,5})|Internet-Draft\b)", re.MULTILINE)
_HEADER_LINES = 20
_FOOT = re.compile(
    r"\n*\n\S[^\n]{0,90}\[Page \d{1,4}\][ \t]*\n(?:\f?\n)*(?:\f?\S[^\n]{0,90} {2,}[^\n]*\d{4}[ \t]*\n)?\n*"
)
_CONTENTS = re.compile(r"(?: ?\.){2,} *\d{1,4}$")
_SENTENCE_END = (".", ":", "!", "?", ";")
_NUMBER = re.compile(r"(?:(\d{1,2}(?:\.\d{1,3}){0,5})|(?:Appendix )?[A-Z](?:\.\d{1,3}){0,4})\.(?= )|Appendix [A-Z]\b")
_LONGEST_HEADING = 120  # characters, on one or two lines
_MARGIN = 3  # columns


def is_memo(text: str) -> bool:
    """Return whether a text opens with the header of an RFC or an Internet-Draft."""
    return _MEMO.search("\n".join(text.lstrip().split("\n", _HEADER_LINES)[:_HEADER_LINES])) is not None


def memo(text: str) -> tuple[str | None, list[Part]]:
    """Return the title (``RFC 9000: QUIC: A UDP-Based …``), if it is found, and the parts of a memo."""
    number = _MEMO.search(text)
    header, blank, body = text.strip().partition("\n\n")
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", _FOOT.sub(_seam, body).strip("\n"))
    title = None
    if paragraphs and all(line[:1].isspace() for line in paragraphs[0].split("\n")):  # centred
        title = " ".join(paragraphs.pop(0).split())
        if number and (digits := number[1] or number[2]):
            title = f"RFC {digits}: {title}"
    return title, [Block(header.rstrip()), *_parts(paragraphs)] if blank else [Block(header)]


def _seam(match: re.Match[str]) -> str:
    """Join a paragraph that goes over from one sheet to the next."""
    before = match.string[: match.start()].rstrip()[-1:]
    after = match.string[match.end() : match.end() + _MARGIN + 1]
    goes_on = before not in _SENTENCE_END and after[:_MARGIN].isspace() and after[-1:].islower()
    return "\n" if goes_on else "\n\n"


def _parts(paragraphs: list[str]) -> Iterator[Part]:
    listing: list[str] = []
    for paragraph in paragraphs:
        lines = [line.rstrip() for line in paragraph.expandtabs().split("\n") if line.strip()]
        if not lines or _is_contents(lines):
            continue
        heading = " ".join(" ".join(lines).split())
        at_margin = not lines[0][0].isspace() and len(lines) <= 2 and len(heading) <= _LONGEST_HEADING
        if not at_margin and _is_listing(lines):
            listing.append("\n".join(lines))
            continue
        if listing:
            yield Block(_dedented("\n\n".join(listing)), "code")
            listing = []
        if at_margin:
            yield Heading(_level(heading), heading)
        else:
            yield Block(_dedented("\n".join(lines)))
    if listing:
        yield Block(_dedented("\n\n".join(listing)), "code")


def _is_contents(lines: list[str]) -> bool:
    return sum(1 for line in lines if _CONTENTS.search(line)) * 2 > len(lines)


def _is_listing(lines: list[str]) -> bool:
    """Return whether lines are a figure, a grammar or code: further in than text, and not filled."""
    indents = [len(line) - len(line.lstrip()) for line in lines]
    if min(indents) <= _MARGIN:
        return False
    hanging = len(set(indents[1:])) <= 1 and indents[-1] >= indents[0]
    return not hanging or any(re.search(r"\S {3,}\S|[{};|+]$|::?=|^ *[\w.-]+ +=/? ", line) for line in lines)


def _dedented(text: str) -> str:
    lines = text.split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line)
    return "\n".join(line[margin:] for line in lines)


def _level(heading: str) -> int:
    """Return the level of a section by its number: ``2.1.`` is below ``2.``."""
    number = _NUMBER.match(heading)
    return 2 + (number[0].rstrip(".").count(".") if number else 0)
