-- squawk-ignore-file prefer-bigint-over-int, ban-drop-constraint
-- A lease counts the loads of one snapshot. A CHECK that allows more values can only be dropped and added again.
-- A load that lost its connection, and with it the partition's lock, must not write into a snapshot that another one has
-- taken over: each that opens or resumes a snapshot takes the next lease, and a batch is written under the lease only.
ALTER TABLE snapshot
    ADD COLUMN lease integer NOT NULL DEFAULT 0,
    -- Over everything that stands in the snapshot and its manifest and is no part of the digest: see snapshot_seal.
    ADD COLUMN seal bytea CHECK (octet_length(seal) = 32);

-- Collected: it was published once, and its manifest is gone since.
ALTER TABLE snapshot DROP CONSTRAINT snapshot_status_check;
ALTER TABLE snapshot ADD CONSTRAINT snapshot_status_check
    CHECK (status IN ('staging', 'audited', 'published', 'rejected', 'discarded', 'collected'));

ALTER TABLE migration_history DROP CONSTRAINT migration_history_action_check;
ALTER TABLE migration_history ADD CONSTRAINT migration_history_action_check
    CHECK (action IN ('load', 'rollback', 'validate', 'discard', 'gc', 'space', 'upgrade'));
-- What was started together: one call of migrate, or one backfill, of which each partition is a run of its own.
ALTER TABLE migration_history ADD COLUMN batch_id text;
-- Also where session_replication_role lets other triggers rest.
ALTER TABLE migration_history ENABLE ALWAYS TRIGGER migration_history_append_only;

