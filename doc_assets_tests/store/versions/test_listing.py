"""Lists of snapshots and of their files."""

from __future__ import annotations

import pytest

from doc_assets.errors import NotFound
from doc_assets.store.snapshots import lifecycle, publication
from doc_assets.store.versions import listing
from doc_assets_tests.support.library import Library, change_everything, now, page


def test_snapshots_tell_when_each_was_live_newest_first(pages: Library):
    rows = listing.snapshots(pages.store, "rust/std")
    assert [row.published for row in rows] == [True, False]
    assert rows[0].id > rows[1].id
    assert rows[1].periods[0].until == rows[0].periods[0].since and rows[0].periods[-1].until is None
    with pages.store.connect() as connection, connection.transaction():
        publication.move(connection, {1: rows[1].id}, "rollback")
        publication.move(connection, {1: rows[1].id}, "rollback")
    again = listing.snapshots(pages.store, "rust/std")
    assert [len(row.periods) for row in again] == [1, 2] and again[0].periods[0].until is not None
    lease = pages.stage("ebpf/kernel", {"bad.md": page("Bad", "bad")})
    with pages.store.connect() as connection, connection.transaction():
        lifecycle.reject(connection, lease)
    assert [row.id for row in listing.snapshots(pages.store, statuses=["rejected"])] == [lease.snapshot]
    assert {row.partition for row in listing.snapshots(pages.store, types=["rust"])} == {"rust/std"}
    assert [row.id for row in listing.snapshots(pages.store, limit=1)] == [lease.snapshot]


def test_a_manifest_is_that_of_the_moment_or_the_snapshot(pages: Library):
    then = now(pages.store)
    (live,) = (row.id for row in listing.snapshots(pages.store, "rust/std") if row.published)
    change_everything(pages)
    old = [row.path for row in listing.manifest(pages.store, "rust/std", then)]
    assert old == [row.path for row in listing.manifest(pages.store, "rust/std", live)]
    assert old == ["channel.md", "mutex.md", "old.md"]
    assert "new.md" in [row.path for row in listing.manifest(pages.store, "rust/std")]
    assert listing.manifest(pages.store, "rust/std", outcome="rejected") == []
    with pytest.raises(NotFound, match=r"is one of rust/std, not of ebpf/kernel"):
        listing.manifest(pages.store, "ebpf/kernel", live)
    with pytest.raises(NotFound, match=r"nothing of ebpf/other was live on"):
        listing.manifest(pages.store, "ebpf/other", then)
