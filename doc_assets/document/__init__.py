"""The values that flow from ``formats`` through ``chunking`` into ``store``; nothing here reads files or knows SQL.

``document`` holds documents, sections, blocks and chunks, which formats of other packages import from here; ``records``
holds what discovery and parsing produce, ``site`` where a source is published, ``similarity`` compares texts.
"""

from doc_assets.document.document import (
    Block,
    BlockKind,
    Chunk,
    Document,
    JsonValue,
    LaidOutBlock,
    Section,
    canonical_json,
    clean_text,
    embedding_input,
    json_safe,
    lay_out,
)

__all__ = [
    "Block",
    "BlockKind",
    "Chunk",
    "Document",
    "JsonValue",
    "LaidOutBlock",
    "Section",
    "canonical_json",
    "clean_text",
    "embedding_input",
    "json_safe",
    "lay_out",
]