-- NULL and the empty string differ.
CREATE FUNCTION field_digest(content text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(convert_to(coalesce('=' || content, ''), 'UTF8'));

CREATE FUNCTION snapshot_seal(wanted bigint) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    SELECT sha256(
        s.digest || doc_assets.field_digest(p.doc_type) || doc_assets.field_digest(p.key)
        || doc_assets.field_digest(p.source) || doc_assets.field_digest(s.recipe)
        || doc_assets.field_digest(e.fingerprint) || doc_assets.field_digest(s.revision)
        || doc_assets.field_digest(s.base_url) || doc_assets.field_digest(s.page_rule)
        || doc_assets.field_digest(s.page_strip) || doc_assets.field_digest(s.near_duplicates)
        || doc_assets.field_digest(concat_ws(' ', coalesce(s.file_limit, -1), s.files, s.loaded, s.duplicate, s.skipped,
            s.rejected, s.documents, s.chunks, s.tokens, s.bytes))
        || coalesce((
            SELECT sha256(string_agg(doc_assets.field_digest(f.path) || int8send(f.size)
                || doc_assets.field_digest(f.reason)
                || doc_assets.field_digest(array_to_string(f.includes, E'\x1f'))
                || coalesce(f.includes_sha256, ''::bytea), ''::bytea ORDER BY f.path))
            FROM doc_assets.snapshot_file f WHERE f.snapshot_id = wanted), ''::bytea)
    )
    FROM doc_assets.snapshot s JOIN doc_assets.partition p ON p.id = s.partition_id
    JOIN doc_assets.embedding_space e ON e.id = s.space_id WHERE s.id = wanted
$$;

-- Digest and seal prove a manifest as a whole. Eight bytes of each of its rows tell which row was damaged.
CREATE FUNCTION row_hash(f snapshot_file) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN substr(sha256(convert_to(ROW(f.path, f.size, encode(f.fingerprint, 'hex'), f.outcome, f.reason,
        f.duplicate_of, f.includes, encode(f.includes_sha256, 'hex'))::text, 'UTF8')), 1, 8);
CREATE FUNCTION row_hash(d snapshot_document) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN substr(sha256(convert_to(ROW(d.path, d.part, encode(d.document_id, 'hex'))::text, 'UTF8')), 1, 8);
CREATE FUNCTION file_hashes(wanted bigint) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    SELECT coalesce(string_agg(doc_assets.row_hash(f), ''::bytea ORDER BY f.path), '')
    FROM doc_assets.snapshot_file f WHERE f.snapshot_id = wanted
$$;
CREATE FUNCTION document_hashes(wanted bigint) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    SELECT coalesce(string_agg(doc_assets.row_hash(d), ''::bytea ORDER BY d.path, d.part), '')
    FROM doc_assets.snapshot_document d WHERE d.snapshot_id = wanted
$$;
ALTER TABLE snapshot ADD COLUMN file_hashes bytea, ADD COLUMN document_hashes bytea;
UPDATE snapshot SET seal = snapshot_seal(id), file_hashes = file_hashes(id), document_hashes = document_hashes(id)
    WHERE sealed_at IS NOT NULL AND status <> 'discarded';

CREATE FUNCTION signature_digest(document_id bytea, subject text, minhash bytea, bands bigint[]) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(document_id || field_digest(subject) || minhash || field_digest(array_to_string(bands, ',')));
ALTER TABLE document_signature ADD COLUMN sha256 bytea CHECK (octet_length(sha256) = 32);
UPDATE document_signature SET sha256 = signature_digest(document_id, subject, minhash, bands);
ALTER TABLE document_signature ALTER COLUMN sha256 SET NOT NULL;

-- Every move of a pointer, in the order in which they happened; to_snapshot is null where a partition was taken down.
CREATE VIEW publication AS
    SELECT h.id, h.at, h.partition_id, p.doc_type, p.key, h.from_snapshot, h.to_snapshot, h.action, h.run_id, h.batch_id,
        h.actor
    FROM migration_history h JOIN partition p ON p.id = h.partition_id
    WHERE h.result IN ('published', 'unpublished');

-- What readers saw at a moment.
CREATE FUNCTION live_at(moment timestamptz) RETURNS TABLE (partition_id integer, snapshot_id bigint)
    LANGUAGE sql STABLE STRICT AS $$
    -- Per partition, backwards from now: a few milliseconds for recent moments, however long the history.
    SELECT p.id, l.to_snapshot FROM doc_assets.partition p CROSS JOIN LATERAL (
        SELECT h.to_snapshot FROM doc_assets.migration_history h
        WHERE h.partition_id = p.id AND h.result IN ('published', 'unpublished') AND h.at <= moment
        ORDER BY h.id DESC LIMIT 1
    ) l WHERE l.to_snapshot IS NOT NULL
$$;

-- What loads need beyond rows, as the owner of the schema does it: a role that may only insert can then load into a new
-- embedding space, and still cannot change or drop its vectors. Who may call these is in roles.sql.

-- The table of a space's vectors; who may read and write passages may read and write these.
CREATE FUNCTION make_vector_table(space integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = doc_assets, public, pg_temp AS $$
DECLARE
    vectors text := 'embedding_' || space;
    width integer := (SELECT dimensions FROM embedding_space WHERE id = space);
    allowed record;
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS doc_assets.%I (chunk_id bytea PRIMARY KEY REFERENCES doc_assets.chunk,
        embedding halfvec(%s) NOT NULL, sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32))', vectors, width);
    -- Half-precision vectors do not compress; storing them inline spares a second read per row.
    EXECUTE format('ALTER TABLE doc_assets.%I ALTER COLUMN embedding SET STORAGE PLAIN', vectors);
    FOR allowed IN
        SELECT privilege_type AS what, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS who
        FROM pg_class, aclexplode(relacl) WHERE oid = 'doc_assets.chunk'::regclass
            AND privilege_type IN ('SELECT', 'INSERT') AND grantee <> relowner
    LOOP
        EXECUTE format('GRANT %s ON doc_assets.%I TO %s', allowed.what, vectors, allowed.who);
    END LOOP;
END $$;

CREATE FUNCTION make_vector_index(space integer, m integer, ef_construction integer) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = doc_assets, public, pg_temp AS $$
DECLARE
    vectors text := 'embedding_' || space;
BEGIN
    EXECUTE format('LOCK TABLE doc_assets.%I IN SHARE MODE', vectors);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON doc_assets.%I USING hnsw (embedding halfvec_ip_ops)
        WITH (m = %s, ef_construction = %s)', vectors || '_hnsw', vectors, m, ef_construction);
    EXECUTE format('ANALYZE doc_assets.%I', vectors);
END $$;

CREATE FUNCTION analyze_content() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = doc_assets, public, pg_temp AS $$
BEGIN
    ANALYZE chunk, document_chunk, snapshot_document, snapshot_file;
END $$;
REVOKE EXECUTE ON FUNCTION make_vector_table, make_vector_index, analyze_content FROM PUBLIC;
