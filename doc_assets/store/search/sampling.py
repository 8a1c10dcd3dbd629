"""Chunks to judge an embedding by: a random sample of a scope's, those of given places, and their stored vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from doc_assets.store.spaces.spaces import SpaceTable


@dataclass(frozen=True, slots=True)
class StoredText:
    """A stored chunk: breadcrumb, text, and their tokens as counted when it was stored."""

    id: bytes
    breadcrumb: str
    text: str
    token_count: int


# Ids are hashes, so neighbours in their order are a random sample; ``first`` says where it begins. Read through the
# key, in batches: the chunks that only other snapshots hold are left out.
_SAMPLE = """
SELECT k.id, k.breadcrumb, k.text, k.token_count FROM chunk k
WHERE k.id >= %(first)s AND k.id < %(end)s AND EXISTS (
    SELECT FROM document_chunk d JOIN snapshot_document s USING (document_id)
    WHERE d.chunk_id = k.id AND s.snapshot_id = ANY (%(snapshots)s::bigint[])
)
ORDER BY k.id LIMIT %(size)s
"""
_LAST = b"\xff" * 33


def sample_chunks(
    connection: psycopg.Connection, snapshots: Sequence[int], size: int, first: bytes
) -> list[StoredText]:
    """Return ``size`` random chunks of the snapshots, or all if they hold fewer.

    Args:
        connection: A connection.
        snapshots: Ids of snapshots.
        size: Number of chunks.
        first: 32 random bytes; the same bytes draw the same chunks, as long as the snapshots hold the same.
    """
    found: list[StoredText] = []
    for start, end in ((first, _LAST), (b"", first)):
        rows = connection.execute(
            _SAMPLE, {"first": start, "end": end, "snapshots": list(snapshots), "size": size - len(found)}
        ).fetchall()
        found += [StoredText(*row) for row in rows]
    return found


def texts_of(connection: psycopg.Connection, chunk_ids: Collection[bytes]) -> list[StoredText]:
    """Return the chunks of these ids, sorted by id."""
    rows = connection.execute(
        "SELECT id, breadcrumb, text, token_count FROM chunk WHERE id = ANY (%s) ORDER BY id", (list(chunk_ids),)
    ).fetchall()
    return [StoredText(*row) for row in rows]


def chunks_at(connection: psycopg.Connection, places: Iterable[tuple[bytes, int]]) -> set[bytes]:
    """Return the ids of the chunks at these places, each a document's id and an ordinal."""
    documents, ordinals = zip(*places, strict=True) if (places := list(places)) else ((), ())
    rows = connection.execute(
        "SELECT DISTINCT d.chunk_id FROM unnest(%s::bytea[], %s::int[]) AS wanted (document_id, ordinal)"
        " JOIN document_chunk d USING (document_id, ordinal)",
        (list(documents), list(ordinals)),
    ).fetchall()
    return {row[0] for row in rows}


def places_of_chunks(
    connection: psycopg.Connection, snapshots: Sequence[int], chunk_ids: Collection[bytes]
) -> list[tuple[bytes, bytes, int, int]]:
    """Return chunk, document, ordinal and chunk count of the document for each place in the snapshots, sorted."""
    return connection.execute(
        "SELECT DISTINCT d.chunk_id, d.document_id, d.ordinal, o.chunk_count FROM document_chunk d"
        " JOIN snapshot_document s USING (document_id) JOIN document o ON o.id = d.document_id"
        " WHERE d.chunk_id = ANY (%s) AND s.snapshot_id = ANY (%s::bigint[]) ORDER BY 1, 2, 3",
        (list(chunk_ids), list(snapshots)),
    ).fetchall()


def documents_at(
    connection: psycopg.Connection, snapshots: Sequence[int], files: Collection[str]
) -> dict[str, dict[bytes, int]]:
    """Return the documents of each file in the snapshots, written ``doc_type/source/path``, with their chunk counts.

    A file that is a duplicate of another one has the documents of that one.
    """
    rows = connection.execute(
        "SELECT f.name, o.id, o.chunk_count FROM ("
        " SELECT p.doc_type || '/' || p.source || '/' || f.path AS name, f.snapshot_id,"
        " coalesce(f.duplicate_of, f.path) AS path FROM snapshot_file f JOIN snapshot s ON s.id = f.snapshot_id"
        " JOIN partition p ON p.id = s.partition_id WHERE f.snapshot_id = ANY (%s::bigint[])"
        ") f JOIN snapshot_document d USING (snapshot_id, path) JOIN document o ON o.id = d.document_id"
        " WHERE f.name = ANY (%s)",
        (list(snapshots), list(files)),
    ).fetchall()
    found: dict[str, dict[bytes, int]] = {}
    for name, document_id, chunk_count in rows:
        found.setdefault(name, {})[document_id] = chunk_count
    return found


def stored_vectors(connection: psycopg.Connection, space: SpaceTable, chunk_ids: Sequence[bytes]) -> np.ndarray:
    """Return the vectors of chunks that all have one in the space, in their order: ``(n, dims) float32``."""
    rows = connection.execute(
        sql.SQL(
            "SELECT halfvec_send(e.embedding) FROM unnest(%s::bytea[]) WITH ORDINALITY AS wanted (chunk_id, n)"
            " JOIN {} e USING (chunk_id) ORDER BY n"
        ).format(space.table),
        (list(chunk_ids),),
    ).fetchall()
    # Two 16-bit integers (dimensions, 0), then the components, big-endian.
    made = (
        np.stack([np.frombuffer(raw, ">f2", offset=4) for (raw,) in rows]) if rows else np.empty((0, space.dimensions))
    )
    return made.astype(np.float32)
