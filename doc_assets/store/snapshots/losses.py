"""What publishing a sealed snapshot would lose: its rejected files, and live documents that it no longer holds.

Only counted here; ``doc_assets.ingest.publication_guards`` decides how much is too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.document.pointer import POINTER_REASONS, is_pointer_reason

# Number of files that a refusal names; the quarantine and the manifest list them all.
EXAMPLES = 3
# A stub ("moved", "not found", a pointer) in place of a document has at most so many tokens, about 250 bytes, and at
# most one for so many of the document's. An edit that shortens a page stays above one of both; short pages that are
# edited stay above the second.
STUB_TOKENS = 64
STUB_SHARE = 4


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of one sealed snapshot, compared with what is live in its partition.

    Attributes:
        files: Discovered files.
        rejected: Rejected files; ``rejected_examples`` are the first ``EXAMPLES`` + 1 with their reasons.
        live: Live documents.
        vanished: Live documents that would vanish; ``vanished_examples`` are the first of their paths.
        pointers: Those of ``rejected`` that only point to content kept elsewhere, as Git LFS does.
        vanished_as_pointers: Those of ``vanished`` whose file is such a pointer now, or includes one.
        stubs: Those of ``vanished`` whose file is still loaded, but holds no more than a few words.
        file_limit: Number of files that the load was limited to.
    """

    files: int
    rejected: int
    rejected_examples: list[str]
    live: int
    vanished: int
    vanished_examples: list[str]
    file_limit: int | None = None
    stubs: int = 0
    pointers: int = 0
    vanished_as_pointers: int = 0


# A live file's documents vanish as far as neither its path (even as a duplicate of another file) nor its bytes under
# another path give as many: a rename is no deletion. Files are compared, not document ids, since edited pages and new
# format versions delete nothing; a path that gives only a stub gives nothing.
_LOSSES = sql.SQL("""
WITH facts AS ({facts}), staged AS ({staged}), pointer AS ({pointer}), held AS ({held}),
moved AS (SELECT fingerprint, max(documents) AS documents FROM staged GROUP BY 1),
found AS (
    SELECT l.path, l.documents, coalesce(s.documents, 0) AS kept, coalesce(m.documents, 0) AS moved,
        coalesce(s.tokens <= %(stub_tokens)s AND s.tokens * %(stub_share)s <= l.tokens, false) AS is_stub,
        EXISTS (SELECT FROM pointer p WHERE p.path = l.path) AS is_pointer
    FROM held l LEFT JOIN staged s USING (path) LEFT JOIN moved m ON m.fingerprint = l.fingerprint
    WHERE l.outcome = 'loaded'
), live AS (
    SELECT path, documents, is_stub, is_pointer,
        documents - greatest(CASE WHEN is_stub THEN 0 ELSE kept END, moved) AS vanished
    FROM found
)
SELECT facts.files, facts.rejected, facts.file_limit, facts.rejected_examples,
    coalesce((SELECT sum(documents) FROM live), 0)::int AS live,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0), 0)::int AS vanished,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0 AND is_stub), 0)::int AS stubs,
    (SELECT count(*) FROM pointer)::int AS pointers,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0 AND is_pointer), 0)::int AS vanished_as_pointers,
    ARRAY(SELECT path FROM live WHERE vanished > 0 ORDER BY path LIMIT %(examples)s) AS vanished_examples
FROM facts
""")
# The files of a snapshot that hold documents, each with how many, and their tokens.
_HELD = sql.SQL(
    "SELECT f.path, f.fingerprint, f.outcome, count(*)::int AS documents, sum(o.token_count) AS tokens"
    " FROM snapshot_file f JOIN snapshot_document d"
    " ON d.snapshot_id = f.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)"
    " JOIN document o ON o.id = d.document_id"
    " WHERE f.snapshot_id = {snapshot} AND f.outcome IN ('loaded', 'duplicate') GROUP BY 1, 2, 3"
)
_SEALED = _LOSSES.format(
    facts=sql.SQL(
        "SELECT s.files, s.rejected, s.file_limit, ARRAY(SELECT f.path || ' (' || f.reason || ')' FROM snapshot_file f"
        " WHERE f.snapshot_id = s.id AND f.outcome = 'rejected' ORDER BY f.path LIMIT %(examples)s)"
        " AS rejected_examples FROM snapshot s WHERE s.id = %(snapshot)s"
    ),
    staged=_HELD.format(snapshot=sql.SQL("%(snapshot)s")),
    pointer=sql.SQL(
        "SELECT path FROM snapshot_file"
        " WHERE snapshot_id = %(snapshot)s AND outcome = 'rejected' AND reason LIKE ANY (%(pointers)s)"
    ),
    held=_HELD.format(
        snapshot=sql.SQL(
            "(SELECT p.published_snapshot_id FROM snapshot s JOIN partition p ON p.id = s.partition_id"
            " WHERE s.id = %(snapshot)s AND p.published_snapshot_id <> s.id)"
        )
    ),
)
_PLANNED = _LOSSES.format(
    facts=sql.SQL(
        "SELECT %(files)s::int AS files, %(rejected)s::int AS rejected, %(file_limit)s::int AS file_limit,"
        " %(rejected_examples)s::text[] AS rejected_examples"
    ),
    staged=sql.SQL(
        "SELECT * FROM unnest(%(paths)s::text[], %(fingerprints)s::bytea[], %(documents)s::int[], %(tokens)s::bigint[])"
        " AS t (path, fingerprint, documents, tokens)"
    ),
    pointer=sql.SQL("SELECT path FROM unnest(%(pointer_paths)s::text[]) AS t (path)"),
    held=_HELD.format(snapshot=sql.SQL("(SELECT published_snapshot_id FROM partition WHERE name = %(partition)s)")),
)


