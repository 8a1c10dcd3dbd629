"""Reuse of earlier snapshots: which files a load need not parse again, and whether a source is unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import LiteralString

import psycopg

from doc_assets.document.records import Discovered
from doc_assets.store.database.locks import lock_content_shared
from doc_assets.store.snapshots.lifecycle import Lease, require_lease
from doc_assets.store.snapshots.terms import SnapshotTerms


def reconcile(
    connection: psycopg.Connection,
    lease: Lease,
    files: Sequence[Discovered],
    included: Callable[[Sequence[str]], bytes],
) -> set[str]:
    """Reconcile the staging snapshot with the source, and reuse outcomes of unchanged files from earlier snapshots.

    Rows of files that changed or vanished are removed. A file whose bytes and included files are the same in the
    parent, or in the last rejected snapshot, under the same recipe gets its outcome from there. Rejected files are
    always parsed again.

    Args:
        connection: Holds the partition's lock.
        lease: The lease on the staging snapshot.
        files: Discovered files without duplicates by bytes.
        included: Gives the SHA-256 over the present content of the paths that a file includes.

    Returns:
        The paths that have a row now and need no work.
    """
    snapshot_id = lease.snapshot
    with connection.transaction():
        lock_content_shared(connection)
        require_lease(connection, lease)
        connection.execute(
            'CREATE TEMPORARY TABLE IF NOT EXISTS discovered (path text COLLATE "C", size bigint, fingerprint bytea)'
            " ON COMMIT DELETE ROWS"
        )
        with connection.cursor() as cursor, cursor.copy("COPY discovered FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.set_types(("text", "int8", "bytea"))
            for file in files:
                copy.write_row((file.path, file.size, file.fingerprint))
        connection.execute("ANALYZE discovered")
        parameters = {"snapshot": snapshot_id, "stale": _stale(connection, snapshot_id, included)}
        gone = (
            "SELECT f.path FROM snapshot_file f LEFT JOIN discovered d USING (path, fingerprint)"
            " WHERE f.snapshot_id = %(snapshot)s AND (d.path IS NULL OR f.outcome IN ('duplicate', 'rejected')"
            " OR f.path = ANY (%(stale)s))"
        )
        tables: tuple[LiteralString, ...] = ("snapshot_document", "snapshot_file")
        for table in tables:
            connection.execute(
                f"DELETE FROM {table} WHERE snapshot_id = %(snapshot)s AND path IN ({gone})",  # noqa: S608 - constants
                parameters,
            )
        for origin in _origins(connection, snapshot_id):
            _reuse(connection, snapshot_id, origin, _stale(connection, origin, included))
        rows = connection.execute("SELECT path FROM snapshot_file WHERE snapshot_id = %(snapshot)s", parameters)
        return {row[0] for row in rows.fetchall()}


def _stale(connection: psycopg.Connection, snapshot_id: int, included: Callable[[Sequence[str]], bytes]) -> list[str]:
    """Return the paths in the snapshot of files that include files which have changed."""
    rows = connection.execute(
        "SELECT path, includes, includes_sha256 FROM snapshot_file WHERE snapshot_id = %s AND includes IS NOT NULL",
        (snapshot_id,),
    )
    return [path for path, includes, digest in rows if included(includes) != digest]


def _origins(connection: psycopg.Connection, snapshot_id: int) -> list[int]:
    """Return the snapshots of the same recipe and space to reuse: the parent, then the last rejected one."""
    rows = connection.execute(
        "SELECT o.id FROM snapshot s JOIN snapshot o ON o.partition_id = s.partition_id AND o.recipe = s.recipe"
        " AND o.space_id = s.space_id WHERE s.id = %(snapshot)s AND (o.id = s.parent_id OR o.id ="
        " (SELECT max(r.id) FROM snapshot r WHERE r.partition_id = s.partition_id AND r.status = 'rejected'))"
        " ORDER BY o.id IS DISTINCT FROM s.parent_id",
        {"snapshot": snapshot_id},
    ).fetchall()
    return [row[0] for row in rows]


def _reuse(connection: psycopg.Connection, snapshot_id: int, origin: int, stale: Sequence[str]) -> None:
    parameters = {"snapshot": snapshot_id, "origin": origin, "stale": stale}
    # A duplicate by content keeps the documents of its twin; one by bytes is parsed again, because a title may come
    # from the path.
    connection.execute(
        """
        CREATE TEMPORARY TABLE reused ON COMMIT DROP AS
        SELECT d.path, d.size, d.fingerprint, f.outcome, f.reason, coalesce(f.duplicate_of, f.path) AS origin, p.id,
            f.includes, f.includes_sha256
        FROM discovered d
        JOIN snapshot p ON p.id = %(origin)s
        JOIN snapshot_file f ON f.snapshot_id = p.id AND f.path = d.path AND f.fingerprint = d.fingerprint
        LEFT JOIN snapshot_file twin ON twin.snapshot_id = p.id AND twin.path = f.duplicate_of
        WHERE f.outcome IN ('loaded', 'skipped', 'duplicate')
            AND (f.outcome <> 'duplicate' OR twin.fingerprint <> f.fingerprint)
            AND f.path <> ALL (%(stale)s)
            AND NOT EXISTS (SELECT 1 FROM snapshot_file w WHERE w.snapshot_id = %(snapshot)s AND w.path = d.path)
        """,
        parameters,
    )
    connection.execute(
        "INSERT INTO snapshot_file (snapshot_id, path, size, fingerprint, outcome, reason, includes, includes_sha256)"
        " SELECT %(snapshot)s, path, size, fingerprint, CASE outcome WHEN 'duplicate' THEN 'loaded' ELSE outcome END,"
        " CASE outcome WHEN 'skipped' THEN reason END, includes, includes_sha256 FROM reused",
        parameters,
    )
    connection.execute(
        "INSERT INTO snapshot_document (snapshot_id, path, part, document_id)"
        " SELECT %(snapshot)s, t.path, o.part, o.document_id FROM reused t"
        " JOIN snapshot_document o ON o.snapshot_id = t.id AND o.path = t.origin",
        parameters,
    )
    connection.execute("DROP TABLE reused")


def reusable_files(
    connection: psycopg.Connection, lease: Lease, included: Callable[[Sequence[str]], bytes]
) -> dict[str, set[tuple[int, bytes]]]:
    """Return the sizes and fingerprints under which ``reconcile`` can keep or reuse a file's outcome, by path."""
    found: dict[str, set[tuple[int, bytes]]] = {}
    for snapshot_id in (lease.snapshot, *_origins(connection, lease.snapshot)):
        rows = connection.execute(
            "SELECT f.path, f.size, f.fingerprint FROM snapshot_file f LEFT JOIN snapshot_file twin"
            " ON twin.snapshot_id = f.snapshot_id AND twin.path = f.duplicate_of WHERE f.snapshot_id = %(origin)s"
            " AND f.fingerprint IS NOT NULL AND (f.outcome IN ('loaded', 'skipped') OR f.outcome = 'duplicate'"
            " AND f.snapshot_id <> %(own)s AND twin.fingerprint <> f.fingerprint) AND f.path <> ALL (%(stale)s)",
            {"origin": snapshot_id, "own": lease.snapshot, "stale": _stale(connection, snapshot_id, included)},
        )
        for path, size, fingerprint in rows:
            found.setdefault(path, set()).add((size, fingerprint))
    return found


