"""The steps of a snapshot's life; each may be run again when its answer was lost.

Pointers are moved in ``publication``, batches written in ``batch_writer``, outcomes reused in ``reuse``; rollbacks and
lists are in ``store.versions``, locks of partitions in ``store.partitions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.document.records import COUNTS, Counts
from doc_assets.errors import LeaseLost, NotFound, Refused
from doc_assets.store.history import history
from doc_assets.store.snapshots import publication
from doc_assets.store.snapshots.near_duplicate_links import link_near_duplicates
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces.spaces import SpaceTable


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write into a staging snapshot, until another load takes the next one.

    Attributes:
        snapshot: The snapshot's id.
        number: The lease's number, one more with each load that takes the snapshot over.
        resumed: A dead load began the snapshot.
    """

    snapshot: int
    number: int
    resumed: bool = False


_COUNTS = sql.SQL(", ").join(map(sql.Identifier, COUNTS))


def open_snapshot(
    connection: psycopg.Connection,
    partition_id: int,
    terms: SnapshotTerms,
    *,
    space: SpaceTable,
    revision: str,
    run_id: str | None,
) -> Lease:
    """Open the partition's staging snapshot: the one that a dead run left if its recipe fits, else a new one.

    The caller holds the partition's lock. ``reuse.reconcile`` then compares a resumed snapshot with the source, so a
    changed revision costs only the changed files. A batch of the dead run that is just being committed is waited for.
    """
    values = {**asdict(terms), "partition": partition_id, "space": space.id, "revision": revision, "run": run_id}
    with connection.transaction():
        resumed = _left_behind(connection, values)
        if resumed is not None:
            lease = connection.execute(
                "UPDATE snapshot SET lease = lease + 1, status = 'staging', revision = %(revision)s,"
                " base_url = %(base_url)s, page_rule = %(page_rule)s, page_strip = %(page_strip)s,"
                " near_duplicates = %(near_duplicates)s, run_id = %(run)s, parent_id ="
                " (SELECT published_snapshot_id FROM partition WHERE id = %(partition)s) WHERE id = %(resumed)s"
                " RETURNING lease",
                {**values, "resumed": resumed},
            ).fetchone()
            assert lease is not None  # noqa: S101 - found in this transaction
            return Lease(resumed, lease[0], resumed=True)
        row = connection.execute(
            "INSERT INTO snapshot (partition_id, parent_id, status, recipe, space_id, revision, base_url, page_rule,"
            " page_strip, near_duplicates, file_limit, run_id) SELECT id, published_snapshot_id, 'staging',"
            " %(recipe)s, %(space)s, %(revision)s, %(base_url)s, %(page_rule)s, %(page_strip)s, %(near_duplicates)s,"
            " %(file_limit)s, %(run)s FROM partition WHERE id = %(partition)s RETURNING id",
            values,
        ).fetchone()
        assert row is not None  # noqa: S101 - the partition's row is never deleted
        return Lease(row[0], 0)


def require_lease(connection: psycopg.Connection, lease: Lease) -> None:
    """Keep others from taking the snapshot over until the end of the transaction.

    Raises:
        LeaseLost: Another load has taken it over, or it is not staging any more.
    """
    row = connection.execute(
        "SELECT 1 FROM snapshot WHERE id = %s AND lease = %s AND status IN ('staging', 'audited') FOR SHARE",
        (lease.snapshot, lease.number),
    ).fetchone()
    if row is None:
        raise LeaseLost(
            f"snapshot {lease.snapshot} was taken over by another load while this one had lost its connection; what "
            "this one committed is kept there"
        )


def _left_behind(connection: psycopg.Connection, values: Mapping[str, Any]) -> int | None:
    """Return the snapshot of a dead run that can be resumed, and discard all other unfinished ones."""
    left = connection.execute(
        "SELECT id FROM snapshot WHERE partition_id = %(partition)s AND status = 'staging' AND recipe = %(recipe)s"
        " AND space_id = %(space)s AND file_limit IS NOT DISTINCT FROM %(file_limit)s ORDER BY id DESC LIMIT 1",
        values,
    ).fetchone()
    resumed = left[0] if left else None
    stale = connection.execute(
        "SELECT id FROM snapshot WHERE partition_id = %(partition)s AND status IN ('staging', 'audited')"
        " AND id IS DISTINCT FROM %(resumed)s",
        {**values, "resumed": resumed},
    ).fetchall()
    for (snapshot_id,) in stale:
        discard(connection, snapshot_id, values["run"])
    return resumed


