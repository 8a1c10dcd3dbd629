"""What a source holds: its documents in the order of its navigation, and the products and versions they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.document import JsonValue
from doc_assets.document.site import Site

# The field that names the product of ``document o``.
_KIND = sql.SQL(
    "CROSS JOIN LATERAL (SELECT CASE WHEN o.metadata ? 'crate' THEN 'crate'"
    " WHEN o.metadata ? 'product' OR NOT o.metadata ? 'protocol' THEN 'product' ELSE 'protocol' END) AS k (kind)"
)


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document of a source.

    Attributes:
        parts: How many documents its file gives.
        order: Its place among its neighbours, where the navigation or the page states one.
        item_path: Full path of the item of a crate that it describes, which is of the kind ``item_kind``.
    """

    snapshot: int
    path: str
    part: int
    parts: int
    title: str
    order: int | None
    item_kind: str | None
    item_path: str | None


@dataclass(frozen=True, slots=True)
class ProductVersion:
    """Documents of a snapshot that are about one version of a product.

    Attributes:
        kind: Field that names the product: ``crate``, ``product`` or ``protocol``.
        product: Its name; empty where the documents name none.
        version: As the documents state it; None where they state none.
        licences: Licences of the documents.
    """

    snapshot: int
    kind: str
    product: str
    version: str | None
    documents: int
    licences: Sequence[str]


def listed_documents(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[ListedDocument]:
    """Return all documents of some snapshots, by path and part."""
    with connection.cursor(row_factory=class_row(ListedDocument)) as cursor:
        return cursor.execute(
            "SELECT d.snapshot_id AS snapshot, d.path, d.part,"
            " count(*) OVER (PARTITION BY d.snapshot_id, d.path)::int AS parts, o.title,"
            " CASE WHEN jsonb_typeof(o.metadata -> 'order') = 'number' THEN (o.metadata ->> 'order')::numeric::int END"
            " AS order, o.metadata ->> 'item_kind' AS item_kind, o.metadata ->> 'item_path' AS item_path"
            " FROM snapshot_document d JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = ANY (%s)"
            " ORDER BY d.path, d.part",
            (list(snapshots),),
        ).fetchall()


def product_versions(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[ProductVersion]:
    """Return what products and versions the documents of some snapshots are about; reads all their metadata."""
    with connection.cursor(row_factory=class_row(ProductVersion)) as cursor:
        return cursor.execute(
            sql.SQL(
                "SELECT d.snapshot_id AS snapshot, k.kind, coalesce(o.metadata ->> k.kind, '') AS product,"
                " o.metadata ->> CASE k.kind WHEN 'crate' THEN 'crate_version' ELSE 'version' END AS version,"
                " count(*)::int AS documents,"
                " coalesce(array_agg(DISTINCT o.metadata ->> 'licence') FILTER (WHERE o.metadata ? 'licence'), '{{}}')"
                " AS licences FROM snapshot_document d JOIN document o ON o.id = d.document_id"
                " {kind}"
                " WHERE d.snapshot_id = ANY (%s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
            ).format(kind=_KIND),
            (list(snapshots),),
        ).fetchall()


@dataclass(frozen=True, slots=True)
class DuplicateFile:
    """A file with the same document as another one of its snapshot, whose metadata are those of that other file.

    Attributes:
        kind: Field that names the document's product; ``product`` is its name.
    """

    snapshot: int
    path: str
    document_id: bytes
    kind: str
    product: str


def duplicate_files(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[DuplicateFile]:
    """Return the duplicate files of some snapshots, by path."""
    with connection.cursor(row_factory=class_row(DuplicateFile)) as cursor:
        return cursor.execute(
            sql.SQL(
                "SELECT f.snapshot_id AS snapshot, f.path, d.document_id, k.kind,"
                " coalesce(o.metadata ->> k.kind, '') AS product FROM snapshot_file f"
                " JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id AND d.path = f.duplicate_of"
                " JOIN document o ON o.id = d.document_id"
                " {kind}"
                " WHERE f.snapshot_id = ANY (%s) AND f.outcome = 'duplicate' ORDER BY f.snapshot_id, f.path"
            ).format(kind=_KIND),
            (list(snapshots),),
        ).fetchall()


@dataclass(frozen=True, slots=True)
class FullDocument:
    """A document with its text; ``part`` is its number among the ``parts`` documents of its file, from 0."""

    path: str
    part: int
    parts: int
    title: str
    metadata: dict[str, JsonValue]
    text: str
    site: Site


_BATCH = 20


def documents_after(connection: psycopg.Connection, snapshot: int, after: tuple[str, int]) -> list[FullDocument]:
    """Return the next documents of a snapshot after a path and part, with their text; none after the last one."""
    rows = connection.execute(
        "SELECT d.path, d.part, (SELECT count(*)::int FROM snapshot_document e WHERE e.snapshot_id = d.snapshot_id"
        " AND e.path = d.path), o.title, o.metadata, o.text, s.base_url, s.page_rule, s.page_strip"
        " FROM snapshot_document d JOIN document o ON o.id = d.document_id JOIN snapshot s ON s.id = d.snapshot_id"
        " WHERE d.snapshot_id = %s AND (d.path, d.part) > (%s, %s) ORDER BY d.path, d.part LIMIT %s",
        (snapshot, *after, _BATCH),
    ).fetchall()
    return [
        FullDocument(path, part, parts, title, metadata, text, Site(base_url, rule, strip))
        for path, part, parts, title, metadata, text, base_url, rule, strip in rows
    ]
