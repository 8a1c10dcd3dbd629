"""Queries over the signatures of documents and the links between near duplicates."""

from __future__ import annotations

import numpy as np
import psycopg

from doc_assets.document.similarity import MAX_CHARACTERS, Signature, similarity
from doc_assets.store.audit.consistent_read import CONTENT, SnapshotSet
from doc_assets.store.audit.finding import Finding
from doc_assets.store.audit.unreadable import isolating

# With the document's id from elsewhere, PostgreSQL judges joined rows only: see ``chunks``.
_INTACT = "{0}.sha256 = signature_digest({1}, {0}.subject, {0}.minhash, {0}.bands)"

_SIGNATURES = (
    CONTENT
    + f"""
SELECT g.document_id FROM docs JOIN document_signature g USING (document_id)
WHERE ({_INTACT.format("g", "docs.document_id")}) IS NOT TRUE
"""  # noqa: S608
)

# A document without a word has no signature, nor has one of a snapshot that a version without signatures made: its
# recipe has no metadata.
_UNSIGNED = (
    CONTENT  # noqa: S608 - constants of this module
    + """
SELECT s.document_id, left(d.text, %(most)s) FROM docs s JOIN document d ON d.id = s.document_id
WHERE NOT EXISTS (SELECT FROM document_signature g WHERE g.document_id = s.document_id)
    AND EXISTS (SELECT FROM snapshot_document o JOIN snapshot t ON t.id = o.snapshot_id
        WHERE o.document_id = s.document_id AND t.id = ANY (%(snapshots)s) AND t.recipe LIKE '%%"metadata":%%')
"""
)

# A union, since an OR of both columns would read every link of the store for each audit of a snapshot.
_LINKS = (
    CONTENT  # noqa: S608 - constants of this module
    + f"""
SELECT n.document_id, n.other_id, n.similarity, a.minhash, b.minhash,
    ({_INTACT.format("a", "n.document_id")}) IS TRUE AND ({_INTACT.format("b", "n.other_id")}) IS TRUE,
    EXISTS (SELECT FROM document d WHERE d.id = n.document_id), EXISTS (SELECT FROM document d WHERE d.id = n.other_id)
FROM (
    SELECT o.* FROM docs JOIN near_duplicate o ON o.document_id = docs.document_id
    UNION SELECT o.* FROM docs JOIN near_duplicate o ON o.other_id = docs.document_id
) n
LEFT JOIN document_signature a ON a.document_id = n.document_id
LEFT JOIN document_signature b ON b.document_id = n.other_id
"""  # noqa: S608
)


@isolating("document", "unreadable_signature", "signature of document")
def signatures(connection: psycopg.Connection, snapshot_set: SnapshotSet, **only: list[bytes]) -> list[Finding]:
    """Return signatures that were changed, and documents that lack one."""
    parameters = {**snapshot_set.parameters, **only}
    found = [
        Finding("signature_checksum", f"signature of document {key.hex()}", document=key)
        for (key,) in connection.execute(_SIGNATURES, parameters)
    ]
    unsigned = connection.execute(_UNSIGNED, {**parameters, "most": MAX_CHARACTERS})
    return found + [
        Finding("document_without_signature", f"document {key.hex()}", document=key)
        for key, text in unsigned
        if Signature.of(text) is not None
    ]


@isolating("document", None)
def links(connection: psycopg.Connection, snapshot_set: SnapshotSet, **only: list[bytes]) -> list[Finding]:
    """Return links whose similarity does not match their two signatures, or whose document does not exist.

    Each is reported under both documents. A link with a wrong or absent signature is not judged.
    """
    found = []
    rows = connection.execute(_LINKS, {**snapshot_set.parameters, **only})
    for one, other, stored, minhash, of_other, sound, *exist in rows:
        name = f"link of documents {one.hex()} and {other.hex()}"
        if not all(exist):
            found.append(Finding("dangling_link", name, document=one, other=other))
            found.append(Finding("dangling_link", name, document=other, other=one))
        elif sound and np.float32(similarity(minhash, of_other)) != np.float32(stored):
            found.append(Finding("link_similarity", name, document=one))
            found.append(Finding("link_similarity", name, document=other))
    return found
