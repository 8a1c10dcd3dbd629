"""What is live at one time, as one index: the segments of all live snapshots, merged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.search.live_index.postings import Postings
from doc_assets.search.live_index.recent import Recent
from doc_assets.search.live_index.segment import Segment
from doc_assets.search.live_index.vectors import Components
from doc_assets.store.search.evidence import Terms
from doc_assets.store.search.live_passages import LiveSnapshot
from doc_assets.store.search.places import DocumentPlace
from doc_assets.store.search.words import CHUNK_B, DOCUMENT_B, K1

# The components are computed anew when the vectors are so many times as many as those they were computed from.
_GROWTH = 1.5
_SCOPES_KEPT = 64
_QUERIES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class FoundTerms:
    """Terms of a query with the numbers of their lexemes in the postings, rarest first."""

    terms: Terms
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a search reads of a state: the documents and chunks within bounds, but for those that are masked.

    Attributes:
        documents: First document, and the end.
        chunks: First row, and the end.
        allowed: Documents within the bounds that are in scope, ``(n,) bool``; None for all.
        allowed_chunks: The same for rows.
    """

    documents: tuple[int, int]
    chunks: tuple[int, int]
    allowed: np.ndarray | None
    allowed_chunks: np.ndarray | None


class LiveState:
    """The segments of what is live, with their documents and chunks numbered in the order of the snapshots.

    A document that several snapshots hold stands in each of their segments.

    Attributes:
        key: The state's ``live_key``.
        space: The embedding space of all vectors.
        snapshots: The live snapshots, by type and source.
        visible_chunks: Chunks in them, counted again in each.
        document_ids: Ids of all documents.
        document_tokens: Tokens of each, ``(D,) int64``.
        starts: Row of each document's first chunk, and the end, ``(D + 1,) int64``.
        document_of: Document of each row, ``(C,) int32``.
        tokens: Tokens of each chunk, ``(C,) int32``.
        mean_chunk_tokens: Tokens of a chunk, on average.
        mean_document_tokens: Tokens of a document, on average.
        chunk_norms: What BM25 adds to the occurrences of a term in a chunk of this length, ``(C,) float32``.
        document_norms: The same for documents, ``(D,) float32``.
        postings: The words.
        holders: Numbers of the snapshots that hold each document.
        places: Files of the documents that were found, by snapshot and document.
        near: Live near duplicates of the documents that have any, with their similarity.
        includes: Paths of the files that a file includes, of those that include any.
        terms: Terms of the queries asked last: how rare they are depends on the state.
        components: The vectors' principal components.
        projections: The vectors' projections on them, ``(C, kept) float32``.
    """

    def __init__(
        self,
        key: str,
        space: EmbeddingSpace,
        snapshots: Sequence[LiveSnapshot],
        segments: Sequence[Segment],
        components: Components | None = None,
    ) -> None:
        """Merge segments, one for each snapshot; ``components`` are those of the state before."""
        self.key = key
        self.space = space
        self.snapshots = tuple(snapshots)
        self.segments = tuple(segments)
        self.document_ids = [document_id for segment in segments for document_id in segment.document_ids]
        self.document_tokens = np.concatenate([segment.document_tokens for segment in segments])
        self.first_rows = np.cumsum([0, *(len(segment.tokens) for segment in segments)])
        self.first_documents = np.cumsum([0, *(len(segment.document_ids) for segment in segments)])
        starts = [segment.starts + first for segment, first in zip(segments, self.first_rows[:-1], strict=True)]
        self.starts = np.append(np.concatenate(starts), self.first_rows[-1])
        self.document_of = np.repeat(np.arange(len(self.document_ids), dtype=np.int32), np.diff(self.starts))
        self.tokens = np.concatenate([segment.tokens for segment in segments])
        keys = np.concatenate([segment.chunk_keys for segment in segments])
        counted = np.zeros(len(keys), bool)
        counted[np.unique(keys, return_index=True)[1]] = True
        self.postings = Postings.of(segments, self.document_of, counted)
        tokens = sum(snapshot.tokens for snapshot in snapshots)
        self.visible_chunks = sum(snapshot.chunks for snapshot in snapshots)
        self.mean_chunk_tokens = tokens / self.visible_chunks
        self.mean_document_tokens = tokens / sum(snapshot.documents for snapshot in snapshots)
        self.chunk_norms = _norms(self.tokens, self.mean_chunk_tokens, CHUNK_B)
        self.document_norms = _norms(self.document_tokens, self.mean_document_tokens, DOCUMENT_B)
        codes = [segment.codes for segment in segments]
        if components is None or not 1 / _GROWTH <= len(keys) / components.trained <= _GROWTH:
            components = Components.of(codes)
        self.components = components
        self.projections = np.concatenate([components.projected(each) for each in codes])
        self._several = _of_several_snapshots(segments, self.first_documents)
        self.holders: dict[bytes, list[int]] = {}
        for number, segment in enumerate(segments):
            for document_id in segment.document_ids:
                self.holders.setdefault(document_id, []).append(number)
        self.places: dict[tuple[int, bytes], list[DocumentPlace]] = {}
        self.near = _live_pairs(segments, self.holders)
        self.includes = {
            (snapshot.doc_type, snapshot.source, path): included
            for snapshot, segment in zip(snapshots, segments, strict=True)
            for path, included in segment.files.includes.items()
        }
        self.terms: Recent[str, FoundTerms] = Recent(_QUERIES_KEPT)
        self._scopes: Recent[tuple[object, ...], Rows | None] = Recent(_SCOPES_KEPT)

    @property
    def nbytes(self) -> int:
        """Return the bytes of memory that it takes, segments included."""
        own = (self.document_tokens, self.document_norms, self.starts, self.document_of, self.tokens, self.chunk_norms)
        of_arrays = sum(array.nbytes for array in (*own, self.projections))
        of_segments = sum(segment.nbytes for segment in self.segments)
        return of_arrays + of_segments + self.postings.nbytes + 200 * len(self.document_ids)

    def cosines(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Return the cosines of these rows, which ascend, and a query's vector, ``(len(rows),) float32``."""
        found = np.empty(len(rows), np.float32)
        bounds = np.searchsorted(rows, self.first_rows)
        for number in np.flatnonzero(np.diff(bounds)):
            here = slice(bounds[number], bounds[number + 1])
            found[here] = self.segments[number].codes.cosines(rows[here] - self.first_rows[number], query)
        return found

    def rows_of(
        self, chosen: Sequence[int], conditions: object, matching: Callable[[], Collection[bytes] | None]
    ) -> Rows | None:
        """Return what a search of some snapshots reads; kept for the next search of the same. None if not known.

        Args:
            chosen: Numbers of the snapshots, ascending, at least one.
            conditions: What documents must meet, as a key; None for nothing.
            matching: Returns the ids of the documents that do, live or not; None if it cannot list them.
        """

        def find() -> Rows | None:
            listed = None if conditions is None else matching()
            return None if conditions is not None and listed is None else self._rows_of(chosen, listed)

        return self._scopes.of((tuple(chosen), conditions), find)

    def _rows_of(self, chosen: Sequence[int], matching: Collection[bytes] | None) -> Rows:
        first, end = int(self.first_documents[chosen[0]]), int(self.first_documents[chosen[-1] + 1])
        allowed = np.zeros(end - first, bool)
        for number in chosen:
            allowed[self.first_documents[number] - first : self.first_documents[number + 1] - first] = True
        # Of the places of a document in scope, the first.
        for documents in self._several:
            here = [document - first for document in documents if first <= document < end and allowed[document - first]]
            allowed[here[1:]] = False
        if matching is not None:
            allowed &= np.fromiter((key in matching for key in self.document_ids[first:end]), bool, end - first)
        chunks = int(self.starts[first]), int(self.starts[end])
        if allowed.all():
            return Rows((first, end), chunks, None, None)
        return Rows((first, end), chunks, allowed, np.repeat(allowed, np.diff(self.starts[first : end + 1])))


def _norms(tokens: np.ndarray, mean: float, b: float) -> np.ndarray:
    return (K1 * (1 - b + b / mean * tokens)).astype(np.float32)


def _live_pairs(segments: Sequence[Segment], live: Collection[bytes]) -> dict[bytes, dict[bytes, float]]:
    """Return the near duplicates of each live document that are live; a segment knows those of its own documents."""
    found: dict[bytes, dict[bytes, float]] = {}
    for segment in segments:
        for one, others in segment.files.near.items():
            for other, alike in others.items():
                if other in live:
                    found.setdefault(one, {})[other] = alike
                    found.setdefault(other, {})[one] = alike
    return found


def _of_several_snapshots(segments: Sequence[Segment], first_documents: np.ndarray) -> list[list[int]]:
    """Return the numbers of each document that several segments hold, ascending."""
    numbers: dict[bytes, list[int]] = {}
    for segment, first in zip(segments, first_documents.tolist(), strict=False):
        for number, document_id in enumerate(segment.document_ids, first):
            numbers.setdefault(document_id, []).append(number)
    return [found for found in numbers.values() if len(found) > 1]