def losses(connection: psycopg.Connection, snapshot_id: int) -> Losses:
    """Return what publishing the snapshot would lose; the caller's lock keeps what is live from changing."""
    pointers = [f"%{start}%" for start in POINTER_REASONS]
    return _read(connection, _SEALED, {"snapshot": snapshot_id, "pointers": pointers})


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as a load would write it; ``documents`` and ``tokens`` of a duplicate are those of its twin."""

    path: str
    fingerprint: bytes | None
    outcome: str
    reason: str | None
    documents: int
    tokens: int


def planned_losses(
    connection: psycopg.Connection, partition: str, files: Sequence[PlannedFile], file_limit: int | None
) -> Losses:
    """Return what publishing these files, which no snapshot holds yet, would lose of what is live."""
    holding = [file for file in files if file.documents]
    rejected = sorted((file for file in files if file.outcome == "rejected"), key=lambda file: file.path)
    values: dict[str, object] = {
        "partition": partition,
        "files": len(files),
        "rejected": len(rejected),
        "file_limit": file_limit,
        "rejected_examples": [f"{file.path} ({file.reason})" for file in rejected[: EXAMPLES + 1]],
        "paths": [file.path for file in holding],
        "fingerprints": [file.fingerprint for file in holding],
        "documents": [file.documents for file in holding],
        "tokens": [file.tokens for file in holding],
        "pointer_paths": [file.path for file in rejected if is_pointer_reason(file.reason)],
    }
    return _read(connection, _PLANNED, values)


def _read(connection: psycopg.Connection, query: sql.Composed, values: dict[str, object]) -> Losses:
    with connection.cursor(row_factory=class_row(Losses)) as cursor:
        limits: dict[str, object] = {"examples": EXAMPLES + 1, "stub_tokens": STUB_TOKENS, "stub_share": STUB_SHARE}
        row = cursor.execute(query, {**values, **limits}).fetchone()
    assert row is not None  # noqa: S101 - the snapshot was sealed under the caller's lease
    return row
