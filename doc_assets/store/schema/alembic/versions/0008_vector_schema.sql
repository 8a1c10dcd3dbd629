-- squawk-ignore-file ban-drop-constraint, require-concurrent-index-creation, constraint-missing-not-valid
-- A CHECK that allows more values can only be dropped and added again; it reads the history, 10 ms for 100,000 rows,
-- while nobody writes to it. Readers wait as long.

-- The schema that pgvector is in now: a superuser chooses it, and may move the extension.
CREATE FUNCTION vector_schema() RETURNS name LANGUAGE sql STABLE
    RETURN (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'vector');

-- As before, but pgvector's type and operators are named with their schema, and no schema is searched in which others
-- could have created objects.
CREATE OR REPLACE FUNCTION make_vector_table(space integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = doc_assets, pg_temp AS $$
DECLARE
    vectors text := 'embedding_' || space;
    width integer := (SELECT dimensions FROM embedding_space WHERE id = space);
    allowed record;
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS doc_assets.%I (chunk_id bytea PRIMARY KEY REFERENCES doc_assets.chunk,
        embedding %I.halfvec(%s) NOT NULL, sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32))',
        vectors, vector_schema(), width);
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

CREATE OR REPLACE FUNCTION make_vector_index(space integer, m integer, ef_construction integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = doc_assets, pg_temp AS $$
DECLARE
    vectors text := 'embedding_' || space;
BEGIN
    EXECUTE format('LOCK TABLE doc_assets.%I IN SHARE MODE', vectors);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON doc_assets.%I USING hnsw (embedding %I.halfvec_ip_ops)
        WITH (m = %s, ef_construction = %s)', vectors || '_hnsw', vectors, vector_schema(), m, ef_construction);
    EXECUTE format('ANALYZE doc_assets.%I', vectors);
END $$;

CREATE OR REPLACE FUNCTION analyze_content() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = doc_assets, pg_temp AS $$
BEGIN
    ANALYZE chunk, document_chunk, snapshot_document, snapshot_file;
END $$;

-- Builds of the vector index, done or failed: why a space has none is known after the load's log is gone.
ALTER TABLE migration_history DROP CONSTRAINT migration_history_action_check;
ALTER TABLE migration_history ADD CONSTRAINT migration_history_action_check
    CHECK (action IN ('load', 'rollback', 'validate', 'discard', 'gc', 'space', 'upgrade', 'retire', 'index'));
-- For the newest one of a space, at each scrape of the exporter.
CREATE INDEX migration_history_index_builds ON migration_history (id) WHERE action = 'index';
