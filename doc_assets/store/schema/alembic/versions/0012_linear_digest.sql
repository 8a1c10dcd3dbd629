-- The same digest of the same rows, in a time that grows with their number. A snapshot that was just written is not in
-- the planner's statistics: it expected one file, and computed the hashes of all documents again for each file that there
-- was. Files and their documents now meet in one grouping, for which there is no such plan.
CREATE OR REPLACE FUNCTION snapshot_digest(wanted bigint) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    WITH part AS (
        SELECT d.path, d.part, d.document_id, sha256(string_agg(c.chunk_id, ''::bytea ORDER BY c.ordinal)) AS chunks
        FROM doc_assets.snapshot_document d
        JOIN doc_assets.document_chunk c ON c.document_id = d.document_id
        WHERE d.snapshot_id = wanted
        GROUP BY d.path, d.part, d.document_id
    ), entry AS (
        SELECT path, sha256(string_agg(document_id || chunks, ''::bytea ORDER BY part)) AS documents, NULL::bytea AS file
        FROM part GROUP BY path
        UNION ALL
        SELECT f.path, NULL, sha256(convert_to(f.path, 'UTF8')) || sha256(coalesce(f.fingerprint, ''::bytea))
            || sha256(convert_to(f.outcome, 'UTF8')) || sha256(convert_to(coalesce(f.duplicate_of, ''), 'UTF8'))
        FROM doc_assets.snapshot_file f WHERE f.snapshot_id = wanted
    ), leaf AS (
        -- One of each at most: what string_agg joins is one value.
        SELECT path, sha256(string_agg(file, ''::bytea) || sha256(coalesce(string_agg(documents, ''::bytea), ''::bytea)))
            AS hash
        FROM entry GROUP BY path HAVING count(file) > 0
    )
    SELECT sha256(
        (SELECT sha256(convert_to(recipe, 'UTF8')) FROM doc_assets.snapshot WHERE id = wanted)
        || coalesce((SELECT string_agg(hash, ''::bytea ORDER BY path) FROM leaf), ''::bytea)
    )
$$;