def discard(connection: psycopg.Connection, snapshot_id: int, run_id: str | None = None) -> tuple[int, int]:
    """Drop the manifest of a snapshot that was never published; return how many files and documents it held.

    The caller holds the partition's lock. A batch of a load that lost the lock is waited for, later ones are refused.

    Raises:
        Refused: The snapshot was published or discarded before.
    """
    with connection.transaction():
        row = connection.execute(
            "UPDATE snapshot SET status = 'discarded' WHERE id = %s AND status IN ('staging', 'audited', 'rejected')"
            " RETURNING partition_id",
            (snapshot_id,),
        ).fetchone()
        if row is None:
            raise Refused(f"snapshot {snapshot_id} is not one that can be discarded: doc-assets snapshots says why")
        documents = connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (snapshot_id,)).rowcount
        files = connection.execute("DELETE FROM snapshot_file WHERE snapshot_id = %s", (snapshot_id,)).rowcount
        history.record(
            connection, "discard", "discarded", partition_id=row[0], from_snapshot=snapshot_id, run_id=run_id,
            counts={"files": files, "documents": documents},
        )  # fmt: skip
    return files, documents


def seal(connection: psycopg.Connection, lease: Lease) -> tuple[Counts, bytes]:
    """Link near duplicates, find duplicates by content, and write counts, digest and seal into the row.

    Of files with the same documents the one with the first path (in byte order) is loaded and the others point to it,
    in whatever order they were parsed.
    """
    snapshot_id = lease.snapshot
    parameters = {"snapshot": snapshot_id}
    link_near_duplicates(connection, snapshot_id)
    with connection.transaction():
        require_lease(connection, lease)
        _give_twins_the_outcome_of_unread_files(connection, snapshot_id)
        _point_twins_to_first(connection, snapshot_id)
        counts = count_rows(connection, snapshot_id)
        digest = compute_digest(connection, snapshot_id)
        connection.execute(
            sql.SQL(
                "UPDATE snapshot SET ({}) = ({}), digest = %(digest)s, sealed_at = clock_timestamp()"
                " WHERE id = %(snapshot)s"
            ).format(_COUNTS, sql.SQL(", ").join(map(sql.Placeholder, COUNTS))),
            {**asdict(counts), "digest": digest, **parameters},
        )
        connection.execute(
            "UPDATE snapshot SET seal = snapshot_seal(id), file_hashes = file_hashes(id),"
            " document_hashes = document_hashes(id) WHERE id = %(snapshot)s",
            parameters,
        )
    return counts, digest


def _give_twins_the_outcome_of_unread_files(connection: psycopg.Connection, snapshot_id: int) -> None:
    """Count a file with the bytes of one that was not loaded as that one: it is no duplicate of any document."""
    connection.execute(
        "UPDATE snapshot_file f SET outcome = o.outcome, duplicate_of = NULL,"
        " reason = 'same bytes as ' || o.path || ': ' || o.reason FROM snapshot_file o"
        " WHERE f.snapshot_id = %(snapshot)s AND f.outcome = 'duplicate' AND o.snapshot_id = f.snapshot_id"
        " AND o.path = f.duplicate_of AND o.outcome IN ('rejected', 'skipped')",
        {"snapshot": snapshot_id},
    )


def _point_twins_to_first(connection: psycopg.Connection, snapshot_id: int) -> None:
    twins = connection.execute(
        """
        WITH content AS (
            SELECT path, string_agg(document_id, ''::bytea ORDER BY part) AS documents
            FROM snapshot_document WHERE snapshot_id = %s GROUP BY path
        ), named AS (SELECT path, min(path) OVER (PARTITION BY documents) AS first FROM content)
        SELECT path, first FROM named WHERE path <> first
        """,
        (snapshot_id,),
    ).fetchall()
    if not twins:
        return
    parameters = {"snapshot": snapshot_id, "paths": [row[0] for row in twins], "firsts": [row[1] for row in twins]}
    connection.execute(
        "DELETE FROM snapshot_document d WHERE d.snapshot_id = %(snapshot)s AND d.path = ANY (%(paths)s)", parameters
    )
    connection.execute(
        "UPDATE snapshot_file f SET outcome = 'duplicate', duplicate_of = t.first, reason = 'same content as '"
        " || t.first FROM unnest(%(paths)s::text[], %(firsts)s::text[]) AS t (path, first)"
        " WHERE f.snapshot_id = %(snapshot)s AND f.path = t.path",
        parameters,
    )
    # A duplicate by bytes of a file that has just become a duplicate itself points to the same first path.
    connection.execute(
        "UPDATE snapshot_file f SET duplicate_of = t.first, reason = 'same bytes as ' || t.path || ', same content"
        " as ' || t.first FROM unnest(%(paths)s::text[], %(firsts)s::text[]) AS t (path, first)"
        " WHERE f.snapshot_id = %(snapshot)s AND f.duplicate_of = t.path",
        parameters,
    )


