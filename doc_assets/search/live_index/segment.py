"""A segment: all chunks of one snapshot as arrays. It never changes, as the snapshot does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from doc_assets.errors import NotFound
from doc_assets.search.live_index.stored_words import parse_vectors
from doc_assets.search.live_index.vectors import Codes
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.live_passages import (
    LiveSnapshot,
    StoredChunks,
    StoredFiles,
    stored_chunks,
    stored_documents,
    stored_files,
)


@dataclass(frozen=True, slots=True)
class Segment:
    """The documents of a snapshot, each once, and their chunks in the order of documents, then of ordinals.

    Attributes:
        document_ids: D ids, sorted.
        document_tokens: Tokens of each document, ``(D,) int64``.
        starts: Row of each document's first chunk, ``(D,) int64``.
        chunk_keys: The first 8 bytes of each chunk's id, ``(C,) uint64``: chunks of the same text have the same.
        tokens: Tokens of each chunk, ``(C,) int32``.
        hashes: Hashes of the lexemes that occur, sorted, ``(L,) uint64``.
        offsets: Where the postings of each lexeme begin, and the end, ``(L + 1,) int64``.
        rows: Chunk of each posting, ascending for each lexeme, ``(P,) int32``.
        positions: Number of positions of each posting, ``(P,) uint8``.
        codes: The chunks' vectors.
        files: Where the documents stand.
    """

    document_ids: list[bytes]
    document_tokens: np.ndarray
    starts: np.ndarray
    chunk_keys: np.ndarray
    tokens: np.ndarray
    hashes: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    codes: Codes
    files: StoredFiles

    @property
    def nbytes(self) -> int:
        """Return the bytes of memory that it takes."""
        arrays = (self.document_tokens, self.starts, self.chunk_keys, self.tokens, self.hashes, self.offsets, self.rows)
        of_files = 400 * len(self.document_ids)
        return sum(array.nbytes for array in (*arrays, self.positions)) + self.codes.nbytes + of_files


def read_segment(
    connection: Connection, snapshot: LiveSnapshot, on_chunks: Callable[[int], None] = lambda n: None
) -> Segment:
    """Read a snapshot, 2,000 chunks at a time.

    Args:
        connection: A transaction that reads; it need not see one state, since a snapshot never changes.
        snapshot: The snapshot.
        on_chunks: Called with the number of chunks that were read, after each part.

    Raises:
        NotFound: The snapshot was removed meanwhile.
    """
    documents = stored_documents(connection, snapshot.id)
    parts = []
    for part in stored_chunks(connection, documents, snapshot.space_id, snapshot.dimensions):
        parts.append(_Part.of(part))
        on_chunks(len(part.ids))
    found = sum(len(part.tokens) for part in parts)
    if not parts or found != documents.chunks.sum():
        raise NotFound(f"snapshot {snapshot.id} was removed while it was read")
    before = np.cumsum([0, *(len(part.tokens) for part in parts)]).tolist()
    hashes = np.concatenate([part.hashes for part in parts])
    # Stable, and parts come in the order of rows: rows ascend for each lexeme.
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    rows = np.concatenate([part.rows + np.int32(first) for part, first in zip(parts, before[:-1], strict=True)])[order]
    different, starts = np.unique(hashes, return_index=True)
    return Segment(
        document_ids=documents.ids,
        document_tokens=documents.tokens,
        starts=np.cumsum(documents.chunks) - documents.chunks,
        chunk_keys=np.concatenate([part.chunk_keys for part in parts]),
        tokens=np.concatenate([part.tokens for part in parts]),
        hashes=different,
        offsets=np.append(starts, len(hashes)),
        rows=rows,
        positions=np.concatenate([part.positions for part in parts])[order],
        codes=Codes.joined([part.codes for part in parts]),
        files=stored_files(connection, snapshot.id, documents.ids),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    chunk_keys: np.ndarray
    tokens: np.ndarray
    hashes: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    codes: Codes

    @classmethod
    def of(cls, chunks: StoredChunks) -> _Part:
        hashes, rows, positions = parse_vectors(chunks.words)
        keys = np.frombuffer(b"".join(chunk_id[:8] for chunk_id in chunks.ids), np.uint64)
        return cls(keys, chunks.tokens.astype(np.int32), hashes, rows, positions, Codes.of(chunks.vectors))
