"""What publishing a sealed snapshot would lose: its rejected files, and live documents that it no longer holds.

Only counted here; ``doc_assets.ingest.publication_guards`` decides how much is too much.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from doc_assets.document.pointer import POINTER_REASONS

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
_LOSSES = """
WITH held AS (
    SELECT f.snapshot_id, f.path, f.fingerprint, f.outcome, count(*)::int AS documents, sum(o.token_count) AS tokens
    FROM snapshot s JOIN partition p ON p.id = s.partition_id
    JOIN snapshot_file f ON f.snapshot_id IN (s.id, p.published_snapshot_id) AND f.outcome IN ('loaded', 'duplicate')
    JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)
    JOIN document o ON o.id = d.document_id
    WHERE s.id = %(snapshot)s GROUP BY 1, 2, 3, 4
), staged AS (SELECT * FROM held WHERE snapshot_id = %(snapshot)s),
moved AS (SELECT fingerprint, max(documents) AS documents FROM staged GROUP BY 1),
pointer AS (
    SELECT path FROM snapshot_file
    WHERE snapshot_id = %(snapshot)s AND outcome = 'rejected' AND reason LIKE ANY (%(pointers)s)
),
found AS (
    SELECT l.path, l.documents, coalesce(s.documents, 0) AS kept, coalesce(m.documents, 0) AS moved,
        coalesce(s.tokens <= %(stub_tokens)s AND s.tokens * %(stub_share)s <= l.tokens, false) AS is_stub,
        EXISTS (SELECT FROM pointer p WHERE p.path = l.path) AS is_pointer
    FROM held l LEFT JOIN staged s USING (path) LEFT JOIN moved m ON m.fingerprint = l.fingerprint
    WHERE l.snapshot_id <> %(snapshot)s AND l.outcome = 'loaded'
), live AS (
    SELECT path, documents, is_stub, is_pointer,
        documents - greatest(CASE WHEN is_stub THEN 0 ELSE kept END, moved) AS vanished
    FROM found
)
SELECT s.files, s.rejected, s.file_limit,
    ARRAY(SELECT f.path || ' (' || f.reason || ')' FROM snapshot_file f
        WHERE f.snapshot_id = s.id AND f.outcome = 'rejected' ORDER BY f.path LIMIT %(examples)s) AS rejected_examples,
    coalesce((SELECT sum(documents) FROM live), 0)::int AS live,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0), 0)::int AS vanished,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0 AND is_stub), 0)::int AS stubs,
    (SELECT count(*) FROM pointer)::int AS pointers,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0 AND is_pointer), 0)::int AS vanished_as_pointers,
    ARRAY(SELECT path FROM live WHERE vanished > 0 ORDER BY path LIMIT %(examples)s) AS vanished_examples
FROM snapshot s WHERE s.id = %(snapshot)s
"""


def losses(connection: psycopg.Connection, snapshot_id: int) -> Losses:
    """Return what publishing the snapshot would lose; the caller's lock keeps what is live from changing."""
    with connection.cursor(row_factory=class_row(Losses)) as cursor:
        limits: dict[str, object] = {"examples": EXAMPLES + 1, "stub_tokens": STUB_TOKENS, "stub_share": STUB_SHARE}
        limits["pointers"] = [f"%{start}%" for start in POINTER_REASONS]
        row = cursor.execute(_LOSSES, {"snapshot": snapshot_id, **limits}).fetchone()
    assert row is not None  # noqa: S101 - the snapshot was sealed under the caller's lease
    return row