def count_rows(connection: psycopg.Connection, snapshot_id: int) -> Counts:
    """Return the snapshot's counts, from its rows and not from the load's own counters."""
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        row = cursor.execute(
            """
            SELECT count(*)::int AS files,
                count(*) FILTER (WHERE outcome = 'loaded')::int AS loaded,
                count(*) FILTER (WHERE outcome = 'duplicate')::int AS duplicate,
                count(*) FILTER (WHERE outcome = 'skipped')::int AS skipped,
                count(*) FILTER (WHERE outcome = 'rejected')::int AS rejected,
                coalesce(sum(size), 0)::bigint AS bytes,
                (SELECT count(*)::int FROM snapshot_document WHERE snapshot_id = %(snapshot)s) AS documents,
                (SELECT count(*)::int FROM snapshot_document d JOIN document_chunk c USING (document_id)
                    WHERE d.snapshot_id = %(snapshot)s) AS chunks,
                (SELECT coalesce(sum(o.token_count), 0)::bigint FROM snapshot_document d
                    JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = %(snapshot)s) AS tokens
            FROM snapshot_file WHERE snapshot_id = %(snapshot)s
            """,
            {"snapshot": snapshot_id},
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row


def unfinished_counts(connection: psycopg.Connection, partition: str) -> tuple[int, Counts] | None:
    """Return the staging snapshot that an interrupted load of the partition left, and what is in it so far."""
    row = connection.execute(
        "SELECT s.id FROM snapshot s JOIN partition p ON p.id = s.partition_id"
        " WHERE p.name = %s AND s.status = 'staging' ORDER BY s.id DESC LIMIT 1",
        (partition,),
    ).fetchone()
    return None if row is None else (row[0], count_rows(connection, row[0]))


def compute_digest(connection: psycopg.Connection, snapshot_id: int) -> bytes:
    """Return the snapshot's digest (32 bytes), recomputed from its rows."""
    row = connection.execute("SELECT snapshot_digest(%s)", (snapshot_id,)).fetchone()
    if row is None or row[0] is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    return row[0]


def sealed_counts(connection: psycopg.Connection, snapshot_id: int) -> Counts:
    """Return the counts that were written when the snapshot was sealed."""
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        row = cursor.execute(
            sql.SQL("SELECT {} FROM snapshot WHERE id = %s AND sealed_at IS NOT NULL").format(_COUNTS),
            (snapshot_id,),
        ).fetchone()
    if row is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist or was never sealed: doc-assets snapshots lists them")
    return row


def reject(connection: psycopg.Connection, lease: Lease) -> bool:
    """Reject the snapshot in the caller's transaction, keeping its manifest; return False if it was done already."""
    row = connection.execute("SELECT status, lease FROM snapshot WHERE id = %s", (lease.snapshot,)).fetchone()
    if row == ("rejected", lease.number):
        return False  # done by this step, whose answer was lost
    require_lease(connection, lease)
    connection.execute("UPDATE snapshot SET status = 'rejected' WHERE id = %s", (lease.snapshot,))
    return True


def publish(connection: psycopg.Connection, lease: Lease, **event: object) -> int | None:
    """Publish a snapshot whose checks passed and record it in one transaction; return what was live before.

    Args:
        connection: Holds the partition's lock.
        lease: The lease on the sealed snapshot.
        event: Further columns of the history row (``run_id``, ``counts``, ``stages``, ``seconds`` …).

    Raises:
        LeaseLost: Another load has taken it over.
        Refused: It was not sealed, or is in another embedding space than the other live snapshots.
    """
    with connection.transaction():
        row = connection.execute(
            "SELECT p.id, s.status, s.lease, s.digest IS NOT NULL, s.parent_id,"
            " p.published_snapshot_id IS NOT DISTINCT FROM s.id FROM partition p"
            " JOIN snapshot s ON s.partition_id = p.id WHERE s.id = %s FOR UPDATE OF s",
            (lease.snapshot,),
        ).fetchone()
        if row is not None and row[1:3] == ("published", lease.number) and row[5]:
            return row[4]  # done by this step, whose answer was lost
        require_lease(connection, lease)
        if row is None or not row[3]:
            raise Refused(
                f"snapshot {lease.snapshot} was never sealed and cannot be published: doc-assets migrate finishes it"
            )
        connection.execute(
            "UPDATE snapshot SET status = 'published', published_at = clock_timestamp() WHERE id = %s",
            (lease.snapshot,),
        )
        (moved,) = publication.move(connection, {row[0]: lease.snapshot}, "load", {row[0]: event})
    return moved.before


def stored_digest(connection: psycopg.Connection, snapshot_id: int) -> str | None:
    """Return the digest that the snapshot was sealed with, in hex."""
    row = connection.execute("SELECT encode(digest, 'hex') FROM snapshot WHERE id = %s", (snapshot_id,)).fetchone()
    return row[0] if row else None