def live_sizes(connection: psycopg.Connection, partition: str, fingerprint: str) -> tuple[str | None, dict[str, int]]:
    """Return the recipe of what is live in the partition, and the sizes of the files that it parsed, by path.

    None and nothing if nothing is live, or in a space of another fingerprint.
    """
    row = connection.execute(
        "SELECT s.id, s.recipe FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " JOIN embedding_space e ON e.id = s.space_id WHERE p.name = %s AND e.fingerprint = %s",
        (partition, fingerprint),
    ).fetchone()
    if row is None:
        return None, {}
    files = connection.execute(
        "SELECT path, size FROM snapshot_file WHERE snapshot_id = %s AND outcome <> 'rejected'", (row[0],)
    )
    return row[1], dict(files.fetchall())


def find_unchanged(
    connection: psycopg.Connection,
    partition: str,
    terms: SnapshotTerms,
    fingerprint: str,
    *,
    included: Callable[[Sequence[str]], bytes],
    equals: Callable[[Mapping[str, tuple[int, bytes | None]]], bool],
) -> int | None:
    """Return the live snapshot if it has these terms, the space of this fingerprint and the source's files, else None.

    ``equals`` returns whether the source holds exactly the files with these sizes and fingerprints by path. It is
    called last, since it may read them. ``included`` is as for ``reconcile``.
    """
    row = connection.execute(
        "SELECT s.id FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " JOIN embedding_space e ON e.id = s.space_id WHERE p.name = %(partition)s"
        " AND s.recipe = %(recipe)s AND e.fingerprint = %(space)s"
        " AND s.file_limit IS NOT DISTINCT FROM %(file_limit)s AND s.base_url IS NOT DISTINCT FROM %(base_url)s"
        " AND s.page_rule = %(page_rule)s AND s.page_strip = %(page_strip)s"
        " AND s.near_duplicates = %(near_duplicates)s",
        {**asdict(terms), "partition": partition, "space": fingerprint},
    ).fetchone()
    if row is None or _stale(connection, row[0], included):
        return None
    files = connection.execute(
        "SELECT path, size, fingerprint FROM snapshot_file WHERE snapshot_id = %s", (row[0],)
    ).fetchall()
    return row[0] if equals({path: (size, hashed) for path, size, hashed in files}) else None
