"""A gc drops what the policy does not keep and nothing else, at any moment, beside whatever runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import partition_lock
from doc_assets.store.retention import unreachable
from doc_assets.store.retention.garbage_collection import GarbageCollection, collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.snapshots import publication
from doc_assets.store.versions import listing, quarantine
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support.memory_partitions import Shelf, is_sound, kept, orphans, page, version

ONLY_LIVE = Policy(keep=1, days=0)


@pytest.fixture
def shelf(store):
    return Shelf(store)


def statuses(store: Store) -> dict[int, str]:
    return {row.id: row.status for row in listing.snapshots(store)}


def counts(store: Store) -> dict[str, int]:
    """Rows of every table."""
    with store.connect() as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'doc_assets'::regnamespace AND relkind = 'r' ORDER BY 1"
        ).fetchall()
        query = sql.SQL("SELECT count(*) FROM {}")
        return {
            table: connection.execute(query.format(sql.Identifier("doc_assets", table))).fetchall()[0][0]
            for (table,) in tables
        }


def age(store: Store, days: float, *snapshots: int) -> None:
    """Makes snapshots, and when they went live, older than they are."""
    with store.connect() as connection, connection.transaction():
        connection.execute("ALTER TABLE migration_history DISABLE TRIGGER USER")
        moved = {"interval": f"{days} days", "ids": list(snapshots)}
        connection.execute(
            "UPDATE migration_history SET at = at - %(interval)s::interval WHERE to_snapshot = ANY (%(ids)s)", moved
        )
        connection.execute("ALTER TABLE migration_history ENABLE TRIGGER USER")
        connection.execute(
            "UPDATE snapshot SET created_at = created_at - %(interval)s::interval, sealed_at = sealed_at -"
            " %(interval)s::interval, published_at = published_at - %(interval)s::interval WHERE id = ANY (%(ids)s)",
            moved,
        )


def test_the_last_snapshots_are_kept_and_older_ones_stay_readable_in_the_history(shelf, store):
    published = shelf.publish_versions(5)
    freed = collect_garbage(store, Policy(keep=2, days=0))
    assert freed.collected == {shelf.partition: published[:3]}
    assert [statuses(store)[key] for key in published] == ["collected"] * 3 + ["published"] * 2
    assert is_sound(store) and orphans(store) == 0
    rows = [row for row in history.history(store) if row.action == "gc"]
    assert [row.from_snapshot for row in rows if row.result == "collected"] == published[2::-1]
    assert rows[0].result == "done" and rows[0].counts["chunks"] == freed.chunks > 0
    with pytest.raises(NotFound):
        rollback(store, shelf.partition, str(published[0]))


def test_snapshots_are_ordered_by_when_they_were_last_live(shelf, store):
    published = shelf.publish_versions(4)
    rollback(store, shelf.partition, str(published[0]))
    collect_garbage(store, Policy(keep=2, days=0))
    assert kept(store) == [published[0], published[3]]


def test_what_was_live_within_the_days_is_kept_however_many_that_are(shelf, store):
    published = shelf.publish_versions(4)
    age(store, 10, *published[:2])  # the second one went live ten days ago, and was live until just now
    collect_garbage(store, Policy(keep=1, days=5))
    assert kept(store) == published[1:]
    assert collect_garbage(store, Policy(keep=0, days=5)).snapshots == 0


def test_what_is_live_stays_under_every_policy(shelf, store):
    *_, live = shelf.publish_versions(2)
    age(store, 1000, live)
    collect_garbage(store, Policy(keep=0, days=0, unfinished_days=0))
    assert kept(store) == [live] and is_sound(store)


def test_a_partition_that_was_taken_down_is_freed_only_when_nothing_of_it_is_to_be_kept(shelf, store):
    *_, last = shelf.publish_versions(2)
    with store.connect() as connection, connection.transaction():
        publication.move(connection, {1: None}, "rollback")
    collect_garbage(store, ONLY_LIVE)
    assert kept(store) == [last]
    collect_garbage(store, Policy(keep=0, days=0))
    assert kept(store) == []
    assert not any(counts(store)[table] for table in ("document", "chunk", "embedding_1", "document_signature"))


@pytest.mark.parametrize(
    ("keep", "days", "policy"),
    [
        (None, None, Policy(3, 30, 30)),
        (2, None, Policy(2, 0, 30)),
        (None, 7.0, Policy(1, 7, 7)),
        (5, 1.0, Policy(5, 1, 1)),
    ],
)
def test_a_rule_that_is_named_alone_is_the_whole_rule(keep, days, policy):
    assert Policy.of(keep, days) == policy


def test_a_load_that_can_be_resumed_is_kept_and_one_left_long_ago_is_not(shelf, store):
    (live,) = shelf.publish_versions(1)
    left = shelf.leave({"new.md": page("new")})
    assert collect_garbage(store, ONLY_LIVE).discarded == {} and statuses(store)[left] == "staging"
    age(store, 31, left)
    assert collect_garbage(store, ONLY_LIVE).discarded == {shelf.partition: [left]}
    assert statuses(store) == {live: "published", left: "discarded"} and orphans(store) == 0


def test_rejected_snapshots_go_when_a_newer_one_was_published_and_the_quarantine_shows_the_same(shelf, store):
    def reject() -> int:
        snapshot = shelf.leave({"noise.md": page("noise")})
        with store.connect() as connection:
            connection.execute("UPDATE snapshot SET status = 'rejected' WHERE id = %s", (snapshot,))
            connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (snapshot,))
            connection.execute(
                "UPDATE snapshot_file SET outcome = 'rejected', reason = 'noise' WHERE snapshot_id = %s", (snapshot,)
            )
        return snapshot

    def shown() -> list[tuple]:
        with store.connect() as connection:
            return [(file.path, file.snapshot, file.live) for file in quarantine.quarantined(connection)]

    old = reject()
    *_, live = shelf.publish_versions(3)
    new = reject()
    assert shown() == [("noise.md", new, False)]
    assert collect_garbage(store, ONLY_LIVE).discarded == {shelf.partition: [old]}
    age(store, 1000, new)
    assert collect_garbage(store, ONLY_LIVE).discarded == {}
    assert shown() == [("noise.md", new, False)]
    after = shelf.publish({"other.md": page("other")})
    rollback(store, shelf.partition, str(live))
    collect_garbage(store, Policy(keep=1, days=0))  # a collected snapshot is newer than the rejected one
    assert statuses(store)[after] == "collected" and shown() == [("noise.md", new, False)]


def test_a_partition_that_is_worked_on_is_left_out_and_named(shelf, store):
    shelf.publish_versions(3)
    with store.connect("somebody") as connection, partition_lock(connection, 1, shelf.partition):
        assert collect_garbage(store, ONLY_LIVE, dry_run=True).busy == [shelf.partition]
        freed = collect_garbage(store, ONLY_LIVE)
        assert (freed.busy, freed.snapshots) == ([shelf.partition], 0)
    assert collect_garbage(store, ONLY_LIVE).snapshots == 2


def test_a_load_that_starts_while_manifests_are_dropped_waits_for_that(shelf, store):
    shelf.publish_versions(1)
    held, waited = threading.Event(), threading.Event()

    def hold() -> None:
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with (
            store.connect() as looking,
            store.connect("doc-assets gc") as connection,
            partition_lock(connection, 1, shelf.partition),
        ):
            held.set()
            while not looking.execute(waiting).fetchall() and not waited.wait(0.01):
                pass

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    shelf.publish({"new.md": page("new")})
    waited.set()
    thread.join()


def test_a_dry_run_gives_the_figures_of_the_run_and_changes_nothing(shelf, store):
    shelf.publish_versions(4)
    Shelf(store, "other").publish({"same.md": version(1)})  # needs what an old snapshot of the first shelf holds
    before = counts(store), statuses(store)
    planned = collect_garbage(store, ONLY_LIVE, dry_run=True)
    assert (counts(store), statuses(store)) == before
    freed = collect_garbage(store, ONLY_LIVE)
    names = ("collected", "discarded", "snapshots", "manifest_rows", "documents", "chunks", "vectors", "links", "bytes")
    assert [getattr(planned, name) for name in names] == [getattr(freed, name) for name in names]
    after = counts(store)
    assert (freed.snapshots, freed.manifest_rows, freed.documents) == (3, 3 * (3 + 3), 2)
    assert before[0]["chunk"] - after["chunk"] == freed.chunks == freed.vectors > 0
    assert before[0]["document"] - after["document"] == freed.documents
    assert freed.bytes > 32 * freed.vectors
    assert is_sound(store) and orphans(store) == 0


def test_only_snapshots_of_the_partitions_named_are_dropped(shelf, store):
    shelf.publish_versions(2)
    Shelf(store, "other").publish_versions(2)
    assert list(collect_garbage(store, ONLY_LIVE, partitions=["test/other"]).collected) == ["test/other"]
    assert list(collect_garbage(store, ONLY_LIVE, types=["test"]).collected) == [shelf.partition]
    with pytest.raises(NotFound, match="ever loaded"):
        collect_garbage(store, ONLY_LIVE, types=["nothing"])


def test_a_reader_sees_to_the_end_of_its_transaction_what_it_saw(shelf, store):
    first, *_ = shelf.publish_versions(3)

    def seen(connection: psycopg.Connection) -> list:
        return connection.execute(
            "SELECT d.path, o.title, o.text, k.text, e.sha256 FROM snapshot_document d JOIN document o"
            " ON o.id = d.document_id JOIN document_chunk c USING (document_id) JOIN chunk k ON k.id = c.chunk_id"
            " JOIN embedding_1 e ON e.chunk_id = k.id WHERE d.snapshot_id = %s ORDER BY d.path, c.ordinal",
            (first,),
        ).fetchall()

    with store.connect() as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        before = seen(reader)
        assert before
        assert collect_garbage(store, ONLY_LIVE).chunks > 0
        assert seen(reader) == before
    with store.connect() as reader:
        assert seen(reader) == []


def test_a_load_that_counted_on_a_vector_embeds_it_when_it_is_gone(shelf, store):
    shelf.publish_versions(2)
    freed: list[GarbageCollection] = []
    other = Shelf(store, "other")
    other.before_commit = lambda files: freed.append(collect_garbage(store, ONLY_LIVE))
    other.publish({"back.md": version(0)})  # the space had all of its vectors when the load looked
    assert freed[0].vectors > 0
    assert len(other.embedder.texts) == freed[0].vectors
    assert is_sound(store)


def test_content_that_came_back_into_use_is_not_removed(shelf, store, monkeypatch):
    shelf.publish_versions(2)
    find = unreachable._orphans

    def found(*question) -> Iterator[list[bytes]]:
        pieces = list(find(*question))
        if question[1] == "document":  # a load takes it over between the list and its removal
            Shelf(store, "other").publish({"back.md": version(0)})
        yield from pieces

    monkeypatch.setattr(unreachable, "_orphans", found)
    freed = collect_garbage(store, ONLY_LIVE)
    assert (freed.snapshots, freed.documents, freed.chunks) == (1, 0, 0)
    assert is_sound(store)
