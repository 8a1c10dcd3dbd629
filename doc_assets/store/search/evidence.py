"""What is known of the documents that may answer a query, before they are ranked.

A provider gathers it: PostgreSQL for a process that asks once, an index in memory for one that asks often. The scores
are made of it in ``doc_assets.search.ranking``, in the same way whoever gathered it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Terms:
    """The query's lexemes that occur in the visible state, rarest first.

    Attributes:
        lexemes: T lexemes as ``search_vector()`` makes them, not quoted.
        weights: Inverse document frequency of each, times its weight as a part of a name, ``(T,) float64``.
        instead: The lexemes that stand for one of the query that occurs nowhere, by that one.
    """

    lexemes: tuple[str, ...]
    weights: np.ndarray
    instead: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All chunks of the candidate documents (of a long document the first 1,000, and those found beyond them).

    Chunks stand in the order of ``document``, then of ``ordinal``.

    Attributes:
        document_ids: D ids of documents.
        document_tokens: Tokens of each whole document, ``(D,) int64``.
        document: Index into ``document_ids`` of each chunk, ``(C,) int64``, ascending.
        ordinal: Ordinal of each chunk in its document, ``(C,) int64``.
        tokens: Tokens of each chunk, ``(C,) int64``.
        times: Occurrences of each term in each chunk, ``(C, T) float32``; a part of a CamelCase name counts 0.4 times.
        similarity: Cosine of each chunk's vector and the query's, ``(C,) float32``; NaN without a vector in its space.
        mean_chunk_tokens: Tokens of a chunk, on average over all that is visible.
        mean_document_tokens: Tokens of a document, on average over all that is visible.
    """

    document_ids: Sequence[bytes]
    document_tokens: np.ndarray
    document: np.ndarray
    ordinal: np.ndarray
    tokens: np.ndarray
    times: np.ndarray
    similarity: np.ndarray
    mean_chunk_tokens: float
    mean_document_tokens: float
