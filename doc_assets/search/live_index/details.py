"""What was read of documents before: an id is a hash of all that a document holds, so that none of it is ever stale."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from doc_assets.document import JsonValue
from doc_assets.search.live_index.recent import Recent
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.places import ChunkContent, Details, details_of

# 1.5 KB each, and 2 KB.
_CHUNKS_KEPT = 10_000
_DOCUMENTS_KEPT = 5_000


class KnownDetails:
    """Metadata of documents and texts of chunks, those shown last; may be shared between threads."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._metadata: Recent[bytes, Mapping[str, JsonValue]] = Recent(_DOCUMENTS_KEPT)
        self._contents: Recent[tuple[bytes, int], ChunkContent] = Recent(_CHUNKS_KEPT)

    def of(
        self, connection: Connection, documents: Collection[bytes], chunks: Collection[tuple[bytes, int]]
    ) -> Details:
        """Return the metadata of documents, and what is shown of chunks (document, ordinal), as ``details_of``."""
        metadata, contents = self._metadata.known(documents), self._contents.known(chunks)
        unread = [document for document in documents if document not in metadata]
        unread_chunks = [chunk for chunk in chunks if chunk not in contents]
        if unread or unread_chunks:
            read = details_of(connection, unread, unread_chunks)
            self._metadata.keep(read.metadata)
            self._contents.keep(read.contents)
            metadata |= read.metadata
            contents |= read.contents
        return Details(metadata, contents)
