"""Snapshots: opened, filled, sealed, published, rolled back; and what readers may ask of them.

One advisory lock per partition makes loads and rollbacks of it take turns. Publishing moves one pointer in one
transaction with its history row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from doc_assets.errors import PartitionLocked, StoreError
from doc_assets.store import history
from doc_assets.store.connection import Store
from doc_assets.store.spaces import SpaceTable

_LOCK_CLASS = 0x646F63  # "doc": the first key of two-key advisory locks, the second is the partition's id


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A snapshot as listed: ``digest`` is hex, counts are None until it is sealed."""

    partition: str
    id: int
    status: str
    published: bool
    digest: str | None
    documents: int | None
    chunks: int | None
    created_at: datetime
    published_at: datetime | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One discovered file of the published snapshot; ``document`` is the hex id of the first document it gave."""

    path: str
    outcome: str
    reason: str | None
    document: str | None
    chunks: int


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
class RollbackResult:
    """A pointer that was moved; ``digest`` (hex) was recomputed from the rows before it moved."""

    partition: str
    from_snapshot: int | None
    to_snapshot: int
    digest: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Discovered:
    """A readable file that stands in the source now."""

    path: str
    size: int
    fingerprint: bytes


def ensure_partition(connection: psycopg.Connection, doc_type: str, key: str, source: str) -> int:
    """The partition's row id, made if absent."""
    connection.execute(
        "INSERT INTO partition (doc_type, key, source) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (doc_type, key, source),
    )
    return find_partition(connection, f"{doc_type}/{key}")


def find_partition(connection: psycopg.Connection, partition: str) -> int:
    """The row id of ``<doc_type>/<key>``.

    Raises:
        StoreError: Nothing of that name was ever loaded.
    """
    row = connection.execute("SELECT id FROM partition WHERE doc_type || '/' || key = %s", (partition,)).fetchone()
    if row is None:
        raise StoreError(f"partition {partition} was never loaded here: doc-assets snapshots lists what was")
    return row[0]


