"""Questions about documents, the places of their chunks, and their metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import psycopg

from doc_assets.metadata import FIELDS
from doc_assets.store.audit.consistent_read import CONTENT, Scope
from doc_assets.store.audit.finding import Offender

# Documents that are fetched at a time for the comparison of spans.
_BATCH = 200
_CANDIDATES_SHOWN = 8

_WRONG = "d.id IS DISTINCT FROM document_digest(d.title, d.format, d.text, d.metadata_json, p.places)"
# Text of a few kilobytes may be blank; whatever is longer need not be unpacked once more to know that it is not, since
# its chunks say something and stand in it.
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
    {_WRONG}, p.absent, p.tokens, p.longest, d.token_count, {_BLANK},
    CASE WHEN {_WRONG} THEN false
        ELSE d.metadata IS DISTINCT FROM d.metadata_json::jsonb OR jsonb_typeof(d.metadata) <> 'object' END
FROM docs s LEFT JOIN document d ON d.id = s.document_id LEFT JOIN places p ON p.document_id = s.document_id
WHERE d.id IS NULL OR p.found IS DISTINCT FROM d.chunk_count OR p.first <> 0 OR p.last <> p.found - 1
    OR p.absent IS NOT NULL OR p.tokens <> d.token_count OR {_BLANK}
    OR CASE WHEN {_WRONG} THEN true
        ELSE d.metadata IS DISTINCT FROM d.metadata_json::jsonb OR jsonb_typeof(d.metadata) <> 'object' END
"""  # noqa: S608
)

# Names and types are constants of the program: letters and underscores. Snapshots from before there were standard
# fields (their recipe says so) keep what front matter said.
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

# As bytes: what is no UTF-8 any more must not end the comparison of everything else.
_SPANS = (
    CONTENT
    + """
SELECT d.id, textsend(d.text), array_agg(c.char_start ORDER BY c.ordinal), array_agg(c.char_end ORDER BY c.ordinal),
    array_agg(k.id ORDER BY c.ordinal), array_agg(textsend(k.breadcrumb) ORDER BY c.ordinal)
FROM docs s JOIN document d ON d.id = s.document_id JOIN document_chunk c ON c.document_id = d.id
JOIN chunk k ON k.id = c.chunk_id GROUP BY d.id
"""
)

# A chunk that also stands in a document whose tokens add up, or differ by another number, is not the one that is wrong.
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


def documents(connection: psycopg.Connection, scope: Scope, **only: list[bytes]) -> list[Offender]:
    """Documents that are absent, or whose id, counts, order of chunks or metadata are not what their rows give."""
    parameters = {**scope.parameters, **only}
    found: list[Offender] = []
    wrong_tokens: dict[bytes, tuple[int, int]] = {}
    for row in connection.execute(_DOCUMENTS, parameters):  # pyright: ignore[reportArgumentType]
        key, gone, chunks, recorded, disorder, damaged, absent, tokens, longest, token_count, blank, metadata = row
        name = f"document {key.hex()}"
        if gone:
            found.append(Offender("dangling_document", name, document=key))
            continue
        if chunks != recorded:
            found.append(Offender("chunk_count", f"{name} of {recorded} chunks has {chunks}", document=key))
        elif disorder:
            found.append(Offender("ordinals", name, document=key))
        elif damaged:
            found.append(Offender("document_checksum", name, document=key))
        else:
            if absent:
                found += [Offender("dangling_chunk", f"chunk {chunk.hex()}", chunk=chunk) for chunk in absent]
            elif tokens != token_count and (scope.space is None or longest <= scope.max_tokens):
                wrong_tokens[key] = (token_count, tokens)
            if metadata:
                found.append(Offender("document_metadata", f"metadata of {name}", document=key))
            elif blank:
                found.append(Offender("empty_field", name, document=key))
    return found + _wrong_tokens(connection, parameters, wrong_tokens)


def _wrong_tokens(
    connection: psycopg.Connection, parameters: dict[str, object], wrong: dict[bytes, tuple[int, int]]
) -> list[Offender]:
    """Documents whose tokens are not those of their chunks, with the chunks that may be the reason."""
    if not wrong:
        return []
    by = {key: tokens - recorded for key, (recorded, tokens) in wrong.items()}
    rows = connection.execute(_SUSPECTS, {**parameters, "wrong": list(by), "by": list(by.values())}).fetchall()  # pyright: ignore[reportArgumentType]
    suspects = {key: frozenset(chunks) for key, chunks in rows}
    return [
        Offender(
            "token_count",
            f"document {key.hex()} of {recorded} tokens has chunks of {tokens}",
            document=key,
            otherwise=_one_of(_common(suspects[key], suspects.values()), by[key]) if key in suspects else None,
        )
        for key, (recorded, tokens) in wrong.items()
    ]


def _common(chunks: frozenset[bytes], others: Iterable[frozenset[bytes]]) -> frozenset[bytes]:
    """Those of the chunks that explain most: one damaged chunk that several documents share is told once."""
    for other in others:
        chunks = chunks & other or chunks
    return chunks


def _one_of(chunks: frozenset[bytes], by: int) -> str:
    names = sorted(chunk.hex() for chunk in chunks)
    shown = " or ".join(names[:_CANDIDATES_SHOWN]) + (" …" if len(names) > _CANDIDATES_SHOWN else "")
    return f"chunk {shown}: {by:+} tokens beside what its documents say"


def metadata_types(connection: psycopg.Connection, scope: Scope) -> list[Offender]:
    """Documents with a standard field of another type than the schema gives it."""
    return [
        Offender("metadata_types", f"document {key.hex()}: {field} is no {kind}", snapshot=snapshot, document=key)
        for snapshot, key, field, kind in connection.execute(_METADATA_TYPES, scope.parameters)  # pyright: ignore[reportArgumentType]
    ]


def spans(connection: psycopg.Connection, scope: Scope) -> list[Offender]:
    """Chunks whose text is not what stands at their place in the document, and places that overlap.

    A chunk's text is not fetched: its id tells what it must be. Here and not in SQL, since PostgreSQL finds the n-th
    character of a text by counting from its start, for every chunk.
    """
    found = []
    for key, content, starts, ends, chunks, breadcrumbs in _texts(connection, scope):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            continue  # its checksum cannot be right
        name = f"document {key.hex()}"
        if any(start < end for start, end in zip(starts[1:], ends, strict=False)):
            found.append(Offender("spans_overlap", name, document=key))
        for start, end, chunk, breadcrumb in zip(starts, ends, chunks, breadcrumbs, strict=True):
            if hashlib.sha256(breadcrumb + b"\n\n" + text[start:end].encode()).digest() != chunk:
                found.append(Offender("span_text", f"{name}: chunk {chunk.hex()}", document=key, chunk=chunk))
    return found


def _texts(
    connection: psycopg.Connection, scope: Scope
) -> Iterator[tuple[bytes, bytes, list[int], list[int], list[bytes], list[bytes]]]:
    with connection.transaction(), connection.cursor(name="spans", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_SPANS, scope.parameters)
        yield from cursor
