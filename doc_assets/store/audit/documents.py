"""Queries over documents, the places of their chunks, and their metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import psycopg

from doc_assets.metadata import FIELDS
from doc_assets.store.audit.consistent_read import CONTENT, SnapshotSet
from doc_assets.store.audit.finding import Finding
from doc_assets.store.audit.unreadable import isolating

# Documents fetched at a time to compare spans.
_BATCH = 200
_SUSPECTS_SHOWN = 8

_CHANGED = "d.id IS DISTINCT FROM document_digest(d.title, d.format, d.text, d.metadata_json, p.places)"
# Text from 4 KB on is not unpacked once more to see whether it is blank: it has chunks, which are checked for being
# empty and for lying in it.
_BLANK = "btrim(d.title) = '' OR btrim(d.format) = '' OR (octet_length(d.text) < 4096 AND btrim(d.text) = '')"

_DOCUMENTS = (
    CONTENT  # noqa: S608 - constants of this module
    + f""", places AS (
    SELECT c.document_id, count(*) AS found, min(c.ordinal) AS first, max(c.ordinal) AS last,
        sum(k.token_count) AS tokens, max(k.token_count) AS longest,
        array_agg(c.chunk_id) FILTER (WHERE k.id IS NULL) AS absent,
        string_agg(chunk_place(c.chunk_id, c.char_start, c.char_end, c.heading_path, c.anchor), ''::bytea
            ORDER BY c.ordinal) AS places
    FROM docs JOIN document_chunk c USING (document_id) LEFT JOIN chunk k ON k.id = c.chunk_id GROUP BY c.document_id
)
SELECT s.document_id, d.id IS NULL, coalesce(p.found, 0), d.chunk_count, p.first <> 0 OR p.last <> p.found - 1,
    {_CHANGED}, p.absent, p.tokens, p.longest, d.token_count, {_BLANK},
    CASE WHEN {_CHANGED} THEN false
        ELSE d.metadata IS DISTINCT FROM d.metadata_json::jsonb OR jsonb_typeof(d.metadata) <> 'object' END
FROM docs s LEFT JOIN document d ON d.id = s.document_id LEFT JOIN places p ON p.document_id = s.document_id
WHERE d.id IS NULL OR p.found IS DISTINCT FROM d.chunk_count OR p.first <> 0 OR p.last <> p.found - 1
    OR p.absent IS NOT NULL OR p.tokens <> d.token_count OR {_BLANK}
    OR CASE WHEN {_CHANGED} THEN true
        ELSE d.metadata IS DISTINCT FROM d.metadata_json::jsonb OR jsonb_typeof(d.metadata) <> 'object' END
"""  # noqa: S608
)

# Names and types are constants of the program: letters and underscores. Snapshots from before the standard fields,
# whose recipe has no metadata, keep their front matter as it is.
_STANDARD_FIELDS = ", ".join(f"('{field.name}', '{field.type}')" for field in FIELDS.values())
_METADATA_TYPES = f"""
SELECT DISTINCT s.id, d.id, m.key, f.type
FROM snapshot s JOIN snapshot_document o ON o.snapshot_id = s.id JOIN document d ON d.id = o.document_id
CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(d.metadata) WHEN 'object' THEN d.metadata END) m
JOIN (VALUES {_STANDARD_FIELDS}) AS f (key, type) ON f.key = m.key
WHERE s.id = ANY (%(snapshots)s) AND s.recipe LIKE '%%"metadata":%%'
    AND CASE f.type WHEN 'string' THEN jsonb_typeof(m.value) <> 'string'
        WHEN 'integer' THEN jsonb_typeof(m.value) <> 'number' OR m.value::text ~ '[.eE]'
        ELSE jsonb_typeof(m.value) <> 'array' OR jsonb_path_exists(m.value, '$[*] ? (@.type() != "string")')
    END
"""  # noqa: S608 - constants of this module

# As bytes, so that text that is not UTF-8 any more does not abort the comparison of all other documents.
_SPANS = (
    CONTENT
    + """
SELECT d.id, textsend(d.text), array_agg(c.char_start ORDER BY c.ordinal), array_agg(c.char_end ORDER BY c.ordinal),
    array_agg(k.id ORDER BY c.ordinal), array_agg(textsend(k.breadcrumb) ORDER BY c.ordinal)
FROM docs s JOIN document d ON d.id = s.document_id JOIN document_chunk c ON c.document_id = d.id
JOIN chunk k ON k.id = c.chunk_id GROUP BY d.id
"""
)

# A chunk that is also in a document whose tokens add up, or differ by another number, is not the wrong one.
_SUSPECTS = (
    CONTENT  # noqa: S608 - constants of this module
    + """
, wrong AS (SELECT * FROM unnest(%(wrong)s::bytea[], %(by)s::bigint[]) AS w (document_id, by))
SELECT c.document_id, array_agg(DISTINCT c.chunk_id) FROM document_chunk c JOIN wrong w USING (document_id)
WHERE NOT EXISTS (
    SELECT FROM document_chunk o JOIN docs USING (document_id) LEFT JOIN wrong v USING (document_id)
    WHERE o.chunk_id = c.chunk_id AND v.by IS DISTINCT FROM w.by)
