"""The switch of everything live to another embedding space: successors of the live snapshots, and their publication.

Manifests do not depend on the space, so a successor is a copy of the live snapshot's manifest under another recipe, or
an earlier snapshot with the same manifest. Embedding into the space is in ``doc_assets.ingest.model_change``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import StoreError
from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import PARTITION_CLASS, lock_content_shared, lock_pointers
from doc_assets.store.history import history
from doc_assets.store.partitions.partitions import partition_lock
from doc_assets.store.snapshots import publication
from doc_assets.store.spaces.coverage import covers_live_chunks
from doc_assets.store.spaces.spaces import SpaceTable

# Digests are computed by PostgreSQL, one core each; more do not help a machine with two.
_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Successor:
    """A partition's snapshot in the other space.

    Attributes:
        live: The snapshot to replace.
        snapshot: The one that replaces it; its digest and seal are proven.
        audited: Whether it passed its audit or was published before.
    """

    partition_id: int
    partition: str
    live: int
    snapshot: int
    audited: bool
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class _Live:
    partition_id: int
    partition: str
    snapshot: int
    recipe: str
    description: dict


def prepare_successors(
    store: Store, space: SpaceTable, recipe_in: Callable[[str, EmbeddingSpace], str]
) -> list[Successor]:
    """Return a successor for every live snapshot of another space, each committed as it is made; may be run again.

    ``recipe_in`` gives the recipe in the new space, from the live snapshot's recipe and the model of its space.

    Raises:
        StoreError: A live snapshot, or an earlier one with its manifest, does not give its digest and seal: a copy
            would seal rows that were tampered with.
    """
    with store.connect("doc-assets switch") as connection:
        rows = connection.execute(
            "SELECT p.id, p.name, s.id, s.recipe, e.description FROM partition p"
            " JOIN snapshot s ON s.id = p.published_snapshot_id JOIN embedding_space e ON e.id = s.space_id"
            " WHERE s.space_id <> %s ORDER BY s.chunks DESC, p.id",
            (space.id,),
        ).fetchall()
    lives = [_Live(*row) for row in rows]
    recipes = [recipe_in(live.recipe, EmbeddingSpace(**live.description)) for live in lives]
    queue = iter(list(zip(lives, recipes, strict=True)))  # the largest first

    def work(_: int) -> list[Successor]:
        with store.connect("doc-assets switch") as connection:
            return [_successor(connection, live, space, recipe) for live, recipe in queue]

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        made = [successor for successors in pool.map(work, range(_CONNECTIONS)) for successor in successors]
    return sorted(made, key=lambda successor: successor.partition_id)


def _successor(connection: psycopg.Connection, live: _Live, space: SpaceTable, recipe: str) -> Successor:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot_id = _twin(connection, live, space, recipe)
        if snapshot_id is not None:
            _prove(connection, snapshot_id, live.partition)
        else:
            _prove(connection, live.snapshot, live.partition)
            snapshot_id = _copy(connection, live, space, recipe)
        row = connection.execute(
            "SELECT status IN ('audited', 'published'), documents, chunks FROM snapshot WHERE id = %s", (snapshot_id,)
        ).fetchone()
        assert row is not None  # noqa: S101 - found or made in this transaction
        return Successor(live.partition_id, live.partition, live.snapshot, snapshot_id, *row)


_FACTS = (
    "revision, base_url, page_rule, page_strip, near_duplicates, file_limit, files, loaded, duplicate, skipped,"
    " rejected, documents, chunks, tokens, bytes"
)
_FILE = "path, size, fingerprint, outcome, reason, duplicate_of, includes, includes_sha256"
_DOCUMENT = "path, part, document_id"

# The counts are equal, so both manifests have as many rows, and EXCEPT in one direction is enough.
_TWIN = f"""
SELECT s.id FROM snapshot s, snapshot l
WHERE l.id = %(live)s AND s.partition_id = l.partition_id AND s.space_id = %(space)s AND s.recipe = %(recipe)s
    AND s.status IN ('staging', 'audited', 'published') AND s.seal IS NOT NULL
    AND (SELECT ROW({_FACTS}) FROM snapshot WHERE id = s.id) IS NOT DISTINCT FROM
        (SELECT ROW({_FACTS}) FROM snapshot WHERE id = l.id)
    AND NOT EXISTS (SELECT {_FILE} FROM snapshot_file WHERE snapshot_id = l.id
        EXCEPT SELECT {_FILE} FROM snapshot_file WHERE snapshot_id = s.id)
    AND NOT EXISTS (SELECT {_DOCUMENT} FROM snapshot_document WHERE snapshot_id = l.id
        EXCEPT SELECT {_DOCUMENT} FROM snapshot_document WHERE snapshot_id = s.id)
