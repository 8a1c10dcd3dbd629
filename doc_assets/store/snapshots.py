"""Snapshots: opened, filled, sealed and published.

Publishing moves one pointer in one transaction with its history row. Who may work on a partition is in ``partitions``,
going back in ``rollback``, lists for readers in ``listing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import StoreError
from doc_assets.store import history
from doc_assets.store.spaces import SpaceTable


@dataclass(frozen=True, slots=True)
class SnapshotCounts:
    """What a sealed snapshot holds: files by outcome, documents, chunks, tokens of the chunks, bytes of the files."""

    files: int
    loaded: int
    duplicate: int
    skipped: int
    rejected: int
    documents: int
    chunks: int
    tokens: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Discovered:
    """A readable file that stands in the source now."""

    path: str
    size: int
    fingerprint: bytes


def open_snapshot(
    connection: psycopg.Connection,
    partition_id: int,
    *,
    recipe: str,
    space: SpaceTable,
    revision: str,
    base_url: str | None,
    file_limit: int | None,
    run_id: str | None,
) -> tuple[int, bool]:
    """The partition's staging snapshot: the one that a dead run left if its recipe fits, else a new one.

    The caller holds the partition's lock. What stands in a resumed snapshot is reconciled with the source by
    ``reconcile``, so a changed revision costs only the changed files.

    Returns:
        The snapshot's id, and whether it was resumed.
    """
    with connection.transaction():
        left = connection.execute(
            "SELECT id FROM snapshot WHERE partition_id = %s AND status = 'staging' AND recipe = %s AND space_id = %s"
            " AND file_limit IS NOT DISTINCT FROM %s ORDER BY id DESC LIMIT 1",
            (partition_id, recipe, space.id, file_limit),
        ).fetchone()
        resumed = left[0] if left else None
        stale = connection.execute(
            "SELECT id FROM snapshot WHERE partition_id = %s AND status IN ('staging', 'audited')"
            " AND id IS DISTINCT FROM %s",
            (partition_id, resumed),
        ).fetchall()
        for (snapshot_id,) in stale:
            discard(connection, snapshot_id)
        if resumed is not None:
            connection.execute(
                "UPDATE snapshot SET revision = %s, base_url = %s, run_id = %s, parent_id ="
                " (SELECT published_snapshot_id FROM partition WHERE id = %s) WHERE id = %s",
                (revision, base_url, run_id, partition_id, resumed),
            )
            return resumed, True
        row = connection.execute(
            "INSERT INTO snapshot (partition_id, parent_id, status, recipe, space_id, revision, base_url, file_limit,"
            " run_id) SELECT id, published_snapshot_id, 'staging', %s, %s, %s, %s, %s, %s FROM partition WHERE id = %s"
            " RETURNING id",
            (recipe, space.id, revision, base_url, file_limit, run_id, partition_id),
        ).fetchone()
        assert row is not None  # noqa: S101 - the partition's row is never deleted
        return row[0], False


def discard(connection: psycopg.Connection, snapshot_id: int) -> None:
    """Drops the manifest of a snapshot that was never published; its content stays for others to reuse."""
    with connection.transaction():
        connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (snapshot_id,))
        connection.execute("DELETE FROM snapshot_file WHERE snapshot_id = %s", (snapshot_id,))
        connection.execute(
            "UPDATE snapshot SET status = 'discarded' WHERE id = %s AND status <> 'published'", (snapshot_id,)
        )


def reconcile(connection: psycopg.Connection, snapshot_id: int, files: Sequence[Discovered]) -> set[str]:
    """Makes the staging snapshot agree with the source, and takes over from its parent what did not change.

    Rows of files that changed or vanished go; files whose bytes the parent snapshot holds under the same recipe get the
    parent's outcome without being parsed. ``files`` are the canonical ones: byte duplicates are left out by the caller.

    Returns:
        The paths that have a row now and need no work.
    """
    with connection.transaction():
        connection.execute(
            'CREATE TEMPORARY TABLE IF NOT EXISTS discovered (path text COLLATE "C", size bigint, fingerprint bytea)'
            " ON COMMIT DELETE ROWS"
        )
        with connection.cursor() as cursor, cursor.copy("COPY discovered FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.set_types(("text", "int8", "bytea"))
            for file in files:
                copy.write_row((file.path, file.size, file.fingerprint))
        connection.execute("ANALYZE discovered")
        parameters = {"snapshot": snapshot_id}
        gone = (
            "SELECT f.path FROM snapshot_file f LEFT JOIN discovered d USING (path, fingerprint)"
            " WHERE f.snapshot_id = %(snapshot)s AND (d.path IS NULL OR f.outcome IN ('duplicate', 'rejected'))"
        )
        for table in ("snapshot_document", "snapshot_file"):
            connection.execute(
                f"DELETE FROM {table} WHERE snapshot_id = %(snapshot)s AND path IN ({gone})",  # noqa: S608 - constants
                parameters,
            )
        _take_over(connection, parameters)
        rows = connection.execute("SELECT path FROM snapshot_file WHERE snapshot_id = %(snapshot)s", parameters)
        return {row[0] for row in rows.fetchall()}


def _take_over(connection: psycopg.Connection, parameters: Mapping[str, object]) -> None:
    # A file that was a duplicate by content keeps the documents of its twin; one by bytes is parsed afresh, because
    # a title may come from the path.
    connection.execute(
        """
        CREATE TEMPORARY TABLE taken_over ON COMMIT DROP AS
        SELECT d.path, d.size, d.fingerprint, f.outcome, f.reason, coalesce(f.duplicate_of, f.path) AS origin, p.id
        FROM discovered d
        JOIN snapshot s ON s.id = %(snapshot)s
        JOIN snapshot p ON p.id = s.parent_id AND p.recipe = s.recipe AND p.space_id = s.space_id
        JOIN snapshot_file f ON f.snapshot_id = p.id AND f.path = d.path AND f.fingerprint = d.fingerprint
        LEFT JOIN snapshot_file twin ON twin.snapshot_id = p.id AND twin.path = f.duplicate_of
        WHERE f.outcome IN ('loaded', 'skipped', 'duplicate')
            AND (f.outcome <> 'duplicate' OR twin.fingerprint <> f.fingerprint)
            AND NOT EXISTS (SELECT 1 FROM snapshot_file w WHERE w.snapshot_id = s.id AND w.path = d.path)
        """,
        parameters,
    )
    connection.execute(
        "INSERT INTO snapshot_file (snapshot_id, path, size, fingerprint, outcome, reason)"
        " SELECT %(snapshot)s, path, size, fingerprint, CASE outcome WHEN 'duplicate' THEN 'loaded' ELSE outcome END,"
        " CASE outcome WHEN 'skipped' THEN reason END FROM taken_over",
        parameters,
    )
    connection.execute(
        "INSERT INTO snapshot_document (snapshot_id, path, part, document_id)"
        " SELECT %(snapshot)s, t.path, o.part, o.document_id FROM taken_over t"
        " JOIN snapshot_document o ON o.snapshot_id = t.id AND o.path = t.origin",
        parameters,
    )


def seal(connection: psycopg.Connection, snapshot_id: int) -> tuple[SnapshotCounts, bytes]:
    """Decides which files are duplicates by content, counts, computes the digest and writes all three to the row.

    Of files with the same documents the one with the first path (in byte order) is loaded and the others point to it,
    in whatever order they were parsed.
    """
    parameters = {"snapshot": snapshot_id}
    with connection.transaction():
        connection.execute(
            """
            CREATE TEMPORARY TABLE twin ON COMMIT DROP AS
            WITH content AS (
                SELECT path, string_agg(document_id, ''::bytea ORDER BY part) AS documents
                FROM snapshot_document WHERE snapshot_id = %(snapshot)s GROUP BY path
            ), named AS (SELECT path, min(path) OVER (PARTITION BY documents) AS first FROM content)
            SELECT path, first FROM named WHERE path <> first
            """,
            parameters,
        )
        connection.execute(
            "DELETE FROM snapshot_document d USING twin t WHERE d.snapshot_id = %(snapshot)s AND d.path = t.path",
            parameters,
        )
        connection.execute(
            "UPDATE snapshot_file f SET outcome = 'duplicate', duplicate_of = t.first, reason = 'same content as '"
            " || t.first FROM twin t WHERE f.snapshot_id = %(snapshot)s AND f.path = t.path",
            parameters,
        )
        # A duplicate by bytes of a file that has just become a duplicate itself points to the same first path.
        connection.execute(
            "UPDATE snapshot_file f SET duplicate_of = t.first, reason = 'same bytes as ' || t.path || ', same content"
            " as ' || t.first FROM twin t WHERE f.snapshot_id = %(snapshot)s AND f.duplicate_of = t.path",
            parameters,
        )
        counts = count(connection, snapshot_id)
        digest = compute_digest(connection, snapshot_id)
        connection.execute(
            "UPDATE snapshot SET files = %(files)s, loaded = %(loaded)s, duplicate = %(duplicate)s,"
            " skipped = %(skipped)s, rejected = %(rejected)s, documents = %(documents)s, chunks = %(chunks)s,"
            " tokens = %(tokens)s, bytes = %(bytes)s, digest = %(digest)s, sealed_at = clock_timestamp()"
            " WHERE id = %(snapshot)s",
            {**asdict(counts), "digest": digest, **parameters},
        )
    return counts, digest


def count(connection: psycopg.Connection, snapshot_id: int) -> SnapshotCounts:
    """Counts from the rows themselves, not from what the load believes."""
    with connection.cursor(row_factory=class_row(SnapshotCounts)) as cursor:
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


def compute_digest(connection: psycopg.Connection, snapshot_id: int) -> bytes:
    """The snapshot's digest, recomputed from what PostgreSQL holds: 32 bytes."""
    row = connection.execute("SELECT snapshot_digest(%s)", (snapshot_id,)).fetchone()
    if row is None or row[0] is None:
        raise StoreError(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    return row[0]


def recorded(connection: psycopg.Connection, snapshot_id: int) -> SnapshotCounts:
    """The counts that were written when the snapshot was sealed."""
    with connection.cursor(row_factory=class_row(SnapshotCounts)) as cursor:
        row = cursor.execute(
            "SELECT files, loaded, duplicate, skipped, rejected, documents, chunks, tokens, bytes FROM snapshot"
            " WHERE id = %s AND sealed_at IS NOT NULL",
            (snapshot_id,),
        ).fetchone()
    if row is None:
        raise StoreError(f"snapshot {snapshot_id} does not exist or was never sealed: doc-assets snapshots lists them")
    return row


def set_status(connection: psycopg.Connection, snapshot_id: int, status: str) -> None:
    """``audited`` or ``rejected``."""
    connection.execute("UPDATE snapshot SET status = %s WHERE id = %s", (status, snapshot_id))


def publish(connection: psycopg.Connection, snapshot_id: int, **event: object) -> int | None:
    """Moves the pointer to an audited snapshot and records it, in one transaction.

    Args:
        connection: Holds the partition's lock.
        snapshot_id: Its status must be ``audited``.
        event: Further columns of the history row (``run_id``, ``counts``, ``stages``, ``seconds`` …).

    Returns:
        The snapshot that was live before.
    """
    with connection.transaction():
        row = connection.execute(
            "SELECT p.id, p.published_snapshot_id FROM partition p JOIN snapshot s ON s.partition_id = p.id"
            " WHERE s.id = %s AND s.status = 'audited' FOR UPDATE OF p",
            (snapshot_id,),
        ).fetchone()
        if row is None:
            raise StoreError(f"snapshot {snapshot_id} is not audited and cannot be published")
        partition_id, before = row
        connection.execute(
            "UPDATE snapshot SET status = 'published', published_at = clock_timestamp() WHERE id = %s", (snapshot_id,)
        )
        connection.execute("UPDATE partition SET published_snapshot_id = %s WHERE id = %s", (snapshot_id, partition_id))
        history.record(
            connection,
            "load",
            "published",
            partition_id=partition_id,
            from_snapshot=before,
            to_snapshot=snapshot_id,
            **event,  # pyright: ignore[reportArgumentType]
        )
    return before


def is_unchanged(
    connection: psycopg.Connection,
    partition: str,
    *,
    recipe: str,
    fingerprint: str,
    file_limit: int | None,
    base_url: str | None,
    files: Mapping[str, bytes | None],
) -> int | None:
    """The live snapshot if it was made with this recipe and space from exactly these files, else None.

    Args:
        connection: Any.
        partition: ``<doc_type>/<key>``.
        recipe: As ``open_snapshot`` was given it.
        fingerprint: Of the embedding space.
        file_limit: As given by the caller.
        base_url: As in the catalogue.
        files: Every discovered path, with the SHA-256 of its bytes or None where it cannot be read.
    """
    row = connection.execute(
        "SELECT s.id FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " JOIN embedding_space e ON e.id = s.space_id WHERE p.doc_type || '/' || p.key = %s AND s.recipe = %s"
        " AND e.fingerprint = %s AND s.file_limit IS NOT DISTINCT FROM %s AND s.base_url IS NOT DISTINCT FROM %s",
        (partition, recipe, fingerprint, file_limit, base_url),
    ).fetchone()
    if row is None:
        return None
    stored = dict(
        connection.execute("SELECT path, fingerprint FROM snapshot_file WHERE snapshot_id = %s", (row[0],)).fetchall()
    )
    return row[0] if stored == dict(files) else None


def name_of(connection: psycopg.Connection, snapshot_id: int) -> str:
    """The partition of a snapshot, as ``<doc_type>/<key>``."""
    row = connection.execute(
        "SELECT p.doc_type || '/' || p.key FROM snapshot s JOIN partition p ON p.id = s.partition_id WHERE s.id = %s",
        (snapshot_id,),
    ).fetchone()
    if row is None:
        raise StoreError(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    return row[0]


def stored_digest(connection: psycopg.Connection, snapshot_id: int) -> str | None:
    """The digest that the snapshot was sealed with, in hex."""
    row = connection.execute("SELECT encode(digest, 'hex') FROM snapshot WHERE id = %s", (snapshot_id,)).fetchone()
    return row[0] if row else None
