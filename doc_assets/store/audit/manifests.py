"""Queries over snapshots: their rows, manifests, embedding spaces, and the pointers to them.

They return all that differs; ``precedence`` reduces it to root causes once the content of the snapshots is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from doc_assets.store.audit.consistent_read import CONTENT, fingerprint_of, snapshot_sets
from doc_assets.store.audit.finding import Finding
from doc_assets.store.audit.unreadable import isolate_unreadable
from doc_assets.store.spaces.spaces import table_of

_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class RowDifference:
    """Difference between rows of a manifest and the hashes of the rows that were sealed.

    Attributes:
        sealed: Number of rows that were sealed.
        found: Number of rows now.
        unknown: Names of the rows whose hash was not sealed.
        documents: Documents that the unknown rows refer to.
        parts_missing: Whether the documents of a file are not numbered from 0; neither digest nor seal covers that.
    """

    sealed: int
    found: int
    unknown: tuple[str, ...]
    documents: tuple[bytes, ...] = ()
    parts_missing: bool = False


@dataclass(frozen=True, slots=True)
class ManifestComparison:
    """Comparison of a snapshot's row with its manifest.

    Attributes:
        partition: Partition name, ``<doc_type>/<key>``.
        digest_holds: Whether the recomputed digest is the stored one; likewise ``seal_holds``.
        files: Difference of its rows in ``snapshot_file`` from those sealed; None if there is none.
        documents: Difference of its rows in ``snapshot_document``.
        counts: ``(what, recorded, found)`` of each count that is not the recorded one.
        outcomes_add_up: Whether every file has one of the four outcomes.
    """

    snapshot: int
    partition: str
    digest_holds: bool
    seal_holds: bool
    files: RowDifference | None
    documents: RowDifference | None
    counts: tuple[tuple[str, int | None, int], ...]
    outcomes_add_up: bool

    @property
    def name(self) -> str:
        """Name of the snapshot in findings."""
        return f"snapshot {self.snapshot} of {self.partition}"


@dataclass(frozen=True, slots=True)
class Pointers:
    """The partitions' pointers to their live snapshots.

    Attributes:
        live: Snapshot that is live, or should be, by partition name.
        findings: Pointers that contradict the history, or lead to a snapshot that is not published.
    """

    live: dict[str, int]
    findings: list[Finding] = field(default_factory=list)


def digests(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Finding]:
    """Return snapshots whose digest is not the one they were sealed with."""

    def query(some: Sequence[int]) -> list[Finding]:
        rows = connection.execute(
            "SELECT id FROM snapshot WHERE id = ANY (%s) AND digest IS DISTINCT FROM snapshot_digest(id)", (list(some),)
        )
        return [Finding("snapshot_digest", f"snapshot {row[0]}", snapshot=row[0]) for row in rows]

    # compare_manifests reports the unreadable rows.
    return isolate_unreadable(connection, query, list(snapshots), lambda snapshot, _: [])


def recorded(connection: psycopg.Connection, snapshots: Sequence[int]) -> dict[int, tuple[str, dict[str, int]]]:
    """Return partition name and counts as recorded when sealed, of each snapshot that exists."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT s.id, coalesce(p.name, 'snapshot ' || s.id) AS partition, s.files, s.loaded,"
            " s.duplicate, s.skipped, s.rejected, s.documents, s.chunks"
            " FROM snapshot s LEFT JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)",
            (list(snapshots),),
        ).fetchall()
    return {
        row.pop("id"): (row.pop("partition"), {name: count for name, count in row.items() if count is not None})
        for row in rows
    }


_STATES = """
SELECT s.id, coalesce(p.name, 'partition ' || s.partition_id),
    s.seal IS NOT DISTINCT FROM snapshot_seal(s.id), s.file_hashes IS NOT DISTINCT FROM file_hashes(s.id),
    s.document_hashes IS NOT DISTINCT FROM document_hashes(s.id)
FROM snapshot s LEFT JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)
"""

_COUNTS = """
SELECT s.id, w.what, w.recorded, w.found, f.files = f.loaded + f.duplicate + f.skipped + f.rejected
FROM snapshot s, LATERAL (
    SELECT count(*) AS files, count(*) FILTER (WHERE outcome = 'loaded') AS loaded,
        count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE outcome = 'rejected') AS rejected, coalesce(sum(size), 0)::bigint AS bytes
    FROM snapshot_file WHERE snapshot_id = s.id
) f, LATERAL (
    SELECT count(*) AS documents, coalesce(sum(o.token_count), 0) AS tokens, coalesce(sum(
        (SELECT count(*) FROM document_chunk c WHERE c.document_id = d.document_id)), 0)::bigint AS chunks
    FROM snapshot_document d LEFT JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = s.id
) d, LATERAL (VALUES ('files', s.files::bigint, f.files), ('loaded', s.loaded, f.loaded),
    ('duplicate', s.duplicate, f.duplicate), ('skipped', s.skipped, f.skipped),
    ('rejected', s.rejected, f.rejected), ('bytes', s.bytes, f.bytes),
    ('documents', s.documents, d.documents), ('chunks', s.chunks, d.chunks), ('tokens', s.tokens, d.tokens)
) AS w (what, recorded, found)
WHERE s.id = ANY (%s)
"""


