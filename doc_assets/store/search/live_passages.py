"""What an index in memory is made of: which snapshots are live, and all chunks of one with their words and vectors.

The index itself is in ``doc_assets.search.live_index``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from doc_assets.document.site import Site
from doc_assets.store.search.words import MAX_LEXEMES
from doc_assets.store.snapshots.near_duplicate_links import near_duplicates_of
from doc_assets.store.spaces.spaces import table_of

# Chunks of a reading, 5 MB of words and vectors.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """A live snapshot that holds chunks.

    Attributes:
        digest: That of its content.
        site: Where its source's pages are published.
        policy: Its source's policy for near duplicates.
    """

    partition_id: int
    doc_type: str
    source: str
    id: int
    space_id: int
    dimensions: int
    digest: bytes
    documents: int
    chunks: int
    tokens: int
    site: Site
    policy: str


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The files of a snapshot's documents, and their near duplicates.

    Attributes:
        paths: Of each document, duplicates included, in the order of their characters.
        includes: Paths of the files that a file includes, of those that include any.
        near: Near duplicates, live or not, of the documents that have any, with their similarity.
    """

    paths: Mapping[bytes, tuple[str, ...]]
    includes: Mapping[str, tuple[str, ...]]
    near: Mapping[bytes, Mapping[bytes, float]]


@dataclass(frozen=True, slots=True)
class StoredDocuments:
    """The documents of a snapshot, each once, in the order of their ids.

    Attributes:
        ids: D ids.
        tokens: Tokens of each, ``(D,) int64``.
        chunks: Number of chunks of each, ``(D,) int64``.
    """

    ids: list[bytes]
    tokens: np.ndarray
    chunks: np.ndarray


@dataclass(frozen=True, slots=True)
class StoredChunks:
    """All chunks of some documents, in the order of documents, then of ordinals.

    Attributes:
        ids: C ids.
        tokens: Tokens of each chunk, ``(C,) int64``.
        words: The stored search vector of each, as PostgreSQL writes a ``tsvector``.
        vectors: The stored vector of each, ``(C, dims) float16``; NaN where it has none.
    """

    ids: list[bytes]
    tokens: np.ndarray
    words: list[str]
    vectors: np.ndarray


def live_snapshots(connection: psycopg.Connection) -> list[LiveSnapshot]:
    """Return the live snapshots that hold chunks, by type, source and partition."""
    rows = connection.execute(
        "SELECT p.id, p.doc_type, p.source, s.id, s.space_id, e.dimensions, s.digest, s.documents, s.chunks, s.tokens,"
        " s.base_url, s.page_rule, s.page_strip, s.near_duplicates"
        " FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " JOIN embedding_space e ON e.id = s.space_id"
        ' WHERE s.chunks > 0 ORDER BY p.doc_type COLLATE "C", p.source COLLATE "C", p.id'
    ).fetchall()
    return [
        LiveSnapshot(*facts, site=Site(base_url, rule, strip), policy=policy)
        for *facts, base_url, rule, strip, policy in rows
    ]


def stored_files(connection: psycopg.Connection, snapshot: int, documents: Sequence[bytes]) -> StoredFiles:
    """Return the files of a snapshot, of whose documents these are the ids.

    Near duplicates are linked when a snapshot is sealed: of two live documents, the snapshot that was sealed last has
    all links of its own.
    """
    paths: dict[bytes, list[str]] = {}
    for document_id, path in connection.execute(
        "SELECT document_id, path FROM snapshot_document WHERE snapshot_id = %(id)s"
        " UNION ALL SELECT d.document_id, f.path FROM snapshot_file f JOIN snapshot_document d"
        " ON d.snapshot_id = f.snapshot_id AND d.path = f.duplicate_of WHERE f.snapshot_id = %(id)s",
        {"id": snapshot},
    ):
        paths.setdefault(document_id, []).append(path)
    includes = connection.execute(
        "SELECT path, includes FROM snapshot_file WHERE snapshot_id = %s AND includes <> '{}'", (snapshot,)
    ).fetchall()
    return StoredFiles(
        {document_id: tuple(sorted(of)) for document_id, of in paths.items()},
        {path: tuple(of) for path, of in includes},
        near_duplicates_of(connection, documents),
    )


def stored_documents(connection: psycopg.Connection, snapshot: int) -> StoredDocuments:
    """Return the documents of a snapshot."""
    rows = connection.execute(
        "SELECT o.id, o.token_count, o.chunk_count FROM document o WHERE o.id IN ("
        " SELECT document_id FROM snapshot_document WHERE snapshot_id = %s) ORDER BY o.id",
        (snapshot,),
        binary=True,
    ).fetchall()
    return StoredDocuments(
        [row[0] for row in rows],
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int64),
    )


def stored_chunks(
    connection: psycopg.Connection, documents: StoredDocuments, space_id: int, dimensions: int
) -> Iterator[StoredChunks]:
    """Yield the chunks of documents, in their order, about 2,000 at a time; a document's chunks are in one part."""
    ends = np.cumsum(documents.chunks)
    start = 0
    while start < len(documents.ids):
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + _BATCH, side="right")))
        yield _chunks_of(connection, documents.ids[start:end], space_id, dimensions)
        start = end


def _chunks_of(
    connection: psycopg.Connection, documents: Sequence[bytes], space_id: int, dimensions: int
) -> StoredChunks:
    # Sorted here: PostgreSQL would sort the rows with words and vectors, on disk.
    rows = connection.execute(
        sql.SQL(
            "SELECT d.document_id, d.ordinal, d.chunk_id, k.token_count, k.tsv::text, halfvec_send(e.embedding)"
            " FROM unnest(%b::bytea[]) AS wanted (document_id) JOIN document_chunk d USING (document_id)"
            " JOIN chunk k ON k.id = d.chunk_id LEFT JOIN {} e USING (chunk_id)"
        ).format(table_of(space_id)),
        (list(documents),),
        binary=True,
    ).fetchall()
    rows.sort(key=lambda row: (row[0], row[1]))
    # Two 16-bit integers (dimensions, 0), then the components, big-endian.
    absent = np.full(dimensions, np.nan, ">f2").tobytes()
    raw = b"".join(absent if row[5] is None else row[5][4:] for row in rows)
    return StoredChunks(
        [row[2] for row in rows],
        np.array([row[3] for row in rows], np.int64),
        [row[4] for row in rows],
        np.frombuffer(raw, ">f2").reshape(len(rows), dimensions).astype(np.float16),
    )


def lexemes_of(connection: psycopg.Connection, query: str) -> list[tuple[str, bool]]:
    """Return the lexemes that a query asks for, each with whether it is more than a part of a name."""
    return connection.execute(
        "SELECT lexeme, bool_or(whole) FROM query_lexemes(%s) GROUP BY lexeme ORDER BY min(place), lexeme LIMIT %s",
        (query, MAX_LEXEMES),
    ).fetchall()
