"""The format ``text``: plain text by paragraphs and headings, ``llms.txt`` as the Markdown that it is.

``manual_page`` reads manual pages, ``memo`` RFCs and other text in sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.manual_page import is_manual_page, manual_page
from doc_assets.formats.markdown.format import markdown_document
from doc_assets.formats.memo import is_memo, memo
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part

_OVERSTRUCK = re.compile(rb"[\x00-\x7f\xc0-\xff][\x80-\xbf]{0,3}\x08")  # bold and underlined words on a printer
_ADORNMENT = re.compile(r"([=~^*#+_-])\1{2,}")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,4})\.?[ \t]+(?=\S*[^\W\d])\S.{0,90}(?<![.,;:!?])")
_ITEM = re.compile(r"[ \t]{0,3}(?:[-*•+o]|\d{1,3}[.)])[ \t]+\S")
_CODE_LINE = re.compile(r"[{}]|[;\\]$|^[$#%>] |\S {3,}|\S\t|\w\(\w*\)| =")
_SENTENCE = 6  # words in each line of prose, on average
_TITLE_LENGTH = 100  # characters; a longer first line is a paragraph


class TextFormat:
    """Reads text files."""

    name = "text"
    version = 3
    suffixes = frozenset((".txt",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True for any file with the suffix."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the text as one document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        if file.stem.lower() in ("llms", "llms-full"):
            return [markdown_document(file, self.name, mdx=False)]
        text = decode(_OVERSTRUCK.sub(b"", file.data) if b"\b" in file.data else file.data)
        if is_manual_page(text):
            stated, parts = manual_page(text)
        elif is_memo(text):
            stated, parts = memo(text)
        else:
            stated, parts = _first_line(text), list(_parts(text))
        title, sections = outline(parts, title=stated, fallback=readable_name(file.path))
        return [Document(title, self.name, sections)]


def _parts(text: str) -> Iterator[Part]:
    """Yield paragraphs unchanged, indented ones as code; lines with a rule below, and numbered lines, as headings."""
    paragraphs = [paragraph.strip("\n").split("\n") for paragraph in re.split(r"\n(?:[ \t]*\n)+", text)]
    numbered = _are_numbered(paragraphs)
    ranks: list[tuple[str, bool]] = []  # kinds of rule in the order of their first heading
    opening = True
    for lines in paragraphs:
        if found := _ruled(lines):
            heading, style, lines = found
            if style not in ranks:
                # A page whose first rule is a thin one below other text has no title; its headings are sections'.
                if not ranks and not opening and style[0] != "=" and not style[1]:
                    ranks.append(("=", False))
                ranks.append(style)
            yield Heading(min(6, ranks.index(style) + 1), heading)
        elif numbered and len(lines) == 1 and (match := _NUMBERED.fullmatch(lines[0].rstrip())):
            yield Heading(2 + match[1].count("."), lines[0].strip())
            continue
        while lines and not lines[0].strip():
            lines = lines[1:]
        if lines:
            yield _block(lines, is_title=opening and len(lines) == 1)
            opening = False


def _block(lines: Sequence[str], *, is_title: bool) -> Block:
    """Return a paragraph as it stands, and its kind; indented sentences and a centred title lose their indentation."""
    text = "\n".join(lines).rstrip()
    if not all(line.startswith(("    ", "\t")) for line in lines if line.strip()):
        is_list = _ITEM.match(lines[0]) and all(_ITEM.match(line) or line[:1].isspace() for line in lines[1:])
        return Block(text, "list" if is_list else "prose")
    stripped = [line.strip() for line in lines]
    words = sum(len(line.split()) for line in stripped)
    indents = {line[: len(line) - len(line.lstrip())] for line in lines if line.strip()}
    is_sentence = (
        len(indents) == 1 and words >= _SENTENCE * len(lines) and text[-1] in ".:?!" and stripped[0][:1].isalpha()
    )
    if is_title or (is_sentence and not any(_CODE_LINE.search(line) for line in stripped)):
        return Block("\n".join(stripped).strip())
    return Block(text, "code")


def _ruled(lines: Sequence[str]) -> tuple[str, tuple[str, bool], Sequence[str]] | None:
    """Return the heading that opens the lines, its kind of rule and whether it has one above, and the lines below."""
    over = len(lines) > 2 and _ADORNMENT.fullmatch(lines[0].strip()) is not None
    if (
        over
        and lines[1].strip()
        and lines[2].strip() == lines[0].strip()
        and len(lines[0].strip()) >= len(lines[1].strip())
    ):
        return lines[1].strip(), (lines[0].strip()[0], True), lines[3:]
    if len(lines) > 1 and lines[0].strip() and _is_rule(lines[1], lines[0]):
        return lines[0].strip(), (lines[1].strip()[0], False), lines[2:]
    return None


def _is_rule(line: str, above: str) -> bool:
    return _ADORNMENT.fullmatch(line.strip()) is not None and abs(len(line.strip()) - len(above.strip())) <= 3


def _are_numbered(paragraphs: Sequence[Sequence[str]]) -> bool:
    """Return whether lines such as ``2.1 Maps`` stand alone; ``2. Then wait`` without them is an item of a list."""
    return any(len(p) == 1 and (m := _NUMBERED.fullmatch(p[0].rstrip())) and "." in m[1] for p in paragraphs)


def _first_line(text: str) -> str | None:
    """Return the first line if it is a line of its own, as a title is; or the first heading if it opens the text."""
    lines = text.strip("\n").split("\n", 3)
    if found := _ruled(lines):
        return found[0] if re.search(r"[^\W\d_]{2}", found[0]) else None
    first, rest = lines[0], lines[1:]
    words = first.strip(" \t#=-*")
    alone = bool(rest) and not rest[0].strip()
    return words if alone and len(words) <= _TITLE_LENGTH and re.search(r"[^\W\d_]{2}", words) else None