def compare_manifests(
    connection: psycopg.Connection, snapshots: Sequence[int], wrong_digests: set[int | None]
) -> tuple[dict[int, ManifestComparison], list[Finding]]:
    """Compare the snapshots' rows with their manifests.

    Returns:
        The comparisons by snapshot, and the unreadable rows of the snapshots that have none.
    """

    def compare(some: Sequence[int]) -> list[ManifestComparison | Finding]:
        return list(_compare(connection, some, wrong_digests))

    def unreadable(snapshot: int, reason: str) -> list[ManifestComparison | Finding]:
        return list(_unreadable_rows(connection, snapshot, reason))

    found = isolate_unreadable(connection, compare, list(snapshots), unreadable)
    comparisons = {row.snapshot: row for row in found if isinstance(row, ManifestComparison)}
    return comparisons, [row for row in found if isinstance(row, Finding)]


def _compare(
    connection: psycopg.Connection, snapshots: Sequence[int], wrong_digests: set[int | None]
) -> Iterator[ManifestComparison]:
    counts: dict[int, list[tuple[str, int | None, int]]] = defaultdict(list)
    odd: set[int] = set()
    for snapshot, what, recorded, found, add_up in connection.execute(_COUNTS, (list(snapshots),)):
        if recorded != found:
            counts[snapshot].append((what, recorded, int(found)))
        if not add_up:
            odd.add(snapshot)
    rows = connection.execute(_STATES, (list(snapshots),)).fetchall()
    for snapshot, partition, seal_holds, files_hold, documents_hold in rows:
        yield ManifestComparison(
            snapshot,
            partition,
            snapshot not in wrong_digests,
            seal_holds,
            None if files_hold else _difference(connection, "file_hashes", snapshot),
            None if documents_hold else _difference(connection, "document_hashes", snapshot),
            tuple(counts[snapshot]),
            snapshot not in odd,
        )


def _unreadable_rows(connection: psycopg.Connection, snapshot: int, reason: str) -> Iterator[Finding]:
    """Yield the rows of a manifest that PostgreSQL cannot read, or else the snapshot's own."""
    found = []
    tables: tuple[LiteralString, ...] = ("snapshot_file", "snapshot_document")
    for table in tables:
        names = dict(
            connection.execute(
                f"SELECT ctid::text, encode(textsend(path), 'escape') FROM {table} WHERE snapshot_id = %s",  # noqa: S608 - constants
                (snapshot,),
            ).fetchall()
        )
        hashed = f"SELECT count(row_hash(t)) FROM {table} t WHERE ctid = ANY (%s::tid[])"  # noqa: S608 - constants
        found += isolate_unreadable(
            connection,
            lambda some, query=hashed: connection.execute(query, (list(some),)) and [],  # pyrefly: ignore[bad-argument-type]
            list(names),
            lambda place, why, names=names: [f"file {names[place]} in snapshot {snapshot}: {why}"],
        )
    for name in found or [f"snapshot {snapshot}: {reason}"]:
        yield Finding("unreadable_snapshot", name, snapshot=snapshot)


# Hash, name, document, path and part of each row of a manifest, by the column with the hashes that were sealed.
_ROWS: dict[LiteralString, LiteralString] = {
    "file_hashes": "SELECT row_hash(f), 'file ' || f.path, NULL, f.path, 0 FROM snapshot_file f"
    " WHERE f.snapshot_id = %s ORDER BY f.path",
    "document_hashes": "SELECT row_hash(d), 'part ' || d.part || ' of file ' || d.path, d.document_id, d.path, d.part"
    " FROM snapshot_document d WHERE d.snapshot_id = %s ORDER BY d.path, d.part",
}


def _difference(connection: psycopg.Connection, column: LiteralString, snapshot: int) -> RowDifference | None:
    """Compare the rows of a manifest with their sealed hashes; None if a version that stored none sealed it."""
    sealed = connection.execute(f"SELECT {column} FROM snapshot WHERE id = %s", (snapshot,)).fetchone()  # noqa: S608
    rows = connection.execute(_ROWS[column], (snapshot,)).fetchall()
    if sealed is None or sealed[0] is None:
        return None
    hashes = [sealed[0][start : start + _HASH_BYTES] for start in range(0, len(sealed[0]), _HASH_BYTES)]
    known = set(hashes)
    unknown = [(name, document) for key, name, document, *_ in rows if key not in known]
    parts: dict[str, list[int]] = defaultdict(list)
    for *_, path, part in rows:
        parts[path].append(part)
    return RowDifference(
        len(hashes),
        len(rows),
        tuple(name for name, _ in unknown),
        tuple(document for _, document in unknown if document is not None),
        any(numbers != list(range(len(numbers))) for numbers in parts.values()),
    )


