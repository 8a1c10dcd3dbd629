"""The files of ranked documents and their near duplicates, their metadata, and the text of their chunks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import psycopg

from doc_assets.document import JsonValue
from doc_assets.document.site import Site
from doc_assets.store.snapshots.near_duplicate_links import near_duplicates_of

File = tuple[str, str, str]
"""Type, source and path."""


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """A live file that gives a document; ``policy`` is its source's policy for near duplicates."""

    doc_type: str
    source: str
    path: str
    site: Site
    policy: str

    @property
    def key(self) -> File:
        """Return type, source and path, which identify a file."""
        return self.doc_type, self.source, self.path


class Places(Protocol):
    """Where documents stand in what is searched; PostgreSQL knows it, and so does an index in memory."""

    def near_duplicates(self, documents: Sequence[bytes]) -> Mapping[bytes, Mapping[bytes, float]]:
        """Return the near duplicates, in scope or not, of each document that has any, with their similarity."""
        ...

    def files(self, documents: Collection[bytes]) -> Mapping[bytes, Sequence[DocumentPlace]]:
        """Return the files of each document in scope, its duplicates included, by type, source and path."""
        ...

    def inclusions(self, files: Sequence[File]) -> set[tuple[File, File]]:
        """Return those pairs of these files of which the first includes the second."""
        ...

    def details(self, documents: Collection[bytes], chunks: Collection[tuple[bytes, int]]) -> Details:
        """Return the metadata of documents, and what is shown of chunks (document, ordinal)."""
        ...


@dataclass(frozen=True, slots=True)
class StoredPlaces:
    """What PostgreSQL knows of the documents of some snapshots, as ``Places``."""

    connection: psycopg.Connection
    snapshots: Sequence[int]

    def near_duplicates(self, documents: Sequence[bytes]) -> Mapping[bytes, Mapping[bytes, float]]:
        """See ``Places.near_duplicates``."""
        return near_duplicates_of(self.connection, documents)

    def files(self, documents: Collection[bytes]) -> dict[bytes, list[DocumentPlace]]:
        """See ``Places.files``."""
        rows = self.connection.execute(
            "SELECT d.document_id, p.doc_type, p.source, f.path, s.base_url, s.page_rule, s.page_strip,"
            " s.near_duplicates FROM snapshot_document d JOIN snapshot s ON s.id = d.snapshot_id"
            " JOIN partition p ON p.id = s.partition_id"
            " CROSS JOIN LATERAL (SELECT d.path UNION ALL SELECT f.path FROM snapshot_file f"
            " WHERE f.snapshot_id = d.snapshot_id AND f.duplicate_of = d.path) f"
            " WHERE d.document_id = ANY (%b::bytea[]) AND d.snapshot_id = ANY (%s)"
            ' ORDER BY p.doc_type COLLATE "C", p.source COLLATE "C", f.path COLLATE "C"',
            (list(documents), list(self.snapshots)),
        ).fetchall()
        found: dict[bytes, list[DocumentPlace]] = {}
        for document_id, doc_type, source, path, base_url, rule, strip, policy in rows:
            place = DocumentPlace(doc_type, source, path, Site(base_url, rule, strip), policy)
            found.setdefault(document_id, []).append(place)
        return found

    def inclusions(self, files: Sequence[File]) -> set[tuple[File, File]]:
        """See ``Places.inclusions``."""
        paths = [path for _, _, path in files]
        rows = self.connection.execute(
            "SELECT p.doc_type, p.source, f.path, i.path FROM snapshot_file f JOIN snapshot s ON s.id = f.snapshot_id"
            " JOIN partition p ON p.id = s.partition_id CROSS JOIN LATERAL unnest(f.includes) AS i (path)"
            " WHERE f.snapshot_id = ANY (%s) AND f.path = ANY (%s) AND i.path = ANY (%s)",
            (list(self.snapshots), paths, paths),
        ).fetchall()
        known = set(files)
        pairs = (((doc_type, source, path), (doc_type, source, part)) for doc_type, source, path, part in rows)
        return {(whole, part) for whole, part in pairs if whole in known and part in known and whole != part}

    def details(self, documents: Collection[bytes], chunks: Collection[tuple[bytes, int]]) -> Details:
        """See ``Places.details``."""
        return details_of(self.connection, documents, chunks)


@dataclass(frozen=True, slots=True)
class ChunkContent:
    """What is shown of a chunk.

    Attributes:
        heading_path: Headings above its first section.
        anchor: The fragment of that section, empty without one.
        text: Its text.
        start: Where that begins in the document's text, in characters; ``end`` is where it ends.
    """

    title: str
    heading_path: Sequence[str]
    anchor: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Details:
    """What ids of documents stand for, which never changes.

    Attributes:
        metadata: Metadata of documents, by id.
        contents: What is shown of chunks, by document and ordinal.
    """

    metadata: Mapping[bytes, Mapping[str, JsonValue]]
    contents: Mapping[tuple[bytes, int], ChunkContent]


def details_of(
    connection: psycopg.Connection, documents: Collection[bytes], chunks: Collection[tuple[bytes, int]]
) -> Details:
    """Return the metadata of documents, these and those of the chunks, and what is shown of chunks; one statement."""
    metadata: dict[bytes, Mapping[str, JsonValue]] = {}
    titles: dict[bytes, str] = {}
    rows = []
    # Documents come first, each once: of a chunk's row their metadata would be sent, and read, for each chunk.
    for row in connection.execute(
        "SELECT id, NULL, title, metadata, NULL, NULL, NULL, NULL, NULL FROM document WHERE id = ANY (%b::bytea[])"
        " UNION ALL"
        " SELECT d.document_id, d.ordinal, NULL, NULL, d.heading_path, d.anchor, k.text, d.char_start, d.char_end"
        " FROM unnest(%b::bytea[], %s::int[]) AS wanted (document_id, ordinal)"
        " JOIN document_chunk d USING (document_id, ordinal) JOIN chunk k ON k.id = d.chunk_id",
        (
            list({*documents, *(document_id for document_id, _ in chunks)}),
            [document_id for document_id, _ in chunks],
            [ordinal for _, ordinal in chunks],
        ),
    ):
        if row[1] is None:
            metadata[row[0]], titles[row[0]] = row[3], row[2]
        else:
            rows.append(row)
    return Details(metadata, {(row[0], row[1]): ChunkContent(titles[row[0]], *row[4:]) for row in rows})


def counterparts(
    connection: psycopg.Connection, document_id: bytes, ordinals: Sequence[int], of: bytes
) -> dict[int, int]:
    """Return the chunk of document ``of`` that corresponds to each one: the same, else by heading or position."""
    rows = connection.execute(
        "SELECT b.ordinal, c.ordinal FROM document_chunk b CROSS JOIN LATERAL ("
        " SELECT d.ordinal FROM document_chunk d WHERE d.document_id = %s"
        " ORDER BY d.chunk_id <> b.chunk_id, d.heading_path <> b.heading_path, abs(d.ordinal - b.ordinal), d.ordinal"
        " LIMIT 1) c WHERE b.document_id = %s AND b.ordinal = ANY (%s)",
        (of, document_id, list(ordinals)),
    ).fetchall()
    return dict(rows)
