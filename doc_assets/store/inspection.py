"""What the audit asks of the database: each query finds the rows of one snapshot that break one rule.

A query returns the offenders' names; an empty answer is a pass. The rules themselves, and what they mean together, are
in ``doc_assets.audit``.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from doc_assets.metadata import FIELDS
from doc_assets.store.spaces import table_of

# The snapshot's documents, chunks and vectors, each once.
_SCOPE = """
WITH scope AS MATERIALIZED (
    SELECT DISTINCT document_id FROM snapshot_document WHERE snapshot_id = %(snapshot)s
), chunk_scope AS MATERIALIZED (
    SELECT DISTINCT c.chunk_id FROM scope JOIN document_chunk c USING (document_id)
)
"""

# Names and types are constants of the program: letters and underscores.
_STANDARD_FIELDS = ", ".join(f"('{field.name}', '{field.type}')" for field in FIELDS.values())

_RULES: dict[str, str] = {
    # checksums
    "chunk_checksum": _SCOPE
    + """SELECT 'chunk ' || encode(k.id, 'hex') FROM chunk_scope s JOIN chunk k ON k.id = s.chunk_id
         WHERE k.id <> chunk_digest(k.breadcrumb, k.text)""",
    "document_checksum": _SCOPE
    + """, places AS (
            SELECT c.document_id, string_agg(
                chunk_place(c.chunk_id, c.char_start, c.char_end, c.heading_path, c.anchor), ''::bytea
                ORDER BY c.ordinal) AS places
            FROM scope JOIN document_chunk c USING (document_id) GROUP BY c.document_id
         )
         SELECT 'document ' || encode(d.id, 'hex') FROM scope s JOIN document d ON d.id = s.document_id
         LEFT JOIN places p ON p.document_id = d.id
         WHERE d.id IS DISTINCT FROM document_digest(d.title, d.format, d.text, d.metadata_json, p.places)""",
    "vector_checksum": _SCOPE
    + """SELECT 'vector of chunk ' || encode(e.chunk_id, 'hex') FROM chunk_scope s JOIN {vectors} e USING (chunk_id)
         WHERE e.sha256 <> sha256(halfvec_send(e.embedding))""",
    "snapshot_digest": """SELECT 'snapshot ' || id FROM snapshot
         WHERE id = %(snapshot)s AND digest IS DISTINCT FROM snapshot_digest(id)""",
    # counts
    "recorded_counts": """
        SELECT 'snapshot ' || s.id || ': ' || w.what || ' recorded ' || coalesce(w.recorded::text, 'nothing')
            || ', found ' || w.found
        FROM snapshot s, LATERAL (
            SELECT count(*) AS files, count(*) FILTER (WHERE outcome = 'loaded') AS loaded,
                count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
                count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
                count(*) FILTER (WHERE outcome = 'rejected') AS rejected, coalesce(sum(size), 0) AS bytes
            FROM snapshot_file WHERE snapshot_id = s.id
        ) f, LATERAL (
            SELECT count(DISTINCT (d.path, d.part)) AS documents, count(c.chunk_id) AS chunks
            FROM snapshot_document d LEFT JOIN document_chunk c USING (document_id) WHERE d.snapshot_id = s.id
        ) d, LATERAL (VALUES ('files', s.files::bigint, f.files), ('loaded', s.loaded, f.loaded),
            ('duplicate', s.duplicate, f.duplicate), ('skipped', s.skipped, f.skipped),
            ('rejected', s.rejected, f.rejected), ('bytes', s.bytes, f.bytes::bigint),
            ('documents', s.documents, d.documents), ('chunks', s.chunks, d.chunks)) AS w (what, recorded, found)
        WHERE s.id = %(snapshot)s AND w.recorded IS DISTINCT FROM w.found""",
    "outcomes_add_up": """SELECT 'snapshot ' || id FROM snapshot
        WHERE id = %(snapshot)s AND files <> loaded + duplicate + skipped + rejected""",
    "loaded_without_document": """SELECT f.path FROM snapshot_file f WHERE f.snapshot_id = %(snapshot)s
        AND (f.outcome = 'loaded') <> EXISTS (SELECT 1 FROM snapshot_document d
            WHERE d.snapshot_id = f.snapshot_id AND d.path = f.path)""",
    "chunk_count": _SCOPE
    + """SELECT 'document ' || encode(d.id, 'hex') FROM scope s JOIN document d ON d.id = s.document_id
         WHERE d.chunk_count <> (SELECT count(*) FROM document_chunk c WHERE c.document_id = d.id)
            OR d.token_count <> (SELECT sum(k.token_count) FROM document_chunk c JOIN chunk k ON k.id = c.chunk_id
                WHERE c.document_id = d.id)""",
    "chunk_without_vector": _SCOPE
    + """SELECT 'chunk ' || encode(s.chunk_id, 'hex') FROM chunk_scope s
         WHERE NOT EXISTS (SELECT 1 FROM {vectors} e WHERE e.chunk_id = s.chunk_id)""",
    # schema
    "empty_field": _SCOPE
    + """SELECT 'document ' || encode(d.id, 'hex') FROM scope s JOIN document d ON d.id = s.document_id
         WHERE btrim(d.title) = '' OR btrim(d.format) = '' OR btrim(d.text) = ''
            OR jsonb_typeof(d.metadata) <> 'object'""",
    # Snapshots from before there were standard fields (their recipe says so) keep what front matter said.
    "metadata_types": _SCOPE
    + f"""SELECT 'document ' || encode(d.id, 'hex') || ': ' || m.key || ' is no ' || f.type
         FROM scope s JOIN document d ON d.id = s.document_id
         CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(d.metadata) WHEN 'object' THEN d.metadata END) m
         JOIN (VALUES {_STANDARD_FIELDS}) AS f (key, type) ON f.key = m.key
         WHERE EXISTS (SELECT FROM snapshot WHERE id = %(snapshot)s AND recipe LIKE '%%"metadata":%%')
            AND CASE f.type WHEN 'string' THEN jsonb_typeof(m.value) <> 'string'
                WHEN 'integer' THEN jsonb_typeof(m.value) <> 'number' OR m.value::text ~ '[.eE]'
                ELSE jsonb_typeof(m.value) <> 'array' OR jsonb_path_exists(m.value, '$[*] ? (@.type() != "string")')
            END""",
    "empty_chunk": _SCOPE
    + """SELECT 'chunk ' || encode(k.id, 'hex') FROM chunk_scope s JOIN chunk k ON k.id = s.chunk_id
         WHERE btrim(k.text, E' \\t\\n') = '' OR btrim(k.breadcrumb) = ''""",
    "path_form": """SELECT path FROM snapshot_file WHERE snapshot_id = %(snapshot)s
        AND (path = '' OR path LIKE '/%%' OR path ~ '(^|/)\\.\\.(/|$)')""",
    # vector dimensions
    "dimensions": _SCOPE
    + """SELECT 'vector of chunk ' || encode(e.chunk_id, 'hex') FROM chunk_scope s JOIN {vectors} e USING (chunk_id)
         WHERE vector_dims(e.embedding) <> {dimensions}""",
    # Half precision rounds each of 384 components by at most 2^-11 of its size, so the norm stays within 0.001 of 1.
    "unit_norm": _SCOPE
    + """SELECT 'vector of chunk ' || encode(e.chunk_id, 'hex') FROM chunk_scope s JOIN {vectors} e USING (chunk_id)
         WHERE NOT l2_norm(e.embedding) BETWEEN 0.998 AND 1.002""",
    "window": _SCOPE
    + """SELECT 'chunk ' || encode(k.id, 'hex') || ' has ' || k.token_count || ' tokens'
         FROM chunk_scope s JOIN chunk k ON k.id = s.chunk_id WHERE k.token_count > {max_tokens}""",
    # duplicates
    # Equal pages that include different files are different documents.
    "same_bytes_loaded_twice": """SELECT min(path) || ' and ' || max(path) FROM snapshot_file
        WHERE snapshot_id = %(snapshot)s AND outcome = 'loaded' GROUP BY fingerprint
        HAVING count(*) > count(DISTINCT coalesce(includes_sha256, ''))""",
    "same_content_loaded_twice": """
        WITH content AS (
            SELECT path, string_agg(document_id, ''::bytea ORDER BY part) AS documents
            FROM snapshot_document WHERE snapshot_id = %(snapshot)s GROUP BY path
        ) SELECT min(path) || ' and ' || max(path) FROM content GROUP BY documents HAVING count(*) > 1""",
    "duplicate_of_nothing": """SELECT f.path FROM snapshot_file f WHERE f.snapshot_id = %(snapshot)s
        AND f.outcome = 'duplicate' AND NOT EXISTS (SELECT 1 FROM snapshot_file o WHERE o.snapshot_id = f.snapshot_id
            AND o.path = f.duplicate_of AND o.outcome IN ('loaded', 'skipped', 'rejected'))""",
    # consistency
    "reason_missing": """SELECT path FROM snapshot_file WHERE snapshot_id = %(snapshot)s
        AND outcome <> 'loaded' AND coalesce(btrim(reason), '') = ''""",
    "ordinals": _SCOPE
    + """SELECT 'document ' || encode(c.document_id, 'hex') FROM scope JOIN document_chunk c USING (document_id)
         GROUP BY c.document_id HAVING min(c.ordinal) <> 0 OR max(c.ordinal) <> count(*) - 1""",
    "spans_overlap": _SCOPE
    + """, spans AS (
            SELECT c.document_id, c.char_start, lag(c.char_end) OVER w AS e
            FROM scope JOIN document_chunk c USING (document_id)
            WINDOW w AS (PARTITION BY c.document_id ORDER BY c.ordinal)
         ) SELECT DISTINCT 'document ' || encode(document_id, 'hex') FROM spans WHERE char_start < e""",
    "dangling_chunk": _SCOPE
    + """SELECT 'chunk ' || encode(s.chunk_id, 'hex') FROM chunk_scope s
         WHERE NOT EXISTS (SELECT 1 FROM chunk k WHERE k.id = s.chunk_id)""",
    "dangling_document": _SCOPE
    + """SELECT 'document ' || encode(s.document_id, 'hex') FROM scope s
         WHERE NOT EXISTS (SELECT 1 FROM document d WHERE d.id = s.document_id)""",
    "pointer": """SELECT 'partition ' || p.doc_type || '/' || p.key
        FROM snapshot s JOIN partition p ON p.id = s.partition_id
        WHERE s.id = %(snapshot)s AND p.published_snapshot_id = s.id AND s.status <> 'published'""",
}


def offenders(connection: psycopg.Connection, rule: str, snapshot_id: int) -> list[str]:
    """The rows of the snapshot that break the rule, by name."""
    space = connection.execute(
        "SELECT e.id, e.dimensions, e.max_tokens FROM snapshot s JOIN embedding_space e ON e.id = s.space_id"
        " WHERE s.id = %s",
        (snapshot_id,),
    ).fetchone()
    if space is None:
        return [f"snapshot {snapshot_id} does not exist"]
    query = sql.SQL(_RULES[rule]).format(  # pyright: ignore[reportArgumentType] - a constant of this module
        vectors=table_of(space[0]), dimensions=sql.Literal(space[1]), max_tokens=sql.Literal(space[2])
    )
    return [row[0] for row in connection.execute(query, {"snapshot": snapshot_id}).fetchall()]


def texts_with_spans(connection: psycopg.Connection, snapshot_id: int) -> Iterator[tuple[str, str, list, list, list]]:
    """Each document's name and text with the starts, ends and texts of its chunks, streamed 200 documents at a time."""
    with connection.transaction(), connection.cursor(name="spans") as cursor:
        cursor.itersize = 200
        cursor.execute(
            "SELECT 'document ' || encode(d.id, 'hex'), d.text, array_agg(c.char_start ORDER BY c.ordinal),"
            " array_agg(c.char_end ORDER BY c.ordinal), array_agg(k.text ORDER BY c.ordinal)"
            " FROM (SELECT DISTINCT document_id FROM snapshot_document WHERE snapshot_id = %s) s"
            " JOIN document d ON d.id = s.document_id JOIN document_chunk c ON c.document_id = d.id"
            " JOIN chunk k ON k.id = c.chunk_id GROUP BY d.id",
            (snapshot_id,),
        )
        yield from cursor
