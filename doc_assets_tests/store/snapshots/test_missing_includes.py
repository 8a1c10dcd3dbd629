"""Live documents that lack includes are found without reading those of partitions whose load counted none."""

from __future__ import annotations

from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.missing_includes import lacking_live
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.near_duplicates import article
from doc_assets_tests.support.scans import reads


def test_documents_are_read_only_where_a_load_counted_missing_includes_or_did_not_count(store: Store) -> None:
    library = Library(store, WordModel())

    def publish(source: str, counts: dict[str, int], **metadata: object) -> None:
        lease = library.stage(f"rust/{source}", {"a.md": article(source, **metadata)})  # pyrefly: ignore[bad-argument-type]
        with store.connect() as connection:
            lifecycle.publish(connection, lease, counts=counts)

    publish("whole", {"includes_missing": 0})
    with store.connect() as connection:
        assert "document" not in reads(connection, lambda: lacking_live(connection))
    publish("lacking", {"includes_missing": 2}, includes_missing=2)
    publish("older", {}, includes_missing=3)
    with store.connect() as connection:
        assert [(name, found.includes) for name, found in lacking_live(connection)] == [
            ("rust/lacking", 2),
            ("rust/older", 3),
        ]
