"""Moving a pointer costs the same however many snapshots there were before."""

from __future__ import annotations

from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import publication
from doc_assets_tests.support.memory_partitions import Shelf
from doc_assets_tests.support.scans import reads


def test_a_publication_reads_live_snapshots_and_its_own_and_none_of_the_past(store: Store) -> None:
    Shelf(store, "other").publish_versions(6)
    own = Shelf(store, "own").publish_versions(6)
    with store.connect() as connection:
        partition = connection.execute("SELECT id FROM partition WHERE key = 'own'").fetchall()[0][0]
        read = reads(connection, lambda: publication.move(connection, {partition: own[0]}, "rollback"))
    scans, rows = read["snapshot"]
    assert scans == 0
    assert rows <= 4  # the live one of the other partition, and the new one: for its space and for its foreign key
