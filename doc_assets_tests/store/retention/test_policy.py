"""What the policy keeps of a partition follows from that partition's part of the history."""

from __future__ import annotations

from doc_assets.store.database.connection import Store
from doc_assets.store.retention.policy import ExpiredSnapshot, Policy, expired_snapshots
from doc_assets_tests.support.memory_partitions import Shelf
from doc_assets_tests.support.scans import reads


def test_what_a_partition_does_not_keep_is_found_without_the_history_of_others(store: Store) -> None:
    published = {shelf.partition: shelf.publish_versions(3) for shelf in (Shelf(store, "a"), Shelf(store, "b"))}
    found: list[ExpiredSnapshot] = []
    with store.connect() as connection:
        partition, events = connection.execute(
            "SELECT p.id, count(*) FROM partition p JOIN migration_history h ON h.partition_id = p.id"
            " WHERE p.key = 'b' GROUP BY 1"
        ).fetchall()[0]
        read = reads(
            connection, lambda: found.extend(expired_snapshots(connection, Policy(keep=1, days=0), [partition]))
        )
    assert [expired.snapshot for expired in found] == published["test/b"][:-1]
    assert read["migration_history"] == (0, events)
