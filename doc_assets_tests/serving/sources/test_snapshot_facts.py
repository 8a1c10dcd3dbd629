"""What is known of snapshots is that of their content, whatever database gave it an id."""

from __future__ import annotations

from doc_assets.serving.sources.snapshot_facts import SnapshotFacts
from doc_assets.store.browse.state import visible_snapshots
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel


def test_a_snapshot_of_the_same_id_in_a_database_made_anew_has_its_own_facts(server_url: str, template: str) -> None:
    facts, ids, found = SnapshotFacts(), set(), []
    for version in ("1.14.2", "1.15.0"):
        with new_database(server_url, template=template) as url, Store(url) as store:
            page = guide("Install", {"": "Run it."}, product="cilium", version=version)
            Library(store, WordModel()).publish("kubernetes/cilium", {"a.md": page})
            with store.reading() as connection:
                visible = visible_snapshots(connection)
                ids |= {one.id for one in visible}
                (about,) = facts.of(connection, visible).values()
                assert facts.of(connection, visible) == {visible[0].id: about}
                found.append({one.version for one in about})
    assert len(ids) == 1 and found == [{"1.14.2"}, {"1.15.0"}]
