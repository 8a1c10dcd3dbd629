"""Which chunks and documents hold a lexeme, over all segments of a state; BM25 over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from doc_assets.search.live_index.segment import Segment
from doc_assets.search.live_index.stored_words import TIMES


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of all segments, by lexeme, then by row. Rows and documents are numbered over all segments.

    Attributes:
        hashes: Hashes of the lexemes, sorted, ``(L,) uint64``.
        frequencies: Number of different chunks that hold each, ``(L,) int64``.
        offsets: Where the postings of each begin, and the end, ``(L + 1,) int64``.
        rows: Chunk of each posting, ``(P,) int32``.
        positions: Number of positions of each, ``(P,) uint8``.
        document_offsets: Where each lexeme's documents begin, and the end, ``(L + 1,) int64``.
        documents: Document of each pair of lexeme and document, ``(Q,) int32``.
        document_times: Occurrences in the document, ``(Q,) float32``.
    """

    hashes: np.ndarray
    frequencies: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    document_offsets: np.ndarray
    documents: np.ndarray
    document_times: np.ndarray

    @classmethod
    def of(cls, segments: Sequence[Segment], document_of: np.ndarray, counted: np.ndarray) -> Postings:
        """Merge the postings of segments, in time linear in their number.

        Args:
            segments: The segments.
            document_of: Document of each row.
            counted: Rows that count in frequencies, ``(rows,) bool``: of several with the same chunk, one.
        """
        hashes = np.unique(np.concatenate([segment.hashes for segment in segments]))
        at = [np.searchsorted(hashes, segment.hashes) for segment in segments]
        lengths = [np.diff(segment.offsets) for segment in segments]
        sizes = np.zeros(len(hashes) + 1, np.int64)
        for places, length in zip(at, lengths, strict=True):
            sizes[places + 1] += length
        offsets = np.cumsum(sizes)
        rows = np.empty(offsets[-1], np.int32)
        positions = np.empty(offsets[-1], np.uint8)
        free = offsets[:-1].copy()
        first = 0
        for segment, places, length in zip(segments, at, lengths, strict=True):
            targets = np.repeat(free[places] - segment.offsets[:-1], length) + np.arange(len(segment.rows))
            rows[targets] = segment.rows + np.int32(first)
            positions[targets] = segment.positions
            free[places] += length
            first += len(segment.tokens)
        frequencies = np.add.reduceat(counted[rows].astype(np.int64), offsets[:-1])
        return cls(hashes, frequencies, offsets, rows, positions, *_by_document(offsets, document_of[rows], positions))

    @property
    def nbytes(self) -> int:
        """Return the bytes of memory that they take."""
        of_lexemes = (self.hashes, self.frequencies, self.offsets, self.document_offsets)
        of_postings = (self.rows, self.positions, self.documents, self.document_times)
        return sum(array.nbytes for array in (*of_lexemes, *of_postings))

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return the number of each lexeme, -1 where nothing holds it."""
        at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, at, -1)

    def of_chunks(self, lexeme: int, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows from ``first`` to before ``end`` that hold a lexeme, and how often each does."""
        start, stop = self.offsets[lexeme], self.offsets[lexeme + 1]
        rows = self.rows[start:stop]
        low, high = np.searchsorted(rows, (first, end))
        return rows[low:high], TIMES[self.positions[start + low : start + high]]

    def of_documents(self, lexeme: int, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the documents from ``first`` to before ``end`` that hold a lexeme, and how often each does."""
        start, stop = self.document_offsets[lexeme], self.document_offsets[lexeme + 1]
        documents = self.documents[start:stop]
        low, high = np.searchsorted(documents, (first, end))
        return documents[low:high], self.document_times[start + low : start + high]

    def times(self, lexemes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        """Return how often each of the rows, which ascend, holds each lexeme, ``(len(rows), len(lexemes)) float32``."""
        found = np.zeros((len(lexemes), len(rows)), np.float32)
        if not len(rows):
            return found.T
        first, end = int(rows[0]), int(rows[-1]) + 1
        for number, lexeme in enumerate(lexemes):
            holding, often = self.of_chunks(lexeme, first, end)
            if len(holding):
                at = np.minimum(np.searchsorted(holding, rows), len(holding) - 1)
                found[number] = np.where(holding[at] == rows, often[at], 0)
        return found.T


def _by_document(
    offsets: np.ndarray, documents: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum the occurrences of each lexeme in each document; rows ascend, so a document's postings are neighbours."""
    begins = np.empty(len(documents), bool)
    np.not_equal(documents[1:], documents[:-1], out=begins[1:])
    begins[offsets[:-1]] = True
    starts = np.flatnonzero(begins)
    return (
        np.searchsorted(starts, offsets),
        documents[starts].astype(np.int32),
        np.add.reduceat(TIMES[positions], starts),
    )
