"""Signatures of documents and pairs of near duplicates: written when a snapshot is sealed, and read.

``doc_assets.document.similarity`` defines signatures and near duplicates; ``doc_assets.search.folding`` folds them into
one result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from doc_assets.document.similarity import MAX_CHARACTERS, Signature, least_similarity, similarity, subject
from doc_assets.store.database.locks import lock_content_shared, lock_links

# Documents linked in one transaction, at about 1 ms each while others wait; with the longest texts they take 128 MB.
_BATCH = 64
# Of very many documents with one subject (a thousand stubs called "Redirect") each is linked to this many earlier ones,
# those with the smallest ids, so that links grow with the number of documents, not with its square.
_MAX_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class _SignedDocument:
    document_id: bytes
    title: str
    signature: Signature


def link_near_duplicates(connection: psycopg.Connection, snapshot_id: int) -> int:
    """Sign the snapshot's documents that have no signature, link them to similar ones, return how many were signed.

    No pair is missed, whatever is loaded at the same time: signatures are committed with their links, one transaction
    at a time, so the later of two documents finds the earlier one. If a load dies in between, the next load of its
    unsigned documents signs them. The connection is in autocommit mode and the snapshot's documents are committed.
    """
    unsigned = connection.execute(
        "SELECT DISTINCT d.document_id FROM snapshot_document d WHERE d.snapshot_id = %s"
        " AND NOT EXISTS (SELECT FROM document_signature s WHERE s.document_id = d.document_id) ORDER BY 1",
        (snapshot_id,),
    ).fetchall()
    signed = 0
    for start in range(0, len(unsigned), _BATCH):
        rows = connection.execute(
            "SELECT id, title, left(text, %s) FROM document WHERE id = ANY (%s)",
            (MAX_CHARACTERS, [row[0] for row in unsigned[start : start + _BATCH]]),
        ).fetchall()
        batch = [_SignedDocument(key, title, found) for key, title, text in rows if (found := Signature.of(text))]
        with connection.transaction():
            # The other document of a link may be one that nothing refers to any more.
            lock_content_shared(connection)
            lock_links(connection)
            new = _sign(connection, batch)
            _insert(connection, _pairs(connection, [document for document in batch if document.document_id in new]))
        signed += len(new)
    return signed


def _sign(connection: psycopg.Connection, batch: Sequence[_SignedDocument]) -> set[bytes]:
    """Store the signatures and return the ids of the documents that had none."""
    # One statement for all: loads that link at the same time wait for this transaction.
    rows = connection.execute(
        "INSERT INTO document_signature (document_id, subject, minhash, bands, sha256)"
        " SELECT id, subject, minhash, bands, signature_digest(id, subject, minhash, bands) FROM"
        " (SELECT id, subject, minhash, bands::bigint[] FROM"
        " unnest(%s::bytea[], %s::text[], %s::bytea[], %s::text[]) AS g (id, subject, minhash, bands)) n"
        " ON CONFLICT DO NOTHING RETURNING document_id",
        (
            [d.document_id for d in batch],
            [subject(d.title) for d in batch],
            [d.signature.minhash for d in batch],
            [f"{{{','.join(map(str, d.signature.bands))}}}" for d in batch],  # unnest takes arrays of arrays apart
        ),
    ).fetchall()
    return {row[0] for row in rows}


def _pairs(connection: psycopg.Connection, batch: Sequence[_SignedDocument]) -> dict[tuple[bytes, bytes], float]:
    """Return the similarity of each pair of near duplicates with a document of the batch, the smaller id first."""
    by_id = {document.document_id: document for document in batch}
    # The planner expects far more equal bands than there are, and would read the whole table for each document.
    connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    rows = connection.execute(
        "SELECT n.document_id, c.document_id, o.title, c.minhash FROM document_signature n CROSS JOIN LATERAL ("
        " SELECT document_id, minhash FROM document_signature s WHERE s.bands && n.bands"
        " AND s.document_id <> n.document_id AND (s.subject = n.subject"
        " OR starts_with(s.subject, n.subject || ' ') OR right(s.subject, length(n.subject) + 1) = ' ' || n.subject"
        " OR starts_with(n.subject, s.subject || ' ') OR right(n.subject, length(s.subject) + 1) = ' ' || s.subject)"
        " ORDER BY s.document_id LIMIT %s) c JOIN document o ON o.id = c.document_id WHERE n.document_id = ANY (%s)",
        (_MAX_CANDIDATES, list(by_id)),
    ).fetchall()
    pairs = {}
    for document_id, other_id, title, minhash in rows:
        document = by_id[document_id]
        least = least_similarity(document.title, title)
        alike = similarity(document.signature.minhash, minhash)
        if least is not None and alike >= least:
            pairs[min(document_id, other_id), max(document_id, other_id)] = alike
    return pairs


def _insert(connection: psycopg.Connection, pairs: Mapping[tuple[bytes, bytes], float]) -> None:
    rows = sorted(pairs.items())
    connection.execute(
        "INSERT INTO near_duplicate (document_id, other_id, similarity)"
        " SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::real[]) ON CONFLICT DO NOTHING",
        ([pair[0] for pair, _ in rows], [pair[1] for pair, _ in rows], [alike for _, alike in rows]),
    )


def near_duplicates_of(connection: psycopg.Connection, documents: Iterable[bytes]) -> dict[bytes, dict[bytes, float]]:
    """Return the near duplicates, live or not, of each of the documents that has any, with their similarity."""
    found: dict[bytes, dict[bytes, float]] = {}
    for document_id, other_id, alike in connection.execute(
        "SELECT document_id, other_id, similarity FROM near_duplicate WHERE document_id = ANY (%(ids)b::bytea[])"
        " UNION ALL SELECT other_id, document_id, similarity FROM near_duplicate"
        " WHERE other_id = ANY (%(ids)b::bytea[])",
        {"ids": list(documents)},
    ):
        found.setdefault(document_id, {})[other_id] = alike
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """Two live files with the same text or nearly the same.

    Attributes:
        similarity: 1.0 for the same document.
        same: Both hold the same document; otherwise their documents are near duplicates.
        one: One file, as ``<doc_type>/<source>/<path>``.
        other: The other file.
        partitions: Partition names of both.
    """

    similarity: float
    same: bool
    one: str
    other: str
    partitions: tuple[str, str]


# Each document counts at its first place: n files of one document and m of another would make n times m pairs.
_PAIRS = """
WITH live AS MATERIALIZED (
    SELECT DISTINCT l.document_id, p.name AS partition, p.doc_type || '/' || p.source || '/' || l.path AS place
    FROM live_document l JOIN partition p ON p.published_snapshot_id = l.snapshot_id
), first AS (
    SELECT DISTINCT ON (document_id) * FROM live ORDER BY document_id, place COLLATE "C"
)
SELECT n.similarity::float8, false, a.place, b.place, a.partition, b.partition
FROM near_duplicate n JOIN first a USING (document_id) JOIN first b ON b.document_id = n.other_id
UNION
SELECT 1, true, a.place, b.place, a.partition, b.partition
FROM first a JOIN live b USING (document_id) WHERE a.place <> b.place
UNION
SELECT 1, true, p.doc_type || '/' || p.source || '/' || f.duplicate_of, p.doc_type || '/' || p.source || '/' || f.path,
    p.name, p.name
FROM partition p JOIN snapshot_file f ON f.snapshot_id = p.published_snapshot_id WHERE f.duplicate_of IS NOT NULL
"""


def pairs(connection: psycopg.Connection, threshold: float = 0.0) -> list[Pair]:
    """Return pairs of live files, most similar first; several files of one document are each paired with the first."""
    found = [
        Pair(round(alike, 3), same, *sorted((one, other)), partitions=(partition, other_partition))
        for alike, same, one, other, partition, other_partition in connection.execute(_PAIRS)
        if alike >= threshold
    ]
    return sorted(found, key=lambda pair: (-pair.similarity, not pair.same, pair.one, pair.other))
