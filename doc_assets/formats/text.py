"""The format ``text``: plain text by paragraphs, manual pages by sections, ``llms.txt`` as the Markdown that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.format import markdown_document
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part

_MANUAL = re.compile(r"([\w.+-]+)\((\d\w{0,3})\)")
_MANUAL_HEADING = re.compile(r"[A-Z][A-Z0-9 ,/()'-]{1,60}")
_LINK = re.compile(r"\s*<https?://[^<>\s]{1,500}>")  # a word's link target, written after it
_UNDERLINE = re.compile(r"([=~^-])\1{2,}")
_TITLE_LENGTH = 100  # characters; a longer first line is a paragraph


class TextFormat:
    """Reads text files."""

    name = "text"
    version = 2
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
        text = decode(file.data)
        manual = _MANUAL.match(text.lstrip())
        parts = list(_manual_parts(text) if manual else _parts(text))
        stated = manual[1].lower() if manual else _first_line(text)
        title, sections = outline(parts, title=stated, fallback=readable_name(file.path))
        return [Document(title, self.name, sections)]


def _parts(text: str) -> Iterator[Part]:
    """Yield paragraphs unchanged, indented ones as code, and underlined lines as headings."""
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text):
        lines = paragraph.strip("\n").split("\n")
        if len(lines) > 1 and lines[0].strip() and _is_underline(lines[1], lines[0]):
            yield Heading(1 if lines[1].strip()[0] == "=" else 2, lines[0].strip())
            lines = lines[2:]
        if any(line.strip() for line in lines):
            while not lines[0].strip(" \t"):
                lines = lines[1:]
            indented = all(line.startswith(("    ", "\t")) for line in lines if line.strip())
            yield Block("\n".join(lines).rstrip(), "code" if indented else "prose")


def _is_underline(line: str, above: str) -> bool:
    return _UNDERLINE.fullmatch(line.strip()) is not None and abs(len(line.strip()) - len(above.strip())) <= 3


def _manual_parts(text: str) -> Iterator[Part]:
    """Yield the parts of a manual page: lines of capitals at the margin are headings, the others text."""
    _, _, body = _LINK.sub("", text.lstrip()).partition("\n")
    paragraph: list[str] = []
    for line in [*body.split("\n"), ""]:
        heading = _MANUAL_HEADING.fullmatch(line.rstrip()) is not None
        if paragraph and (heading or not line.strip()):
            yield Block("\n".join(paragraph))
            paragraph = []
        if heading:
            yield Heading(1, line.strip())
        elif line.strip():
            paragraph.append(line.strip())


def _first_line(text: str) -> str | None:
    """Return the first line if it is a line of its own, as a title is."""
    first, _, rest = text.strip("\n").partition("\n")
    alone = not rest.split("\n", 1)[0].strip() or _is_underline(rest.split("\n", 1)[0], first)
    words = first.strip(" \t#=-*")
    return words if alone and rest and len(words) <= _TITLE_LENGTH and re.search(r"[^\W\d_]{2}", words) else None
