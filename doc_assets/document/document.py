"""Documents, sections, blocks and chunks. Nothing here reads files, counts tokens or uses the database."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

BlockKind = Literal["prose", "list", "table", "code", "signature", "output"]

# C0 controls but tab and newline, DEL, and the byte-order mark: PostgreSQL refuses U+0000, terminals act on the rest.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Anything that cleaning changes. Nearly all text has none of it: one search costs a third of the replacements.
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\u2028\u2029\ud800-\udfff]")


def clean_text(text: str) -> str:
    r"""Return text for every later stage: ``\n`` line ends, no control characters, no ANSI codes, no surrogates.

    Idempotent. White space inside lines is kept, so code stays verbatim.
    """
    if _UNCLEAN.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _ANSI.sub("", text)))


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text that a reader sees as one thing: a paragraph, a list, a table, a code listing, a signature.

    ``text`` is never empty, holds no leading or trailing blank lines, and for code is verbatim.
    """

    text: str
    kind: BlockKind = "prose"


@dataclass(frozen=True, slots=True)
class Section:
    """The blocks below one heading, up to the next heading of any level.

    ``heading_path`` goes from the outermost heading below the document's title to this section's own; it is empty for
    what stands before the first heading. ``anchor`` is the fragment that opens the section in a browser, without ``#``.
    """

    heading_path: tuple[str, ...] = ()
    anchor: str | None = None
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Document:
    """One parsed document: clean text by sections, and metadata that is safe as JSON.

    Attributes:
        title: Never empty; formats fall back to the first heading, then to the file's name.
        format: Name of the format that read it, as registered (``markdown``, ``rustdoc_html`` …).
        sections: In reading order.
        parents: Titles above the document's own, outermost first (book, part, chapter), where its source states them.
        metadata: Facts that the document states about itself (front matter, crate, kernel …), JSON types only.
    """

    title: str
    format: str
    sections: tuple[Section, ...]
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    parents: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Return True if no block holds a letter or digit that a search could find."""
        return not any(re.search(r"\w", block.text) for section in self.sections for block in section.blocks)


@dataclass(frozen=True, slots=True)
class LaidOutBlock:
    """A block at its place in the document's text: ``text[start:end] == block.text``, in characters."""

    section: Section
    block: Block
    start: int
    end: int


def lay_out(document: Document) -> tuple[str, list[LaidOutBlock]]:
    """Return the document's text, and the place of each block in it.

    Sections and blocks are separated by one blank line. A section with a heading starts with it, written as Markdown
    (``## Heading``), so that the text reads as the document did. Character spans of chunks refer to this text.
    """
    parts: list[str] = []
    blocks: list[LaidOutBlock] = []
    position = 0

    def write(text: str) -> int:
        nonlocal position
        if parts:
            parts.append("\n\n")
            position += 2
        start = position
        parts.append(text)
        position += len(text)
        return start

    for section in document.sections:
        if section.heading_path:
            write("#" * min(6, len(section.heading_path) + 1) + " " + section.heading_path[-1])
        for block in section.blocks:
            start = write(block.text)
            blocks.append(LaidOutBlock(section, block, start, start + len(block.text)))
    return "".join(parts), blocks


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document's text that fits the model's window: the unit that is embedded, indexed and shown.

    ``text`` equals the document's text between the characters ``start`` and ``end``. ``breadcrumb`` is the title and
    headings above it, never path or version, so that two versions of a page share chunks. ``token_count`` counts what
    the model reads: special tokens, its prompt, and what its reading keeps of the embedding input.
    ``id`` is the SHA-256 of the embedding input (32 bytes), computed once: a load asks for it ten times.
    """

    breadcrumb: str
    text: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    anchor: str | None
    token_count: int
    id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the id."""
        object.__setattr__(self, "id", hashlib.sha256(self.embedding_input.encode()).digest())

    def __reduce__(self) -> tuple[type[Chunk], tuple[object, ...]]:
        """Pickle by the constructor, without the loop in Python that dataclasses with slots bring."""
        values = (self.breadcrumb, self.text, self.start, self.end, self.heading_path, self.anchor, self.token_count)
        return Chunk, values

    @property
    def embedding_input(self) -> str:
        """The text that is embedded, and whose SHA-256 is the chunk's id."""
        return embedding_input(self.breadcrumb, self.text)


def embedding_input(breadcrumb: str, text: str) -> str:
    """Return the text that is embedded of a chunk; ``embedding.reading`` says what a model reads of it."""
    return f"{breadcrumb}\n\n{text}"


def json_safe(value: object, *, depth: int = 8, budget: int = 2_000) -> JsonValue:
    """Return a copy of ``value`` in JSON types that PostgreSQL's ``jsonb`` accepts.

    Dates become ISO strings, sets and tuples lists, keys strings, NaN and infinities ``None``, bytes are dropped. Below
    ``depth`` levels and past ``budget`` values the rest is dropped, so that YAML aliases cannot expand without end.
    """
    remaining = budget

    def convert(item: object, level: int) -> JsonValue:
        nonlocal remaining
        remaining -= 1
        if remaining < 0 or level > depth:
            return None
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, str):
            return clean_text(item)
        if isinstance(item, int):
            return item if abs(item) < 2**63 else str(item)
        if isinstance(item, float):
            return item if math.isfinite(item) else None
        if isinstance(item, Mapping):
            return {clean_text(str(k)): convert(v, level + 1) for k, v in _first(item.items(), remaining)}
        if isinstance(item, (bytes, bytearray, memoryview)):
            return None
        if isinstance(item, (Sequence, set, frozenset)):
            members = sorted(item, key=str) if isinstance(item, (set, frozenset)) else item
            return [convert(v, level + 1) for v in _first(members, remaining)]
        isoformat = getattr(item, "isoformat", None)
        return isoformat() if callable(isoformat) else clean_text(str(item))

    return convert(value, 0)


def _first(items: object, n: int) -> Iterator:
    for i, item in enumerate(items):  # pyrefly: ignore[not-iterable]
        if i >= n:
            return
        yield item


def canonical_json(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """Return JSON with sorted keys and no white space: equal values give equal text on any machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
