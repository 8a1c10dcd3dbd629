"""What a plan reads: the documents that are live in a partition, and outcomes that a load would take over unparsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import psycopg
from psycopg.rows import class_row

from doc_assets.store.snapshots.terms import SnapshotTerms


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file of a manifest, with the ids of its documents in order; those of a duplicate are its twin's.

    Attributes:
        tokens: Tokens of its documents.
        chunks: Chunks of its documents.
    """

    path: str
    size: int
    fingerprint: bytes
    outcome: str
    reason: str | None
    includes: list[str] | None
    includes_sha256: bytes | None
    documents: list[bytes]
    tokens: int
    chunks: int


def live_documents(connection: psycopg.Connection, partition: str) -> dict[str, tuple[bytes, ...]]:
    """Return the ids of the documents that are live in the partition, by path of their file."""
    rows = connection.execute(
        "SELECT d.path, array_agg(d.document_id ORDER BY d.part) FROM partition p"
        " JOIN snapshot_document d ON d.snapshot_id = p.published_snapshot_id WHERE p.name = %s GROUP BY 1",
        (partition,),
    )
    return {path: tuple(documents) for path, documents in rows}


def takeable(
    connection: psycopg.Connection,
    partition: str,
    terms: SnapshotTerms,
    fingerprint: str,
    included: Callable[[Sequence[str]], bytes],
) -> dict[str, list[HeldFile]]:
    """Return by path what a load with these terms, in the space of this fingerprint, would take over unparsed.

    From the staging snapshot that it would resume, from what is live, and from what was rejected last, as
    ``reuse.reconcile`` does. Files whose includes have changed are left out.
    """
    rows = connection.execute(
        "SELECT s.id FROM partition p JOIN snapshot s ON s.partition_id = p.id"
        " JOIN embedding_space e ON e.id = s.space_id"
        " WHERE p.name = %(partition)s AND s.recipe = %(recipe)s AND e.fingerprint = %(space)s"
        " AND (s.id = p.published_snapshot_id"
        " OR s.status = 'staging' AND s.file_limit IS NOT DISTINCT FROM %(file_limit)s"
        " OR s.id = (SELECT max(r.id) FROM snapshot r WHERE r.partition_id = p.id AND r.status = 'rejected'))"
        " ORDER BY s.status <> 'staging', s.id IS DISTINCT FROM p.published_snapshot_id, s.id DESC",
        {**asdict(terms), "partition": partition, "space": fingerprint},
    ).fetchall()
    found: dict[str, list[HeldFile]] = {}
    with connection.cursor(row_factory=class_row(HeldFile)) as cursor:
        for (snapshot_id,) in rows:
            for file in cursor.execute(_TAKEABLE, {"snapshot": snapshot_id}):
                if file.includes is None or included(file.includes) == file.includes_sha256:
                    found.setdefault(file.path, []).append(file)
    return found


_TAKEABLE = """
    SELECT f.path, f.size, f.fingerprint, CASE f.outcome WHEN 'duplicate' THEN 'loaded' ELSE f.outcome END AS outcome,
        CASE f.outcome WHEN 'skipped' THEN f.reason END AS reason, f.includes, f.includes_sha256, held.documents,
        held.tokens, held.chunks
    FROM snapshot_file f
    LEFT JOIN snapshot_file twin ON twin.snapshot_id = f.snapshot_id AND twin.path = f.duplicate_of
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(d.document_id ORDER BY d.part), '{}') AS documents,
            coalesce(sum(o.token_count), 0)::bigint AS tokens,
            coalesce(sum((SELECT count(*) FROM document_chunk k WHERE k.document_id = d.document_id)), 0)::int AS chunks
        FROM snapshot_document d JOIN document o ON o.id = d.document_id
        WHERE d.snapshot_id = f.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)
    ) held
    WHERE f.snapshot_id = %(snapshot)s AND f.fingerprint IS NOT NULL
        AND (f.outcome IN ('loaded', 'skipped') OR f.outcome = 'duplicate' AND twin.fingerprint <> f.fingerprint)
"""
