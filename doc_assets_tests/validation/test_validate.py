"""``validate``: which snapshots, in which state, and what the history keeps."""

from __future__ import annotations

import pytest

from doc_assets.errors import NotFound
from doc_assets.store.audit.consistent_read import ConsistentRead
from doc_assets.validation.audit import CHECKS, run_checks
from doc_assets.validation.validate import Wanted, validate
from doc_assets_tests.support.loading import last_event, load, snapshot_of


def test_the_history_keeps_how_many_rows_of_each_kind_were_proven(store, source, loader):
    load(loader, store, source)
    result = validate(store, threads=2)
    assert result.passed
    assert result.line == "4 documents, 4 chunks, 4 vectors, 4 manifest rows proven, 0 wrong"
    event = last_event(store)
    assert (event.action, event.result, event.error) == ("validate", "passed", None)
    expected = {"snapshots": 1, "documents": 4, "chunks": 4, "vectors": 4, "manifest_rows": 4, "wrong": 0, "failed": 0}
    assert {name: event.counts[name] for name in expected} == expected


def test_what_is_wrong_is_counted_and_stands_in_the_history(store, source, loader):
    load(loader, store, source)
    with store.connect() as connection:
        connection.execute(
            "UPDATE embedding_1 SET sha256 = sha256(sha256)"
            " WHERE chunk_id IN (SELECT chunk_id FROM embedding_1 ORDER BY 1 LIMIT 2)"
        )
    result = validate(store, threads=2)
    assert not result.passed
    assert result.line.endswith("4 manifest rows proven, 2 wrong")
    assert [check.check for check in result.checks if not check.passed] == ["checksums"]
    event = last_event(store)
    assert event.result == "failed"
    assert event.counts["wrong"] == 2
    assert "vector_checksum: vector of chunk " in (event.error or "")


def test_content_that_two_snapshots_share_is_told_under_both_and_looked_at_once(store, source, loader):
    first = snapshot_of(loader, store, source)
    source.write("more.md", "# More\n\nThis is new.\n")
    second = snapshot_of(loader, store, source)
    result = validate(store, Wanted(retained=True))
    assert (result.proven.snapshots, result.proven.documents, result.proven.manifest_rows) == (2, 5, 9)
    with store.connect() as connection:
        connection.execute("UPDATE document SET text = text || '!' WHERE title = 'Guide 1'")
    failed = [
        (check.snapshot, check.check) for check in validate(store, Wanted(retained=True)).checks if check.findings
    ]
    assert failed == [(first, "checksums"), (second, "checksums")]
    assert validate(store, Wanted(snapshots=(first,))).wrong == 1


def test_only_sealed_snapshots_that_are_kept_can_be_validated(store, source, loader):
    snapshot = snapshot_of(loader, store, source)
    with pytest.raises(NotFound, match="snapshot 99 does not exist"):
        validate(store, Wanted(snapshots=(99,)))
    with store.connect() as connection:
        connection.execute("UPDATE snapshot SET status = 'collected'")
    with pytest.raises(NotFound, match=f"snapshot {snapshot} was collected"):
        validate(store, Wanted(snapshots=(snapshot,)))
    with pytest.raises(NotFound, match="nothing of type 'rust' is live: there are best_practices"):
        validate(store, Wanted(types=("rust",)))


@pytest.mark.parametrize("connections", [1, 3])
def test_what_was_live_is_proven_even_if_it_is_overtaken_and_collected_meanwhile(store, source, loader, connections):
    snapshot = snapshot_of(loader, store, source)
    with ConsistentRead(store, "test", connections) as read:
        source.write_guides(1)
        source.write("guide-00.md", "# Other\n\nNothing of it stays.\n")
        load(loader, store, source)
        with store.connect() as connection:
            connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (snapshot,))
            connection.execute("DELETE FROM snapshot_file WHERE snapshot_id = %s", (snapshot,))
            connection.execute("UPDATE snapshot SET status = 'collected' WHERE id = %s", (snapshot,))
        results = run_checks(read, [snapshot])
    assert [(result.check, result.passed) for result in results] == [(check, True) for check in CHECKS]