ORDER BY s.status = 'published' DESC, s.id DESC LIMIT 1
"""  # noqa: S608 - constants of this module


def _twin(connection: psycopg.Connection, live: _Live, space: SpaceTable, recipe: str) -> int | None:
    """Return an earlier snapshot in the space that equals the live one in all but its model."""
    row = connection.execute(_TWIN, {"live": live.snapshot, "space": space.id, "recipe": recipe}).fetchone()
    return row[0] if row else None


def _prove(connection: psycopg.Connection, snapshot_id: int, partition: str) -> None:
    row = connection.execute(
        "SELECT digest = snapshot_digest(id) AND seal = snapshot_seal(id) FROM snapshot WHERE id = %s", (snapshot_id,)
    ).fetchone()
    if row is None or not row[0]:
        raise StoreError(
            f"snapshot {snapshot_id} of {partition} does not give the digest it was sealed with: its rows were changed "
            "outside doc-assets, and nothing was switched; roll back to another snapshot or load it again first"
        )


def _copy(connection: psycopg.Connection, live: _Live, space: SpaceTable, recipe: str) -> int:
    row = connection.execute(
        f"INSERT INTO snapshot (partition_id, parent_id, status, recipe, space_id, run_id, sealed_at, {_FACTS})"  # noqa: S608
        f" SELECT partition_id, id, 'staging', %s, %s, run_id, clock_timestamp(), {_FACTS}"
        " FROM snapshot WHERE id = %s RETURNING id",
        (recipe, space.id, live.snapshot),
    ).fetchone()
    assert row is not None  # noqa: S101 - the live snapshot's row is never deleted
    manifest: dict[LiteralString, LiteralString] = {"snapshot_file": _FILE, "snapshot_document": _DOCUMENT}
    for table, columns in manifest.items():
        connection.execute(
            f"INSERT INTO {table} (snapshot_id, {columns}) SELECT %s, {columns} FROM {table} WHERE snapshot_id = %s",  # noqa: S608
            (row[0], live.snapshot),
        )
    connection.execute("UPDATE snapshot SET digest = snapshot_digest(id) WHERE id = %s", row)
    connection.execute(
        "UPDATE snapshot SET seal = snapshot_seal(id), file_hashes = file_hashes(id),"
        " document_hashes = document_hashes(id) WHERE id = %s",
        row,
    )
    return row[0]


def record_passed(connection: psycopg.Connection, successor: Successor) -> None:
    """Record that the successor passed its audit."""
    connection.execute(
        "UPDATE snapshot SET status = 'audited' WHERE id = %s AND status = 'staging'", (successor.snapshot,)
    )


def record_failed(connection: psycopg.Connection, successor: Successor, run_id: str, reason: str) -> bool:
    """Record that the successor's audit failed, which keeps it as rejected; the history gets the reason.

    Returns:
        False, with nothing recorded, if it was dropped meanwhile or something else is live by now.
    """
    with connection.transaction():
        row = connection.execute(
            "UPDATE snapshot s SET status = 'rejected' FROM partition p WHERE s.id = %s AND s.status = 'staging'"
            " AND p.id = s.partition_id AND p.published_snapshot_id = %s RETURNING s.id",
            (successor.snapshot, successor.live),
        ).fetchone()
        if row is None:
            return False
        history.record(
            connection,
            "space",
            "rejected",
            partition_id=successor.partition_id,
            from_snapshot=successor.live,
            to_snapshot=successor.snapshot,
            run_id=run_id,
            error=reason,
        )
    return True


def switch(store: Store, space: SpaceTable, successors: Sequence[Successor], event: Mapping[str, object]) -> bool:
    """Publish all successors, which are audited, in one transaction; ``event`` gives further columns of the history.

    Returns:
        False, with nothing moved, if something else or a chunk without a vector became live since they were prepared.

    Raises:
        PartitionLocked: Another session holds the lock of a partition. Nothing moved.
    """
    with store.connect("doc-assets switch") as connection, ExitStack() as locks:
        for s in successors:
            locks.enter_context(partition_lock(connection, s.partition_id, s.partition))
        with connection.transaction():
            lock_content_shared(connection)
            lock_pointers(connection)
            if not _are_current(connection, space, successors) or not covers_live_chunks(connection, space):
                return False
            connection.execute(
                "UPDATE snapshot SET status = 'published', published_at = clock_timestamp()"
                " WHERE id = ANY (%s) AND status = 'audited'",
                ([s.snapshot for s in successors],),
            )
            events = {
                s.partition_id: {"counts": {"documents": s.documents, "chunks": s.chunks}, **event} for s in successors
            }
            publication.move(connection, {s.partition_id: s.snapshot for s in successors}, "space", events)
    return True


def _are_current(connection: psycopg.Connection, space: SpaceTable, successors: Sequence[Successor]) -> bool:
    """Return whether they succeed everything that is live outside the space, and none of them was dropped."""
    live = connection.execute(
        "SELECT p.id, s.id FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id WHERE s.space_id <> %s",
        (space.id,),
    ).fetchall()
    row = connection.execute(
        "SELECT count(*) FROM snapshot WHERE id = ANY (%s) AND status IN ('audited', 'published')",
        ([s.snapshot for s in successors],),
    ).fetchone()
    return set(live) == {(s.partition_id, s.live) for s in successors} and row == (len(successors),)


def wait_until_free(store: Store, successors: Sequence[Successor]) -> None:
    """Wait until each of the partitions was unlocked once, however long its load takes."""
    with store.connect("doc-assets switch, waiting for loads") as connection:
        for s in successors:
            key = (PARTITION_CLASS, s.partition_id)
            connection.execute("SELECT pg_advisory_lock(%s, %s)", key)
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", key)
