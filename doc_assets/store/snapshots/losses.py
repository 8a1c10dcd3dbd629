"""What a publication would cost: files of a sealed snapshot that were rejected, live documents that it holds no more.

Only counts; how much of it is too much is decided in ``doc_assets.ingest.publication_guards``.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

# Named in a refusal; the quarantine and the manifest hold them all.
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Losses:
    """Figures of one sealed snapshot, beside what is live in its partition.

    Attributes:
        files: Discovered files.
        rejected: Files that were rejected, ``rejected_examples`` the first ``EXAMPLES`` + 1 with their reasons.
        live: Documents that readers see now.
        vanished: Those of them that would be gone, ``vanished_examples`` the first of their paths.
        file_limit: Files that the load was limited to.
    """

    files: int
    rejected: int
    rejected_examples: list[str]
    live: int
    vanished: int
    vanished_examples: list[str]
    file_limit: int | None = None


# A live file's documents are still there as far as its path holds as many now, be it as a duplicate of another file,
# or its bytes do under another path: a rename is no deletion. Files are compared, not document ids, so that neither an
# edited page nor a new parser counts as one.
_LOSSES = """
WITH held AS (
    SELECT f.snapshot_id, f.path, f.fingerprint, f.outcome, count(*)::int AS documents
    FROM snapshot s JOIN partition p ON p.id = s.partition_id
    JOIN snapshot_file f ON f.snapshot_id IN (s.id, p.published_snapshot_id) AND f.outcome IN ('loaded', 'duplicate')
    JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)
    WHERE s.id = %(snapshot)s GROUP BY 1, 2, 3, 4
), staged AS (SELECT * FROM held WHERE snapshot_id = %(snapshot)s),
moved AS (SELECT fingerprint, max(documents) AS documents FROM staged GROUP BY 1),
live AS (
    SELECT l.path, l.documents, l.documents - greatest(coalesce(s.documents, 0), coalesce(m.documents, 0)) AS vanished
    FROM held l LEFT JOIN staged s USING (path) LEFT JOIN moved m ON m.fingerprint = l.fingerprint
    WHERE l.snapshot_id <> %(snapshot)s AND l.outcome = 'loaded'
)
SELECT s.files, s.rejected, s.file_limit,
    ARRAY(SELECT f.path || ' (' || f.reason || ')' FROM snapshot_file f
        WHERE f.snapshot_id = s.id AND f.outcome = 'rejected' ORDER BY f.path LIMIT %(examples)s) AS rejected_examples,
    coalesce((SELECT sum(documents) FROM live), 0)::int AS live,
    coalesce((SELECT sum(vanished) FROM live WHERE vanished > 0), 0)::int AS vanished,
    ARRAY(SELECT path FROM live WHERE vanished > 0 ORDER BY path LIMIT %(examples)s) AS vanished_examples
FROM snapshot s WHERE s.id = %(snapshot)s
"""


def losses(connection: psycopg.Connection, snapshot_id: int) -> Losses:
    """What publishing the snapshot would cost; the partition's lock keeps what is live from changing."""
    with connection.cursor(row_factory=class_row(Losses)) as cursor:
        row = cursor.execute(_LOSSES, {"snapshot": snapshot_id, "examples": EXAMPLES + 1}).fetchone()
    assert row is not None  # noqa: S101 - the snapshot was sealed under the caller's lease
    return row
