-- squawk-ignore-file prefer-bigint-over-int
-- Ids of partitions and spaces are the second key of advisory locks, which is an int4; counts are of one snapshot.
-- Content: immutable, addressed by SHA-256, written insert-or-ignore.

CREATE TABLE document (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    title text NOT NULL CHECK (title <> ''),
    format text NOT NULL,
    text text NOT NULL,
    -- The canonical text is what the id is computed from; jsonb does not keep key order or number spelling.
    metadata_json text NOT NULL,
    metadata jsonb GENERATED ALWAYS AS (metadata_json::jsonb) STORED,
    token_count integer NOT NULL CHECK (token_count > 0),
    chunk_count integer NOT NULL CHECK (chunk_count > 0)
);
CREATE INDEX document_metadata ON document USING gin (metadata jsonb_path_ops);

-- ASCII punctuation becomes a space, so that PostgreSQL's parser sees no paths, hosts, versions or signed numbers and
-- spin_lock_irqsave, CVE-2019-13119 and a::b::c are found by their parts, next to each other.
CREATE FUNCTION plain_words(content text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(content, $$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$$, '                                ');

-- Weights: breadcrumb A, passage B. CamelCase names stand as one word and, without position, as their parts.
CREATE FUNCTION search_vector(breadcrumb text, content text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN setweight(to_tsvector('pg_catalog.english', plain_words(breadcrumb)), 'A')
        || setweight(to_tsvector('pg_catalog.english', plain_words(content)), 'B')
        || strip(to_tsvector('pg_catalog.english', plain_words(
            regexp_replace(breadcrumb || ' ' || content, '([a-z0-9])([A-Z])', '\1 \2', 'g'))));

CREATE TABLE chunk (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    breadcrumb text NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    token_count integer NOT NULL CHECK (token_count > 0),
    tsv tsvector NOT NULL GENERATED ALWAYS AS (search_vector(breadcrumb, text)) STORED
);
CREATE INDEX chunk_tsv ON chunk USING gin (tsv);

CREATE TABLE document_chunk (
    document_id bytea NOT NULL REFERENCES document,
    ordinal integer NOT NULL CHECK (ordinal >= 0),
    chunk_id bytea NOT NULL REFERENCES chunk,
    heading_path text[] NOT NULL,
    anchor text NOT NULL,
    char_start integer NOT NULL CHECK (char_start >= 0),
    char_end integer NOT NULL CHECK (char_end > char_start),
    PRIMARY KEY (document_id, ordinal)
);
CREATE INDEX document_chunk_chunk ON document_chunk (chunk_id);

-- One row per model fingerprint; its vectors live in the table embedding_<id>, made when the row is.
CREATE TABLE embedding_space (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text NOT NULL UNIQUE,
    name text NOT NULL,
    description jsonb NOT NULL,
    dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    max_tokens integer NOT NULL CHECK (max_tokens > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What was loaded when, and what readers see.

CREATE TABLE partition (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    doc_type text NOT NULL,
    key text NOT NULL,
    source text NOT NULL,
    published_snapshot_id bigint,
    UNIQUE (doc_type, key)
);

CREATE TABLE snapshot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition_id integer NOT NULL REFERENCES partition,
    parent_id bigint REFERENCES snapshot,
    status text NOT NULL CHECK (status IN ('staging', 'audited', 'published', 'rejected', 'discarded')),
    recipe text NOT NULL,
    space_id integer NOT NULL REFERENCES embedding_space,
    revision text NOT NULL,
    base_url text,
    file_limit integer,
    files integer, loaded integer, duplicate integer, skipped integer, rejected integer,
    documents integer, chunks integer, tokens bigint, bytes bigint,
    digest bytea CHECK (octet_length(digest) = 32),
    run_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sealed_at timestamptz,
    published_at timestamptz,
    UNIQUE (partition_id, id)
);
ALTER TABLE partition ADD FOREIGN KEY (id, published_snapshot_id) REFERENCES snapshot (partition_id, id);
CREATE INDEX snapshot_partition ON snapshot (partition_id, id DESC);

CREATE TABLE snapshot_file (
    snapshot_id bigint NOT NULL REFERENCES snapshot,
    path text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    fingerprint bytea CHECK (octet_length(fingerprint) = 32),
    outcome text NOT NULL CHECK (outcome IN ('loaded', 'duplicate', 'skipped', 'rejected')),
    reason text,
    duplicate_of text COLLATE "C",
    PRIMARY KEY (snapshot_id, path),
    CHECK (outcome = 'loaded' OR reason IS NOT NULL),
    CHECK ((outcome = 'duplicate') = (duplicate_of IS NOT NULL)),
    CHECK (outcome NOT IN ('loaded', 'duplicate') OR fingerprint IS NOT NULL)
);

CREATE TABLE snapshot_document (
    snapshot_id bigint NOT NULL,
    path text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    document_id bytea NOT NULL REFERENCES document,
    PRIMARY KEY (snapshot_id, path, part),
    FOREIGN KEY (snapshot_id, path) REFERENCES snapshot_file
);
CREATE INDEX snapshot_document_document ON snapshot_document (document_id);

CREATE TABLE migration_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CHECK (action IN ('load', 'rollback', 'validate', 'discard', 'gc')),
    partition_id integer REFERENCES partition,
    from_snapshot bigint,
    to_snapshot bigint,
    result text NOT NULL,
    run_id text,
    actor text NOT NULL DEFAULT session_user,
    host text,
    counts jsonb NOT NULL DEFAULT '{}',
    stages jsonb NOT NULL DEFAULT '{}',
    seconds double precision,
    peak_rss_bytes bigint,
    error text
);
CREATE INDEX migration_history_partition ON migration_history (partition_id, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'migration_history is append-only: % is not allowed', TG_OP;
END $$;
CREATE TRIGGER migration_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON migration_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE progress (
    partition_id integer PRIMARY KEY REFERENCES partition,
    snapshot_id bigint,
    run_id text,
    host text NOT NULL,
    pid integer NOT NULL,
    stage text NOT NULL,
    files_total integer NOT NULL DEFAULT 0,
    files_done integer NOT NULL DEFAULT 0,
    bytes_total bigint NOT NULL DEFAULT 0,
    bytes_done bigint NOT NULL DEFAULT 0,
    -- Tokens that the files are expected to give, and of the files that are done: percent and time left come from these.
    work_total bigint NOT NULL DEFAULT 0,
    work_done bigint NOT NULL DEFAULT 0,
    tokens_done bigint NOT NULL DEFAULT 0,
    documents integer NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    embedded integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The proof. Each hash is over fixed-length parts, so no two different contents can be spelt alike.

CREATE FUNCTION sha256_text(content text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sha256(convert_to(content, 'UTF8'));

CREATE FUNCTION chunk_digest(breadcrumb text, content text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sha256(convert_to(breadcrumb || E'\n\n' || content, 'UTF8'));

CREATE FUNCTION document_digest(title text, format text, content text, metadata_json text, chunks bytea)
    RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sha256(
        sha256(convert_to(title, 'UTF8')) || sha256(convert_to(format, 'UTF8')) || sha256(convert_to(content, 'UTF8'))
        || sha256(convert_to(metadata_json, 'UTF8')) || sha256(chunks)
    );

CREATE FUNCTION chunk_place(chunk_id bytea, char_start integer, char_end integer, heading_path text[], anchor text)
    RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN chunk_id || int4send(char_start) || int4send(char_end)
        || sha256(convert_to(array_to_string(heading_path, E'\x1f'), 'UTF8')) || sha256(convert_to(anchor, 'UTF8'));

CREATE FUNCTION snapshot_digest(wanted bigint) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    WITH part AS (
        SELECT d.path, d.part, d.document_id, sha256(string_agg(c.chunk_id, ''::bytea ORDER BY c.ordinal)) AS chunks
        FROM doc_assets.snapshot_document d
        JOIN doc_assets.document_chunk c ON c.document_id = d.document_id
        WHERE d.snapshot_id = wanted
        GROUP BY d.path, d.part, d.document_id
    ), content AS (
        SELECT path, sha256(string_agg(document_id || chunks, ''::bytea ORDER BY part)) AS documents
        FROM part GROUP BY path
    ), leaf AS (
        SELECT f.path, sha256(
            sha256(convert_to(f.path, 'UTF8')) || sha256(coalesce(f.fingerprint, ''::bytea))
            || sha256(convert_to(f.outcome, 'UTF8')) || sha256(convert_to(coalesce(f.duplicate_of, ''), 'UTF8'))
            || sha256(coalesce(c.documents, ''::bytea))
        ) AS hash
        FROM doc_assets.snapshot_file f LEFT JOIN content c USING (path)
        WHERE f.snapshot_id = wanted
    )
    SELECT sha256(
        (SELECT sha256(convert_to(recipe, 'UTF8')) FROM doc_assets.snapshot WHERE id = wanted)
        || coalesce((SELECT string_agg(hash, ''::bytea ORDER BY path) FROM leaf), ''::bytea)
    )
$$;

-- What readers see follows the pointer.

CREATE VIEW live_document AS
    SELECT p.doc_type, p.key, p.source, d.path, d.part, d.document_id, s.id AS snapshot_id, s.space_id, s.base_url
    FROM partition p
    JOIN snapshot s ON s.id = p.published_snapshot_id
    JOIN snapshot_document d ON d.snapshot_id = s.id;

CREATE VIEW live_chunk AS
    SELECT l.doc_type, l.key, l.source, l.path, l.part, l.document_id, l.base_url, l.snapshot_id, l.space_id,
           o.title, o.metadata, c.ordinal, c.heading_path, c.anchor, k.id AS chunk_id, k.breadcrumb, k.text,
           k.token_count, k.tsv
    FROM live_document l
    JOIN document o ON o.id = l.document_id
    JOIN document_chunk c ON c.document_id = l.document_id
    JOIN chunk k ON k.id = c.chunk_id;
