"""The values that flow from ``formats`` through ``chunking`` into ``store``; nothing here reads files or uses SQL.

``document`` holds documents, sections, blocks and chunks, which formats of other packages import from here; ``records``
holds the results of discovery and parsing, ``reasons`` the form of what a file is rejected for, ``site`` a source's
place on the web, ``similarity`` compares texts.
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