@contextmanager
def partition_lock(connection: psycopg.Connection, partition_id: int, name: str) -> Iterator[None]:
    """Holds the partition's advisory lock on this session; PostgreSQL lets go of it if the process dies.

    Raises:
        PartitionLocked: Somebody else holds it; says who.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_CLASS, partition_id)).fetchone()
    if not (row and row[0]):
        raise PartitionLocked(f"partition {name} is being worked on by {_holder(connection, partition_id)}")
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK_CLASS, partition_id))


def _holder(connection: psycopg.Connection, partition_id: int) -> str:
    row = connection.execute(
        "SELECT a.application_name, a.backend_start, g.host, g.pid, g.run_id FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) LEFT JOIN progress g ON g.partition_id = %(id)s"
        " WHERE l.locktype = 'advisory' AND l.classid = %(class)s AND l.objid = %(id)s AND l.granted",
        {"id": partition_id, "class": _LOCK_CLASS},
    ).fetchone()
    if row is None:
        return "a session that has just ended: try again"
    application, since, host, pid, run_id = row
    who = f"process {pid} on {host}" if pid else application
    return f"{who} (run {run_id or 'none'}, connected {since:%Y-%m-%d %H:%M:%S}): wait for it, or end that process"


def published(connection: psycopg.Connection, partition: str) -> int | None:
    """The snapshot that readers of ``<doc_type>/<key>`` see, None before the first publication."""
    row = connection.execute(
        "SELECT published_snapshot_id FROM partition WHERE doc_type || '/' || key = %s", (partition,)
    ).fetchone()
    return row[0] if row else None


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


def rollback(store: Store, partition: str, to: str = "previous", run_id: str | None = None) -> RollbackResult:
    """Publishes an earlier snapshot again, after recomputing its digest from the rows.

    Args:
        store: Where.
        partition: ``<doc_type>/<key>``.
        to: A snapshot's id, or ``previous``: the newest published one before what is live.
        run_id: Dagster run, for the history.

    Raises:
        StoreError: No such snapshot, never published, or its rows no longer give the digest it was sealed with.
        PartitionLocked: A load of the partition runs.
    """
    started = time.perf_counter()
    with store.connect(f"doc-assets rollback {partition}") as connection:
        partition_id = find_partition(connection, partition)
        with partition_lock(connection, partition_id, partition):
            before = published(connection, partition)
            target = _target(connection, partition_id, partition, to, before)
            digest = compute_digest(connection, target)
            row = connection.execute("SELECT digest FROM snapshot WHERE id = %s", (target,)).fetchone()
            if row is None or row[0] != digest:
                raise StoreError(
                    f"snapshot {target} of {partition} does not give the digest it was sealed with: it was changed "
                    f"outside doc-assets; roll back to another one (doc-assets snapshots {partition})"
                )
            seconds = time.perf_counter() - started
            with connection.transaction():
                connection.execute(
                    "UPDATE partition SET published_snapshot_id = %s WHERE id = %s", (target, partition_id)
                )
                history.record(
                    connection,
                    "rollback",
                    "published",
                    partition_id=partition_id,
                    from_snapshot=before,
                    to_snapshot=target,
                    run_id=run_id,
                    seconds=seconds,
                )
    return RollbackResult(partition, before, target, digest.hex(), time.perf_counter() - started)


def _target(connection: psycopg.Connection, partition_id: int, partition: str, to: str, before: int | None) -> int:
    if to != "previous" and not to.isdigit():
        raise StoreError(f"{to!r} is no snapshot: give an id from doc-assets snapshots {partition}, or 'previous'")
    row = connection.execute(
        "SELECT max(id) FROM snapshot WHERE partition_id = %(partition)s AND status = 'published'"
        " AND CASE WHEN %(id)s::bigint IS NULL THEN id < %(before)s ELSE id = %(id)s END",
        {"partition": partition_id, "before": before, "id": int(to) if to.isdigit() else None},
    ).fetchone()
    if row is None or row[0] is None:
        what = "no published snapshot before the live one" if to == "previous" else f"no published snapshot {to}"
        raise StoreError(f"partition {partition} has {what}: doc-assets snapshots {partition} lists what there is")
    return row[0]


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


def snapshots(store: Store, partition: str | None = None) -> list[SnapshotRow]:
    """All snapshots, newest first; of one partition where given."""
    with store.connect() as connection:
        if partition is not None:
            find_partition(connection, partition)
        with connection.cursor(row_factory=class_row(SnapshotRow)) as cursor:
            return cursor.execute(
                "SELECT p.doc_type || '/' || p.key AS partition, s.id, s.status,"
                " coalesce(p.published_snapshot_id = s.id, false) AS published, encode(s.digest, 'hex') AS digest,"
                " s.documents, s.chunks, s.created_at, s.published_at, s.run_id"
                " FROM snapshot s JOIN partition p ON p.id = s.partition_id"
                " WHERE %(partition)s::text IS NULL OR p.doc_type || '/' || p.key = %(partition)s"
                " ORDER BY p.doc_type, p.key, s.id DESC",
                {"partition": partition},
            ).fetchall()


def manifest(store: Store, partition: str) -> list[ManifestRow]:
    """Every file of the live snapshot with its outcome, by path.

    Raises:
        StoreError: Nothing of that partition is published.
    """
    with store.connect() as connection:
        snapshot_id = published(connection, partition)
        if snapshot_id is None:
            raise StoreError(f"partition {partition} has nothing published: doc-assets snapshots lists what there is")
        with connection.cursor(row_factory=class_row(ManifestRow)) as cursor:
            return cursor.execute(
                "SELECT f.path, f.outcome, f.reason,"
                " encode((array_agg(d.document_id ORDER BY d.part))[1], 'hex') AS document,"
                " coalesce(sum(o.chunk_count), 0)::int AS chunks FROM snapshot_file f"
                " LEFT JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id"
                " AND d.path = coalesce(f.duplicate_of, f.path) LEFT JOIN document o ON o.id = d.document_id"
                " WHERE f.snapshot_id = %s GROUP BY f.path, f.outcome, f.reason ORDER BY f.path",
                (snapshot_id,),
            ).fetchall()


def live_partitions(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """Every published partition as ``<doc_type>/<key>`` with its live snapshot."""
    return connection.execute(
        "SELECT doc_type || '/' || key, published_snapshot_id FROM partition WHERE published_snapshot_id IS NOT NULL"
        " ORDER BY 1"
    ).fetchall()


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