GROUP BY c.document_id
"""
)


@isolating("document", "unreadable_document")
def documents(connection: psycopg.Connection, snapshot_set: SnapshotSet, **only: list[bytes]) -> list[Finding]:
    """Return absent documents, and those whose id, counts, chunk order or metadata do not match their rows."""
    parameters = {**snapshot_set.parameters, **only}
    found: list[Finding] = []
    wrong_tokens: dict[bytes, tuple[int, int]] = {}
    for row in connection.execute(_DOCUMENTS, parameters):
        key, gone, chunks, recorded, disorder, damaged, absent, tokens, longest, token_count, blank, metadata = row
        name = f"document {key.hex()}"
        if gone:
            found.append(Finding("dangling_document", name, document=key))
            continue
        if chunks != recorded:
            found.append(Finding("chunk_count", f"{name} of {recorded} chunks has {chunks}", document=key))
        elif disorder:
            found.append(Finding("ordinals", name, document=key))
        elif damaged:
            found.append(Finding("document_checksum", name, document=key))
        else:
            if absent:
                found += [Finding("dangling_chunk", f"chunk {chunk.hex()}", chunk=chunk) for chunk in absent]
            elif tokens != token_count and (snapshot_set.space is None or longest <= snapshot_set.max_tokens):
                wrong_tokens[key] = (token_count, tokens)
            if metadata:
                found.append(Finding("document_metadata", f"metadata of {name}", document=key))
            elif blank:
                found.append(Finding("empty_field", name, document=key))
    return found + _wrong_tokens(connection, parameters, wrong_tokens)


def _wrong_tokens(
    connection: psycopg.Connection, parameters: dict[str, object], wrong: dict[bytes, tuple[int, int]]
) -> list[Finding]:
    """Return documents whose token count is not the sum over their chunks, with the chunks that may be wrong."""
    if not wrong:
        return []
    by = {key: tokens - recorded for key, (recorded, tokens) in wrong.items()}
    rows = connection.execute(_SUSPECTS, {**parameters, "wrong": list(by), "by": list(by.values())}).fetchall()
    suspects = {key: frozenset(chunks) for key, chunks in rows}
    return [
        Finding(
            "token_count",
            f"document {key.hex()} of {recorded} tokens has chunks of {tokens}",
            document=key,
            suspects=_describe(_common(suspects[key], suspects.values()), by[key]) if key in suspects else None,
        )
        for key, (recorded, tokens) in wrong.items()
    ]


def _common(chunks: frozenset[bytes], others: Iterable[frozenset[bytes]]) -> frozenset[bytes]:
    """Narrow the chunks to those that explain most documents: one damaged chunk that several share is reported once."""
    for other in others:
        chunks = chunks & other or chunks
    return chunks


def _describe(chunks: frozenset[bytes], by: int) -> str:
    names = sorted(chunk.hex() for chunk in chunks)
    shown = " or ".join(names[:_SUSPECTS_SHOWN]) + (" …" if len(names) > _SUSPECTS_SHOWN else "")
    return f"chunk {shown}: {by:+} tokens against the counts of its documents"


def metadata_types(connection: psycopg.Connection, snapshot_set: SnapshotSet) -> list[Finding]:
    """Return documents with a standard field of another type than the schema's."""
    return [
        Finding("metadata_types", f"document {key.hex()}: {field} is no {kind}", snapshot=snapshot, document=key)
        for snapshot, key, field, kind in connection.execute(_METADATA_TYPES, snapshot_set.parameters)  # pyrefly: ignore[bad-argument-type]
    ]


def spans(connection: psycopg.Connection, snapshot_set: SnapshotSet) -> list[Finding]:
    """Return chunks whose text differs from their place in the document, and documents with overlapping places.

    A chunk's text is not fetched: its id determines it. The comparison is not in SQL because PostgreSQL finds the n-th
    character of a text by counting from its start, for every chunk.
    """
    found = []
    with connection.transaction(), connection.cursor(name="spans", binary=True) as cursor:
        cursor.itersize = _BATCH
        for key, content, starts, ends, chunks, breadcrumbs in cursor.execute(_SPANS, snapshot_set.parameters):
            try:
                text = content.decode()
            except UnicodeDecodeError:
                continue  # document_checksum reports it
            name = f"document {key.hex()}"
            if any(start < end for start, end in zip(starts[1:], ends, strict=False)):
                found.append(Finding("spans_overlap", name, document=key))
            for start, end, chunk, breadcrumb in zip(starts, ends, chunks, breadcrumbs, strict=True):
                if hashlib.sha256(breadcrumb + b"\n\n" + text[start:end].encode()).digest() != chunk:
                    found.append(Finding("span_text", f"{name}: chunk {chunk.hex()}", document=key, chunk=chunk))
    return found
