"""Details of documents: read once, and the same as PostgreSQL's."""

from __future__ import annotations

import pytest

from doc_assets.search.live_index import details
from doc_assets.search.live_index.details import KnownDetails
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.search.places import Details, details_of
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel


def test_only_what_is_not_known_yet_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Library(store, WordModel()).publish(
        "rust/tokio", {f"{name}.md": [guide(name, {"": f"About {name}.", "More": "And so on."})] for name in "abc"}
    )
    asked: list[tuple[int, int]] = []

    def counted(connection: Connection, documents: list[bytes], chunks: list[tuple[bytes, int]]) -> Details:
        asked.append((len(documents), len(chunks)))
        return details_of(connection, documents, chunks)

    monkeypatch.setattr(details, "details_of", counted)
    known = KnownDetails()
    with store.reading() as connection:
        chunks = [
            tuple(row) for row in connection.execute("SELECT document_id, ordinal FROM document_chunk ORDER BY 1, 2")
        ]
        documents = sorted({document for document, _ in chunks})
        known.of(connection, documents[:1], chunks[:1])
        found = known.of(connection, documents, chunks)
        assert found == known.of(connection, documents, chunks) == details_of(connection, documents, chunks)
    assert asked == [(1, 1), (len(documents) - 1, len(chunks) - 1)]