# Valid for manifests whose rows are those that were sealed: what is wrong with them was written wrong.
_ENTRY_QUERIES: dict[str, LiteralString] = {
    "loaded_without_document": """SELECT f.snapshot_id, f.path FROM snapshot_file f
        WHERE f.snapshot_id = ANY (%(snapshots)s) AND (f.outcome = 'loaded') <> EXISTS (SELECT 1
            FROM snapshot_document d WHERE d.snapshot_id = f.snapshot_id AND d.path = f.path)""",
    "path_form": """SELECT snapshot_id, path FROM snapshot_file WHERE snapshot_id = ANY (%(snapshots)s)
        AND (path = '' OR path LIKE '/%%' OR path ~ '(^|/)\\.\\.(/|$)')""",
    # Equal pages that include different files are different documents.
    "same_bytes_loaded_twice": """SELECT snapshot_id, min(path) || ' and ' || max(path) FROM snapshot_file
        WHERE snapshot_id = ANY (%(snapshots)s) AND outcome = 'loaded' GROUP BY snapshot_id, fingerprint
        HAVING count(*) > count(DISTINCT coalesce(includes_sha256, ''))""",
    "same_content_loaded_twice": """
        WITH content AS (
            SELECT snapshot_id, path, string_agg(document_id, ''::bytea ORDER BY part) AS documents
            FROM snapshot_document WHERE snapshot_id = ANY (%(snapshots)s) GROUP BY snapshot_id, path
        ) SELECT snapshot_id, min(path) || ' and ' || max(path) FROM content
        GROUP BY snapshot_id, documents HAVING count(*) > 1""",
    "duplicate_of_nothing": """SELECT f.snapshot_id, f.path FROM snapshot_file f
        WHERE f.snapshot_id = ANY (%(snapshots)s) AND f.outcome = 'duplicate' AND NOT EXISTS (SELECT 1
            FROM snapshot_file o WHERE o.snapshot_id = f.snapshot_id
            AND o.path = f.duplicate_of AND o.outcome IN ('loaded', 'skipped', 'rejected'))""",
    "reason_missing": """SELECT snapshot_id, path FROM snapshot_file WHERE snapshot_id = ANY (%(snapshots)s)
        AND outcome <> 'loaded' AND coalesce(btrim(reason), '') = ''""",
}


def entries(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Finding]:
    """Return rows of manifests that contradict each other or are incomplete."""
    return [
        Finding(rule, path, snapshot=snapshot)
        for rule, query in _ENTRY_QUERIES.items()
        for snapshot, path in connection.execute(query, {"snapshots": list(snapshots)})
    ]


def embedding_spaces(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Finding]:
    """Return spaces whose description does not give their fingerprint or contradicts the columns beside it."""
    found = []
    for space, fingerprint, name, description, dimensions, max_tokens, users in connection.execute(
        "SELECT e.id, e.fingerprint, e.name, e.description, e.dimensions, e.max_tokens, array_agg(s.id)"
        " FROM embedding_space e JOIN snapshot s ON s.space_id = e.id WHERE s.id = ANY (%s) GROUP BY e.id",
        (list(snapshots),),
    ):
        beside = {"name": name, "dimensions": dimensions, "max_tokens": max_tokens}
        if fingerprint_of(description) != fingerprint or any(description.get(k) != v for k, v in beside.items()):
            found += [Finding("space_description", f"embedding space {space}", snapshot=user) for user in users]
    return found


def pointers(connection: psycopg.Connection) -> Pointers:
    """Compare the partitions' pointers with the history.

    A pointer that leads nowhere is reported under the snapshot that should be live.
    """
    found = Pointers({})
    for name, pointer, status, own, published in connection.execute(
        "SELECT p.name, p.published_snapshot_id, s.status, s.partition_id = p.id, l.snapshot_id"
        " FROM partition p LEFT JOIN snapshot s ON s.id = p.published_snapshot_id"
        " LEFT JOIN live_at('infinity') l ON l.partition_id = p.id ORDER BY 1"
    ):
        live = pointer if own or pointer == published else published
        if live is None:
            continue
        found.live[name] = live
        if pointer != published:
            wrong = f"snapshot {pointer or 'none'} is live, by the history it is {published or 'none'}"
        elif status is None:
            wrong = f"snapshot {pointer} is live and does not exist"
        elif status != "published":
            wrong = f"snapshot {pointer} is live and {status}"
        else:
            continue
        found.findings.append(Finding("pointer", f"partition {name}: {wrong}", snapshot=live))
    return found


def count_vectors(connection: psycopg.Connection, snapshots: Sequence[int]) -> int:
    """Return the number of vectors that the snapshots' chunks have."""
    found: dict[int, int] = {}
    for some in snapshot_sets(connection, snapshots):
        if some.space is not None:
            query = sql.SQL(CONTENT + "SELECT count(*) FROM chunks JOIN {} USING (chunk_id)").format(  # noqa: S608
                table_of(some.space)
            )
            (found[some.space],) = connection.execute(query, some.parameters).fetchone() or (0,)
    return sum(found.values())
