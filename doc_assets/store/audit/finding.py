"""A row that breaks a rule, and which snapshots it stands in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True, slots=True)
class Offender:
    """A row that breaks a rule.

    Attributes:
        rule: Which.
        name: The row, for people.
        snapshot: The snapshot that it belongs to, if that is one.
        document: The document that it is, or belongs to.
        chunk: The chunk that it is, or refers to.
        other: A further document that it refers to.
        otherwise: Its name if the documents' token counts turn out to be right, so that a chunk's must be wrong.
    """

    rule: str
    name: str
    snapshot: int | None = None
    document: bytes | None = None
    chunk: bytes | None = None
    other: bytes | None = None
    otherwise: str | None = None


def attributed(
    connection: psycopg.Connection, snapshots: Sequence[int], offenders: Iterable[Offender]
) -> dict[int, list[Offender]]:
    """The offenders by snapshot: content that several share is wrong in each of them."""
    told: dict[int, dict[Offender, None]] = defaultdict(dict)
    by_document: dict[bytes, list[Offender]] = defaultdict(list)
    by_chunk: dict[bytes, list[Offender]] = defaultdict(list)
    for offender in offenders:
        if offender.snapshot is not None:
            told[offender.snapshot][offender] = None
        elif offender.document is not None:
            by_document[offender.document].append(offender)
        elif offender.chunk is not None:
            by_chunk[offender.chunk].append(offender)
    for key, snapshot in _places(connection, _OF_DOCUMENTS, snapshots, by_document):
        told[snapshot].update(dict.fromkeys(by_document[key]))
    for key, snapshot in _places(connection, _OF_CHUNKS, snapshots, by_chunk):
        told[snapshot].update(dict.fromkeys(by_chunk[key]))
    return {snapshot: list(rows) for snapshot, rows in told.items()}


_OF_DOCUMENTS = (
    "SELECT DISTINCT document_id, snapshot_id FROM snapshot_document"
    " WHERE snapshot_id = ANY (%(snapshots)s) AND document_id = ANY (%(keys)s)"
)
_OF_CHUNKS = (
    "SELECT DISTINCT c.chunk_id, d.snapshot_id FROM document_chunk c JOIN snapshot_document d USING (document_id)"
    " WHERE d.snapshot_id = ANY (%(snapshots)s) AND c.chunk_id = ANY (%(keys)s)"
)


def _places(
    connection: psycopg.Connection, query: str, snapshots: Sequence[int], keys: Iterable[bytes]
) -> list[tuple[bytes, int]]:
    if not (wanted := list(keys)):
        return []
    return connection.execute(
        query,  # pyright: ignore[reportArgumentType] - a constant of this module
        {"snapshots": list(snapshots), "keys": wanted},
    ).fetchall()
