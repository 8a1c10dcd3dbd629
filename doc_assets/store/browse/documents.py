"""Documents in full, found by the place of their file, and where the documents of results stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.rows import class_row

from doc_assets.document import JsonValue
from doc_assets.document.site import Site

PlaceKey = tuple[str, str, str, bytes]


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A visible document, without its text.

    Attributes:
        part: Its number among the documents of its file, from 0; ``parts`` is how many there are.
        is_duplicate: The file is a duplicate of another one, whose metadata these are.
    """

    document_id: bytes
    snapshot: int
    doc_type: str
    source: str
    path: str
    part: int
    parts: int
    title: str
    metadata: Mapping[str, JsonValue]
    base_url: str | None
    page_rule: str
    page_strip: str
    is_duplicate: bool

    @property
    def site(self) -> Site:
        """Where the source's pages are published."""
        return Site(self.base_url, self.page_rule, self.page_strip)

    @property
    def key(self) -> PlaceKey:
        """Type, source, path and document id."""
        return self.doc_type, self.source, self.path, self.document_id


@dataclass(frozen=True, slots=True)
class Span:
    """The place of a chunk in its document's text, in characters."""

    ordinal: int
    heading_path: Sequence[str]
    anchor: str
    start: int
    end: int


_FACTS: LiteralString = (
    "SELECT d.document_id, d.snapshot_id AS snapshot, p.doc_type, p.source, f.path, d.part, (SELECT count(*)::int"
    " FROM snapshot_document e WHERE e.snapshot_id = d.snapshot_id AND e.path = d.path) AS parts, o.title, o.metadata,"
    " s.base_url, s.page_rule, s.page_strip, f.duplicate_of IS NOT NULL AS is_duplicate"
)
_FILES: LiteralString = (
    " JOIN snapshot s ON s.partition_id = p.id AND s.id = ANY (%(snapshots)s)"
    " JOIN snapshot_file f ON f.snapshot_id = s.id AND f.path = w.path"
    " JOIN snapshot_document d ON d.snapshot_id = s.id AND d.path = coalesce(f.duplicate_of, f.path)"
    " JOIN document o ON o.id = d.document_id"
)


def documents_at(
    connection: psycopg.Connection, places: Sequence[PlaceKey], snapshots: Sequence[int]
) -> dict[PlaceKey, DocumentFacts]:
    """Return the facts of documents by type, source, path and id; the path may be that of a duplicate file."""
    columns = [list(column) for column in zip(*places, strict=True)] or [[], [], [], []]
    with connection.cursor(row_factory=class_row(DocumentFacts)) as cursor:
        rows = cursor.execute(
            _FACTS
            + " FROM unnest(%(types)s::text[], %(sources)s::text[], %(paths)s::text[], %(ids)s::bytea[])"
            " AS w (doc_type, source, path, document_id)"
            " JOIN partition p ON p.doc_type = w.doc_type AND p.source = w.source"
            + _FILES
            + " AND d.document_id = w.document_id ORDER BY d.part DESC",
            {
                "types": columns[0], "sources": columns[1], "paths": columns[2], "ids": columns[3],
                "snapshots": list(snapshots),
            },
        ).fetchall()  # fmt: skip
    return {facts.key: facts for facts in rows}


def documents_of_file(
    connection: psycopg.Connection, doc_type: str, source: str, path: str, snapshots: Sequence[int], item: str = ""
) -> list[DocumentFacts]:
    """Return the documents of a visible file in their order; with ``item`` only those of that ``item_path``."""
    with connection.cursor(row_factory=class_row(DocumentFacts)) as cursor:
        return cursor.execute(
            _FACTS + " FROM (SELECT %(path)s::text AS path) w"
            " JOIN partition p ON p.doc_type = %(type)s AND p.source = %(source)s"
            + _FILES
            + " WHERE %(item)s::text = '' OR o.metadata ->> 'item_path' = %(item)s ORDER BY d.part LIMIT 1000",
            {"type": doc_type, "source": source, "path": path, "snapshots": list(snapshots), "item": item},
        ).fetchall()


def spans_of(connection: psycopg.Connection, documents: Sequence[bytes]) -> dict[bytes, dict[int, Span]]:
    """Return the places of all chunks of each document, by ordinal, in their order."""
    found: dict[bytes, dict[int, Span]] = {document: {} for document in documents}
    for document, *place in connection.execute(
        "SELECT document_id, ordinal, heading_path, anchor, char_start, char_end FROM document_chunk"
        " WHERE document_id = ANY (%s) ORDER BY document_id, ordinal",
        (list(found),),
    ):
        span = Span(*place)
        found[document][span.ordinal] = span
    return found


def text_of(connection: psycopg.Connection, document: bytes) -> str:
    """Return the whole text of a document."""
    return connection.execute("SELECT text FROM document WHERE id = %b", (document,)).fetchall()[0][0]


def lengths_of(connection: psycopg.Connection, documents: Sequence[bytes]) -> dict[bytes, int]:
    """Return the length of each document's text in characters, for which PostgreSQL unpacks all of it."""
    return dict(
        connection.execute("SELECT id, length(text) FROM document WHERE id = ANY (%b::bytea[])", (list(documents),))
    )


def stretches_of(connection: psycopg.Connection, wanted: Sequence[tuple[bytes, int, int]]) -> list[str]:
    """Return the text of each document between two places, in characters."""
    rows = connection.execute(
        "SELECT substr(o.text, w.first + 1, w.last - w.first)"
        " FROM unnest(%s::bytea[], %s::int[], %s::int[]) WITH ORDINALITY AS w (document_id, first, last, n)"
        " JOIN document o ON o.id = w.document_id ORDER BY w.n",
        ([w[0] for w in wanted], [w[1] for w in wanted], [w[2] for w in wanted]),
    ).fetchall()
    return [text for (text,) in rows]
