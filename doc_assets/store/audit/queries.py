"""All that is asked about snapshots of one embedding space, in the order in which it is best begun."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import psycopg

from doc_assets.store.audit import chunks, documents, near_duplicates
from doc_assets.store.audit.consistent_read import Scope
from doc_assets.store.audit.finding import Offender
from doc_assets.store.audit.unreadable import each_chunk, each_document

Question = Callable[[psycopg.Connection], list[Offender]]


def about(scope: Scope, *, search_vectors: bool = False) -> list[Question]:
    """The questions about the content of a scope, those that take longest first.

    Args:
        scope: Snapshots of one embedding space.
        search_vectors: Ask for the full-text vectors, too: 0.55 ms a chunk.
    """
    longest = [each_chunk(chunks.search_vectors, scope)] if search_vectors else []
    return [
        *longest,
        partial(documents.spans, scope=scope),
        each_document(documents.documents, scope),
        each_chunk(chunks.vectors, scope),
        each_chunk(chunks.chunks, scope),
        each_document(near_duplicates.signatures, scope, "signature of document"),
        each_document(near_duplicates.links, scope, None),
        partial(documents.metadata_types, scope=scope),
    ]
