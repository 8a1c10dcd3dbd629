-- Two group roles with no more rights than their work needs. Run it, again after every upgrade, as the owner of the
-- schema doc_assets with the right to make roles, or as a superuser; `doc-assets db roles` prints it with other names.
--
--   reader  reads everything: search, status, history, snapshots, manifests. Changes nothing.
--   loader  migrates, validates, rolls back and discards: adds content and never changes or removes it, moves pointers,
--           and adds to the history. Tables and indexes of vectors are made for it by functions of the owner.
--
-- What remains the owner's: db upgrade, gc, and these roles. Log in as a member:
--
--   CREATE ROLE portal LOGIN PASSWORD '…' IN ROLE "doc_assets_reader";
--   CREATE ROLE nightly LOGIN PASSWORD '…' IN ROLE "doc_assets_loader";
--
-- Where several log in to load, what one of them makes (Dagster's tables) is to be everybody's, and who did what is
-- still known by the login:
--
--   ALTER ROLE nightly SET role = "doc_assets_loader";

BEGIN;

DO $roles$
DECLARE
    reader text := 'doc_assets_reader';
    loader text := 'doc_assets_loader';
    name text;
    owner text := (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'doc_assets');
    vectors text := (SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE extname = 'vector');
BEGIN
    IF owner IS NULL THEN
        RAISE EXCEPTION 'this database has no schema doc_assets: run doc-assets db upgrade first';
    END IF;
    FOREACH name IN ARRAY ARRAY[reader, loader] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
        -- What an earlier version of these roles was given.
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA doc_assets FROM %I', name);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA doc_assets FROM %I', name);
        EXECUTE format('REVOKE ALL ON SCHEMA doc_assets FROM %I', name);
        EXECUTE format('GRANT USAGE ON SCHEMA doc_assets TO %I', name);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA doc_assets TO %I', name);
        -- A backup reads where the sequences stand.
        EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA doc_assets TO %I', name);
        -- Tables of spaces and revisions to come.
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA doc_assets GRANT SELECT ON TABLES TO %I',
            owner, name);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA doc_assets GRANT SELECT ON SEQUENCES TO %I',
            owner, name);
    END LOOP;

    -- pgvector's types and operators, wherever a superuser put the extension.
    FOREACH name IN ARRAY ARRAY[reader, loader] LOOP
        IF NOT has_schema_privilege(name, vectors, 'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', vectors, name);
            EXCEPTION WHEN insufficient_privilege THEN NULL; -- as is a grant that PostgreSQL only warns of
            END;
            IF NOT has_schema_privilege(name, vectors, 'USAGE') THEN
                RAISE EXCEPTION 'the schema of pgvector is not yours: let its owner or a superuser run %, then run '
                    'this again', format('GRANT USAGE ON SCHEMA %I TO %I', vectors, name);
            END IF;
        END IF;
    END LOOP;
    -- Sessions look for them by name, and often they are in public: nobody else may put anything there.
    IF to_regnamespace('public') IS NOT NULL THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    -- Every role of the server could fill the disk with temporary tables; loads stage their batches in them.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), loader);

    -- Vectors, whichever spaces there are.
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'doc_assets'::regnamespace AND relkind = 'r'
        AND relname ~ '^embedding_[0-9]+$' LOOP
        EXECUTE format('GRANT INSERT ON doc_assets.%I TO %I', name, loader);
    END LOOP;
    -- Dagster's, should the owner make one before these roles are brought up to date.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA dagster GRANT ALL ON TABLES TO %I', owner, loader);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA dagster GRANT ALL ON SEQUENCES TO %I', owner,
        loader);
END $roles$;

-- Content and history: added, never changed.
GRANT INSERT ON doc_assets.document, doc_assets.chunk, doc_assets.document_chunk, doc_assets.document_signature,
    doc_assets.near_duplicate, doc_assets.embedding_space TO "doc_assets_loader";
-- Not its number and not who: these PostgreSQL knows.
GRANT INSERT (at, action, partition_id, from_snapshot, to_snapshot, result, run_id, batch_id, host, counts, stages,
    seconds, peak_rss_bytes, error) ON doc_assets.migration_history TO "doc_assets_loader";
-- Snapshots are sealed and published, manifests of unfinished ones reconciled with their source or dropped.
GRANT INSERT, UPDATE ON doc_assets.snapshot TO "doc_assets_loader";
GRANT INSERT, UPDATE, DELETE ON doc_assets.snapshot_file, doc_assets.snapshot_document, doc_assets.progress
    TO "doc_assets_loader";
GRANT INSERT, UPDATE (published_snapshot_id) ON doc_assets.partition TO "doc_assets_loader";
GRANT EXECUTE ON FUNCTION doc_assets.make_vector_table, doc_assets.make_vector_index, doc_assets.analyze_content
    TO "doc_assets_loader";

-- Dagster keeps its runs in a schema of its own, makes its tables on first use, and changes them with its versions, for
-- which they have to be one's own: whoever used it first, they are the loader's. Its members inherit that, and so does
-- the owner.
GRANT USAGE, CREATE ON SCHEMA dagster TO "doc_assets_loader";
DO $dagster$
DECLARE
    loader text := 'doc_assets_loader';
    owner text := (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'doc_assets');
    name text;
BEGIN
    EXECUTE format('GRANT %I TO %s', loader, owner);
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'dagster'::regnamespace AND relkind = 'r'
        AND pg_has_role(relowner, 'USAGE') LOOP
        EXECUTE format('ALTER TABLE dagster.%I OWNER TO %I', name, loader);
    END LOOP;
END $dagster$;

COMMIT;
