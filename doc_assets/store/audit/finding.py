"""Findings: rows that break a rule of the audit, and the snapshots that hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks a rule.

    Attributes:
        rule: Name of the rule in ``rules.RULES``.
        row: Names the row for people.
        snapshot: Snapshot that the row belongs to; None for content, which several snapshots may share.
        document: Document that the row is or belongs to.
        chunk: Chunk that the row is or refers to.
        other: Second document that the row refers to.
        suspects: Replaces ``row`` if the snapshot's token count holds, so that a chunk's must be wrong.
    """

    rule: str
    row: str
    snapshot: int | None = None
    document: bytes | None = None
    chunk: bytes | None = None
    other: bytes | None = None
    suspects: str | None = None


def by_snapshot(
    connection: psycopg.Connection, snapshots: Sequence[int], findings: Iterable[Finding]
) -> dict[int, list[Finding]]:
    """Group findings by snapshot; content that several snapshots share is wrong in each of them."""
    grouped: dict[int, dict[Finding, None]] = defaultdict(dict)
    by_document: dict[bytes, list[Finding]] = defaultdict(list)
    by_chunk: dict[bytes, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.snapshot is not None:
            grouped[finding.snapshot][finding] = None
        elif finding.document is not None:
            by_document[finding.document].append(finding)
        elif finding.chunk is not None:
            by_chunk[finding.chunk].append(finding)
    for key, snapshot in _holders(connection, _HOLDERS_OF_DOCUMENTS, snapshots, by_document):
        grouped[snapshot].update(dict.fromkeys(by_document[key]))
    for key, snapshot in _holders(connection, _HOLDERS_OF_CHUNKS, snapshots, by_chunk):
        grouped[snapshot].update(dict.fromkeys(by_chunk[key]))
    return {snapshot: list(rows) for snapshot, rows in grouped.items()}


_HOLDERS_OF_DOCUMENTS = (
    "SELECT DISTINCT document_id, snapshot_id FROM snapshot_document"
    " WHERE snapshot_id = ANY (%(snapshots)s) AND document_id = ANY (%(keys)s)"
)
_HOLDERS_OF_CHUNKS = (
    "SELECT DISTINCT c.chunk_id, d.snapshot_id FROM document_chunk c JOIN snapshot_document d USING (document_id)"
    " WHERE d.snapshot_id = ANY (%(snapshots)s) AND c.chunk_id = ANY (%(keys)s)"
)


def _holders(
    connection: psycopg.Connection, query: str, snapshots: Sequence[int], keys: Iterable[bytes]
) -> list[tuple[bytes, int]]:
    if not (wanted := list(keys)):
        return []
    return connection.execute(
        query,  # pyrefly: ignore[bad-argument-type] - a constant of this module
        {"snapshots": list(snapshots), "keys": wanted},
    ).fetchall()
