"""What must hold after any crash: of what is live, of what the history tells, and of what a load made of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import sql

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.spaces.spaces import table_of
from doc_assets.validation.audit import audit
from doc_assets_tests.support.crashes.changing_sources import Shelves
from doc_assets_tests.support.crashes.loads import Order, run_here
from doc_assets_tests.support.crashes.readers import connected
from doc_assets_tests.support.crashes.server import CrashingServer
from doc_assets_tests.support.crashes.trace import Told


def require_sound(store: Store, *loads: Told) -> None:
    """Everything that is live passes its audit, and the history tells how it got there; loads may be running.

    Args:
        store: Where.
        loads: What they were told is published still is, or something later.
    """
    acknowledged = _acknowledged(loads)
    with connected(store.url) as connection, connection.transaction():
        live: dict[str, int] = dict(
            connection.execute(
                "SELECT name, published_snapshot_id FROM partition WHERE published_snapshot_id IS NOT NULL"
            ).fetchall()
        )
        for snapshot_id in live.values():
            assert (
                lifecycle.stored_digest(connection, snapshot_id)
                == lifecycle.compute_digest(connection, snapshot_id).hex()
            ), f"snapshot {snapshot_id} is live and not what it was sealed as"
        moves = connection.execute(
            "SELECT doc_type || '/' || key, from_snapshot, to_snapshot, s.status FROM publication m"
            " JOIN snapshot s ON s.id = m.to_snapshot ORDER BY m.id"
        ).fetchall()
        unfinished = connection.execute("SELECT id FROM snapshot WHERE status = 'published' AND digest IS NULL")
        assert unfinished.fetchall() == []
    told: dict[str, int] = {}
    for partition, before, to, status in moves:
        assert told.get(partition) == before, f"the history of {partition} leads from {before}, which was not live"
        assert status == "published", f"snapshot {to} was live and is {status}"
        told[partition] = to
    assert told == live, f"the pointers {live} are not where the history leads: {told}"
    for partition, snapshot_id in acknowledged.items():
        assert live.get(partition, 0) >= snapshot_id, f"{partition}: snapshot {snapshot_id} was published and is lost"
    for snapshot_id in live.values():
        failed = [check for check in audit(store, snapshot_id) if not check.passed]
        assert not failed, failed


def _acknowledged(loads: Iterable[Told]) -> dict[str, int]:
    """The newest snapshot of each partition that a load was told is published."""
    newest: dict[str, int] = {}
    for told in loads:
        for partition, outcome in told.outcomes().items():
            if outcome["result"] == "published":
                newest[partition] = max(newest.get(partition, 0), outcome["snapshot"])
    return newest


def committed_chunks(store: Store) -> set[str]:
    """Ids (hex) of the chunks that have a vector."""
    with store.connect("harness") as connection:
        spaces = connection.execute("SELECT id FROM embedding_space").fetchall()
        return {
            row[0].hex()
            for (space_id,) in spaces
            for row in connection.execute(sql.SQL("SELECT chunk_id FROM {}").format(table_of(space_id))).fetchall()
        }


def staging(store: Store) -> dict[str, int]:
    """The snapshots that dead loads left to be resumed, by partition."""
    with store.connect("harness") as connection:
        return dict(
            connection.execute(
                "SELECT p.name, s.id FROM snapshot s JOIN partition p ON p.id = s.partition_id"
                " WHERE s.status = 'staging'"
            ).fetchall()
        )


def live_digests(store: Store) -> dict[str, str]:
    """Digests of what is live, recomputed, by partition."""
    with store.connect("harness") as connection:
        return dict(
            connection.execute(
                "SELECT name, encode(snapshot_digest(published_snapshot_id), 'hex') FROM partition"
                " WHERE published_snapshot_id IS NOT NULL"
            ).fetchall()
        )


class Uninterrupted:
    """Loads the same sources into a fresh database, one partition after the other, undisturbed."""

    def __init__(self, server: CrashingServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._blank = server.database()
        schema.upgrade(self._blank)

    def digests(self, shelves: Shelves, *partitions: str) -> dict[str, str]:
        """By partition; of all if none is named."""
        url = self._server.database(template=urlsplit(self._blank).path.lstrip("/"))
        try:
            trace = self._folder / f"{uuid.uuid4().hex}.trace"
            order = Order(shelves.catalogue_path, url, self._folder / "home", trace, "uninterrupted", partitions)
            told = run_here(order)
            assert {o["result"] for o in told.outcomes().values()} == {"published"}, told.outcomes()
            return live_digests(Store(url))
        finally:
            self._server.drop(url)
