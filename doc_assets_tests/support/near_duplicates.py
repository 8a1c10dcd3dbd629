"""Pages that are nearly the same, and the pairs that the store links."""

from __future__ import annotations

import re

from doc_assets.document import Block, Chunk, Document, Section
from doc_assets.document.records import StoredDocument
from doc_assets.store.snapshots.near_duplicate_links import pairs
from doc_assets_tests.support.library import Library

# The window of the made-up model is small, so a page has a passage for every line.
LINES = [f"line {i} tells of gadgets, part{i} of widget{i} and what holds them together" for i in range(12)]


def article(title: str, changed: int = 0, first: str = "", **metadata: str) -> StoredDocument:
    """A page of twelve lines of which the last ``changed`` are its own."""
    own = [f"only {title} {metadata} says this {i} about nothing of note at all" for i in range(changed)]
    lines = [first, *LINES[: 12 - changed], *own] if first else [*LINES[: 12 - changed], *own]
    text = [re.sub(r"[^\w ]", " ", line) for line in lines]
    blocks = tuple(Block(line) for line in text)
    chunks, start = [], 0
    for line in text:
        chunks.append(Chunk(title, line, start, start + len(line), (), None, 20))
        start += len(line) + 2
    return StoredDocument.of(Document(title, "markdown", (Section(blocks=blocks),), metadata), chunks)


def linked(library: Library) -> set[frozenset[str]]:
    with library.store.connect() as connection:
        return {frozenset((pair.one, pair.other)) for pair in pairs(connection)}
