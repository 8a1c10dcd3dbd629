"""Documents of several sections with true places, as a load stores them, for readers who want more than a chunk."""

from __future__ import annotations

from collections.abc import Mapping

from doc_assets.document import Chunk, Document, JsonValue, Section, lay_out
from doc_assets.document.document import Block
from doc_assets.document.records import StoredDocument


def guide(title: str, sections: Mapping[str, str], **metadata: JsonValue) -> StoredDocument:
    """A document whose sections (``"Install > On Linux"``, "" for none) hold paragraphs, each of which is a chunk."""
    parts = tuple(
        Section(
            tuple(heading.split(" > ")) if heading else (),
            heading.split(" > ")[-1].lower().replace(" ", "-"),
            tuple(Block(paragraph) for paragraph in text.split("\n\n")),
        )
        for heading, text in sections.items()
    )
    document = Document(title, "markdown", parts, metadata)
    text, blocks = lay_out(document)
    chunks = [
        Chunk(
            " > ".join([title, *b.section.heading_path]),
            text[b.start : b.end],
            b.start,
            b.end,
            b.section.heading_path,
            b.section.anchor,
            len(b.block.text.split()) + 3,
        )
        for b in blocks
    ]
    return StoredDocument.of(document, chunks)
