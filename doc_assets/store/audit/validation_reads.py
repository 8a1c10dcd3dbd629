"""Reads of a validation besides the audit: snapshots, row counts, manifests, and vectors with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.store.audit import manifests
from doc_assets.store.spaces.spaces import SpaceTable


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of snapshots by kind; a row that several of them share counts once.

    Attributes:
        places: Places of chunks in documents.
        manifest_rows: Rows of ``snapshot_file``, one per discovered file.
        manifest_documents: Rows of ``snapshot_document``.
    """

    snapshots: int
    documents: int
    chunks: int
    vectors: int
    places: int
    manifest_rows: int
    manifest_documents: int
    signatures: int
    links: int


def published_snapshots(connection: psycopg.Connection, partitions: Sequence[str]) -> list[int]:
    """Return the published snapshots of partitions, given by name, whose manifests are kept, by partition and age."""
    rows = connection.execute(
        "SELECT s.id FROM snapshot s JOIN partition p ON p.id = s.partition_id"
        " WHERE p.name = ANY (%s) AND s.status = 'published' ORDER BY p.doc_type, p.key, s.id",
        (list(partitions),),
    ).fetchall()
    return [row[0] for row in rows]


def statuses(connection: psycopg.Connection, snapshot_ids: Sequence[int]) -> dict[int, str]:
    """Return the status of each snapshot that exists; ``staging`` for one that is not sealed."""
    rows = connection.execute(
        "SELECT id, CASE WHEN sealed_at IS NULL THEN 'staging' ELSE status END FROM snapshot WHERE id = ANY (%s)",
        (list(snapshot_ids),),
    ).fetchall()
    return dict(rows)


_ROW_COUNTS = """
WITH docs AS MATERIALIZED (
    SELECT document_id, count(*) AS entries FROM snapshot_document WHERE snapshot_id = ANY (%(ids)s) GROUP BY 1
), places AS MATERIALIZED (SELECT c.chunk_id FROM docs JOIN document_chunk c USING (document_id))
SELECT %(snapshots)s AS snapshots, (SELECT count(*) FROM docs) AS documents,
    (SELECT count(DISTINCT chunk_id) FROM places) AS chunks, %(vectors)s AS vectors,
    (SELECT count(*) FROM places) AS places,
    (SELECT count(*) FROM snapshot_file WHERE snapshot_id = ANY (%(ids)s)) AS manifest_rows,
    (SELECT coalesce(sum(entries), 0)::bigint FROM docs) AS manifest_documents,
    (SELECT count(*) FROM docs JOIN document_signature USING (document_id)) AS signatures,
    (SELECT count(*) FROM near_duplicate n WHERE n.document_id IN (SELECT document_id FROM docs)
        OR n.other_id IN (SELECT document_id FROM docs)) AS links
"""


def row_counts(connection: psycopg.Connection, snapshot_ids: Sequence[int]) -> RowCounts:
    """Count the rows that an audit of the snapshots covers."""
    vectors = manifests.count_vectors(connection, snapshot_ids)
    with connection.cursor(row_factory=class_row(RowCounts)) as cursor:
        row = cursor.execute(
            _ROW_COUNTS, {"ids": list(snapshot_ids), "snapshots": len(snapshot_ids), "vectors": vectors}
        ).fetchone()
    assert row is not None  # noqa: S101 - aggregates without a table always give a row
    return row


def snapshot_origin(connection: psycopg.Connection, snapshot_id: int) -> tuple[str, int | None, int]:
    """Return source revision, file limit and number of files of a snapshot that exists."""
    row = connection.execute(
        "SELECT revision, file_limit, files FROM snapshot WHERE id = %s", (snapshot_id,)
    ).fetchone()
    assert row is not None  # noqa: S101 - the caller has its id from the database
    return row


def manifest_files(connection: psycopg.Connection, snapshot_id: int) -> list[tuple]:
    """Return path, fingerprint, size, included files and their fingerprint of each file, by path."""
    return connection.execute(
        "SELECT path, fingerprint, size, includes, includes_sha256 FROM snapshot_file WHERE snapshot_id = %s"
        " ORDER BY path",
        (snapshot_id,),
    ).fetchall()


def live_chunks(connection: psycopg.Connection, types: Sequence[str], partitions: Sequence[str]) -> list[bytes]:
    """Return the sorted ids of the live chunks of document types and partitions, given by name; none given: all."""
    rows = connection.execute(
        "SELECT DISTINCT c.chunk_id FROM live_document l JOIN document_chunk c USING (document_id)"
        " JOIN partition p ON p.published_snapshot_id = l.snapshot_id"
        " WHERE (%(types)s::text[] = '{}' OR l.doc_type = ANY (%(types)s))"
        " AND (%(partitions)s::text[] = '{}' OR p.name = ANY (%(partitions)s)) ORDER BY 1",
        {"types": list(types), "partitions": list(partitions)},
    ).fetchall()
    return [row[0] for row in rows]


def embedded_texts(
    connection: psycopg.Connection, table: SpaceTable, chunk_ids: Sequence[bytes]
) -> list[tuple[bytes, str, str, bytes]]:
    """Return id, breadcrumb, text and vector of the chunks that have a vector, short ones first.

    The vector is in the format of halfvec_send: two 16-bit integers (dimensions, 0), then the components, big-endian.
    """
    query = sql.SQL(
        "SELECT k.id, k.breadcrumb, k.text, halfvec_send(e.embedding) FROM chunk k JOIN {} e ON e.chunk_id = k.id"
        " WHERE k.id = ANY (%s) ORDER BY k.token_count, k.id"
    ).format(table.table)
    return connection.execute(query, (list(chunk_ids),)).fetchall()
