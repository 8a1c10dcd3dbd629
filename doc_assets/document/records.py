"""The results of discovery and parsing: files of a source, manifest rows, documents ready to be stored."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, fields

from doc_assets.document import Chunk, Document, canonical_json, lay_out

Outcome = str  # one of OUTCOMES
OUTCOMES = ("loaded", "duplicate", "skipped", "rejected")  # as the table's check says


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as its rows.

    Attributes:
        id: SHA-256 over title, format, text, metadata and the places of its chunks; ``document_digest`` in SQL.
        metadata_json: Canonical JSON.
        chunks: In order; never empty.
    """

    id: bytes
    title: str
    format: str
    text: str
    metadata_json: str
    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, document: Document, chunks: Sequence[Chunk]) -> StoredDocument:
        """Return the rows of a parsed and chunked document."""
        text, _ = lay_out(document)
        return cls.of_parts(document.title, document.format, text, canonical_json(document.metadata), chunks)

    @classmethod
    def of_parts(
        cls, title: str, format: str, text: str, metadata_json: str, chunks: Sequence[Chunk]
    ) -> StoredDocument:
        """Return the rows of a document that is laid out already."""
        digest = hashlib.sha256()
        for part in (title, format, text, metadata_json):
            digest.update(_sha256(part))
        digest.update(hashlib.sha256(b"".join(_place(chunk) for chunk in chunks)).digest())
        return cls(digest.digest(), title, format, text, metadata_json, tuple(chunks))


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One row of the manifest, with the documents of the file.

    Attributes:
        path: Relative to the source.
        size: Bytes.
        fingerprint: SHA-256 of the bytes; None where the file was not read.
        outcome: One of ``OUTCOMES``.
        reason: Why it was not loaded.
        duplicate_of: The path that is loaded in its place.
        documents: Empty unless loaded.
        includes: Paths in the source that the document's includes requested, found or not, sorted.
        includes_sha256: Over these paths and their bytes; None where there are none.
    """

    path: str
    size: int
    fingerprint: bytes | None
    outcome: Outcome
    reason: str | None = None
    duplicate_of: str | None = None
    documents: tuple[StoredDocument, ...] = ()
    includes: tuple[str, ...] = ()
    includes_sha256: bytes | None = None


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _place(chunk: Chunk) -> bytes:
    """Return the bytes that tie a chunk to its document; ``chunk_place`` in SQL."""
    spans = struct.pack(">ii", chunk.start, chunk.end)
    return chunk.id + spans + _sha256("\x1f".join(chunk.heading_path)) + _sha256(chunk.anchor or "")


@dataclass(frozen=True, slots=True)
class Discovered:
    """A file of the source that a load has to account for.

    Attributes:
        path: Relative to the source.
        size: Bytes.
        fingerprint: SHA-256 of the bytes; None for a changed file, which only the parse worker reads.
    """

    path: str
    size: int
    fingerprint: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The content of a snapshot in numbers: the columns of these names in ``snapshot``, and every report of a load.

    Attributes:
        files: Discovered files; the next four count them by outcome.
        documents: Documents of the loaded files.
        chunks: Chunks of these documents; one that several share counts several times.
        tokens: Tokens of these chunks.
        bytes: Bytes of all files.
    """

    files: int = 0
    loaded: int = 0
    duplicate: int = 0
    skipped: int = 0
    rejected: int = 0
    documents: int = 0
    chunks: int = 0
    tokens: int = 0
    bytes: int = 0


COUNTS = tuple(count.name for count in fields(Counts))
