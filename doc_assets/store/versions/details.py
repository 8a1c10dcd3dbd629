"""One snapshot in full, with a check that its rows still give its digest and seal.

Lists of snapshots are in ``listing``; the whole audit is ``doc_assets.validation.audit``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from doc_assets.document.records import Counts
from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots.lifecycle import sealed_counts
from doc_assets.store.snapshots.missing_includes import LackingDocuments, lacking_in
from doc_assets.store.spaces.spaces import table_of
from doc_assets.store.versions.comparison import Comparison, compare_snapshots
from doc_assets.store.versions.listing import SnapshotRow, snapshot_row
from doc_assets.store.versions.references import has_manifest, parse_id_or_partition, resolve


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A snapshot's source and settings; ``recipe`` is the parsed JSON, ``space`` the embedding space's row."""

    parent: int | None
    base_url: str | None
    near_duplicates: str
    file_limit: int | None
    recipe: Mapping[str, object]
    space: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Contents:
    """The content that a snapshot's manifest reaches now.

    Attributes:
        formats: Documents by format.
        source_bytes: Size of all discovered files.
        text_bytes: Size of the documents' texts in UTF-8.
        vectors: Distinct chunks with a vector.
        vector_bytes: Size of these vectors as stored.
        lacking: The documents that lack what they include.
    """

    formats: Mapping[str, int]
    source_bytes: int
    text_bytes: int
    vectors: int
    vector_bytes: int
    lacking: LackingDocuments


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the rows still give the digest and the seal; ``seconds`` is the time it took to compute both."""

    digest: bool
    seal: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class SnapshotEvent:
    """A row of the history that concerns the snapshot."""

    at: datetime
    action: str
    result: str
    from_snapshot: int | None
    to_snapshot: int | None
    actor: str
    who: str
    run_id: str | None
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """A snapshot in full.

    Attributes:
        counts: As sealed; None before that.
        contents: None, as ``proof``, if the manifest is gone or not complete.
        changes: The difference from its parent; None if there is none or its manifest is gone.
        history: Oldest event first.
    """

    snapshot: SnapshotRow
    facts: SourceFacts
    counts: Counts | None
    contents: Contents | None
    proof: Proof | None
    changes: Comparison | None
    history: tuple[SnapshotEvent, ...]


def describe(store: Store, which: str) -> Description:
    """Describe a snapshot, given as its id or as a partition name for the live one; recomputes digest and seal.

    Raises:
        NotFound: There is no such snapshot or partition, or nothing of it is live.
    """
    with store.reading("doc-assets show", one_state=True) as connection:
        reference = parse_id_or_partition(which)
        row = snapshot_row(
            connection, reference if isinstance(reference, int) else resolve(connection, reference, "live")
        )
        facts = _facts(connection, row.id)
        kept = has_manifest(connection, row.id)
        counts = sealed_counts(connection, row.id) if row.digest is not None else None
        return Description(
            row,
            facts,
            counts,
            _contents(connection, row.id, facts, counts) if kept and counts else None,
            _proof(connection, row.id) if kept else None,
            compare_snapshots(connection, row.partition, facts.parent, row.id)
            if kept and facts.parent is not None and has_manifest(connection, facts.parent)
            else None,
            _history(connection, row.id),
        )


def _facts(connection: psycopg.Connection, snapshot_id: int) -> SourceFacts:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT s.parent_id AS parent, s.base_url, s.near_duplicates, s.file_limit, s.recipe,"
            " jsonb_build_object('id', e.id, 'name', e.name, 'precision', e.description -> 'precision',"
            " 'dimensions', e.dimensions, 'max_tokens', e.max_tokens, 'fingerprint', e.fingerprint) AS space"
            " FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = %s",
            (snapshot_id,),
        ).fetchone()
    assert row is not None  # noqa: S101 - selected above or by the caller, in this transaction
    try:
        recipe = json.loads(row["recipe"])
    except ValueError:
        recipe = {"text": row["recipe"]}
    facts: dict[str, Any] = {**row, "recipe": recipe}
    return SourceFacts(**facts)


def _contents(connection: psycopg.Connection, snapshot_id: int, facts: SourceFacts, counts: Counts) -> Contents:
    formats = connection.execute(
        "SELECT o.format, count(*), sum(octet_length(o.text)) FROM snapshot_document d"
        " JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = %s GROUP BY o.format ORDER BY 2 DESC, 1",
        (snapshot_id,),
    ).fetchall()
    space_id = facts.space["id"]
    assert isinstance(space_id, int)  # noqa: S101 - as selected above
    vectors = connection.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(pg_column_size(e.embedding)), 0) FROM (SELECT DISTINCT c.chunk_id"
            " FROM snapshot_document d JOIN document_chunk c USING (document_id) WHERE d.snapshot_id = %s) k"
            " JOIN {} e USING (chunk_id)"
        ).format(table_of(space_id)),
        (snapshot_id,),
    ).fetchone()
    assert vectors is not None  # noqa: S101 - an aggregate always gives a row
    return Contents(
        {name: n for name, n, _ in formats},
        counts.bytes,
        sum(int(size) for _, _, size in formats),
        vectors[0],
        int(vectors[1]),
        lacking_in(connection, snapshot_id),
    )


def _proof(connection: psycopg.Connection, snapshot_id: int) -> Proof:
    started = time.perf_counter()
    row = connection.execute(
        "SELECT snapshot_digest(id) = digest, snapshot_seal(id) IS NOT DISTINCT FROM seal FROM snapshot WHERE id = %s",
        (snapshot_id,),
    ).fetchone()
    assert row is not None  # noqa: S101 - selected above or by the caller, in this transaction
    digest, sealed = row
    return Proof(digest, sealed, time.perf_counter() - started)


def _history(connection: psycopg.Connection, snapshot_id: int) -> tuple[SnapshotEvent, ...]:
    with connection.cursor(row_factory=class_row(SnapshotEvent)) as cursor:
        rows = cursor.execute(
            "SELECT h.at, h.action, h.result, h.from_snapshot, h.to_snapshot, h.actor, h.run_id, h.seconds, h.error,"
            " coalesce(h.counts ->> 'user', h.actor) || coalesce('@' || h.host, '') AS who"
            " FROM migration_history h JOIN snapshot s ON s.partition_id = h.partition_id"
            " WHERE s.id = %s AND s.id IN (h.from_snapshot, h.to_snapshot) ORDER BY h.id",
            (snapshot_id,),
        ).fetchall()
    return tuple(rows)
