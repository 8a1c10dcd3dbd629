"""What must hold of everything that a format or the chunker makes, whatever it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import get_args

from doc_assets.chunking.chunker import chunk
from doc_assets.document import BlockKind, Document, JsonValue, canonical_json, clean_text, lay_out
from doc_assets.document.records import StoredDocument
from doc_assets.embedding.tokenizer import WindowTokenizer

# Output may repeat what it read (a title in every metadata, an include several times), but not multiply without end.
_MOST_CHARACTERS_PER_BYTE = 40
_MOST_CHARACTERS_ANYWAY = 1_200_000
# A line of no-break spaces is not blank: it is what its author wrote.
_BLANK = " \t\n"


class Violated(Exception):
    """A property does not hold; the message says which, and shows what broke it."""


def check(holds: object, what: str, shown: object = "") -> None:
    """Raises ``Violated`` unless ``holds``."""
    if not holds:
        raise Violated(f"{what}: {str(shown)[:200]!r}" if shown != "" else what)


def check_documents(documents: Sequence[Document], size: int) -> None:
    """Each document is clean, sound and of a size that its ``size`` bytes can explain."""
    check(documents, "parse gave no document instead of DocumentSkipped")
    for document in documents:
        check_document(document)
    characters = sum(len(lay_out(document)[0]) for document in documents)
    most = _MOST_CHARACTERS_ANYWAY + _MOST_CHARACTERS_PER_BYTE * size
    check(characters <= most, f"{characters:,} characters out of {size:,} bytes")


def check_document(document: Document) -> None:
    """Title, headings, anchors, blocks and metadata are what ``doc_assets.document`` promises."""
    check(document.title.strip(), "the title is empty")
    for text in (document.title, *document.parents):
        check_clean(text, "title or parent")
    check(all(parent.strip() for parent in document.parents), "a parent is empty", document.parents)
    for section in document.sections:
        for heading in section.heading_path:
            check(heading.strip(), "a heading is empty", section.heading_path)
            check_clean(heading, "heading")
        if section.anchor is not None:
            check_clean(section.anchor, "anchor")
        for block in section.blocks:
            check(block.kind in get_args(BlockKind), "unknown kind of block", block.kind)
            check(block.text.strip(_BLANK), "a block is empty")
            check_clean(block.text, f"{block.kind} block")
            lines = block.text.split("\n")
            check(
                lines[0].strip(_BLANK) and lines[-1].strip(_BLANK),
                "a block begins or ends with a blank line",
                block.text,
            )
    check_metadata(document.metadata)


def check_clean(text: str, where: str) -> None:
    """No NUL, control character, ANSI code or surrogate: UTF-8 and PostgreSQL take it."""
    check(isinstance(text, str), f"{where} is no text", type(text))
    check(text == clean_text(text), f"{where} is not clean", ascii(text))
    text.encode()


def check_metadata(metadata: Mapping[str, JsonValue]) -> None:
    """JSON that ``jsonb`` takes, and that reads back as it was written."""
    written = canonical_json(metadata)
    check(canonical_json(json.loads(written)) == written, "metadata reads back differently", written)
    check("\\u0000" not in written.replace("\\\\", ""), "metadata holds U+0000", written)  # not an escaped backslash
    check_clean(written, "metadata")


def check_chunks(document: Document, tokenizer: WindowTokenizer) -> None:
    """Chunks are exact cuts in order, hold every word once, fit the window, and can be stored."""
    chunks = chunk(document, tokenizer)
    text, blocks = lay_out(document)
    covered = bytearray(len(text))
    last = 0
    for passage in chunks:
        check(passage.text == text[passage.start : passage.end], "a chunk's span is not its text", passage.text)
        check(passage.start >= last, "chunks overlap or are out of order")
        check(re.search(r"\w", passage.text), "a chunk without a word", passage.text)
        check(passage.token_count <= tokenizer.max_tokens, f"a chunk of {passage.token_count} tokens")
        check_clean(passage.embedding_input, "chunk")
        last = passage.end
        covered[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    counted = tokenizer.count([passage.embedding_input for passage in chunks])
    check([passage.token_count for passage in chunks] == counted, "a chunk's tokens are miscounted")
    for block in blocks:
        for word in re.finditer(r"\w+", text[block.start : block.end]):
            span = covered[block.start + word.start() : block.start + word.end()]
            check(all(span), "a word is in no chunk", word[0])
    stored = StoredDocument.of(document, chunks)
    check(len(stored.id) == 32, "a document without an id")
