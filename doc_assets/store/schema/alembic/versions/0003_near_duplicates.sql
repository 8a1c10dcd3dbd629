-- Near duplicates: content-level and immutable, as documents are. A signature is written together with its links.
CREATE TABLE document_signature (
    document_id bytea PRIMARY KEY REFERENCES document,
    -- The title as pairs are chosen by it: lower case words without module paths.
    subject text NOT NULL,
    minhash bytea NOT NULL CHECK (octet_length(minhash) = 512),
    bands bigint[] NOT NULL CHECK (cardinality(bands) = 32)
);
-- Without the pending list, which every look-up between two cleanings would read from end to end.
CREATE INDEX document_signature_bands ON document_signature USING gin (bands) WITH (fastupdate = off);

CREATE TABLE near_duplicate (
    document_id bytea NOT NULL REFERENCES document,
    other_id bytea NOT NULL REFERENCES document,
    similarity real NOT NULL CHECK (similarity > 0 AND similarity <= 1),
    PRIMARY KEY (document_id, other_id),
    CHECK (document_id < other_id)
);
CREATE INDEX near_duplicate_other ON near_duplicate (other_id);

-- Which of near duplicates is shown: as the catalogue said when the snapshot was made, since search reads no catalogue.
ALTER TABLE snapshot ADD COLUMN near_duplicates text NOT NULL DEFAULT 'prefer_best'
    CHECK (near_duplicates ~ '^(keep_all|prefer_best|prefer_newest|prefer_source [^ /]+/[^ /]+)$');

-- A passage is shown with every other file of its content.
CREATE INDEX snapshot_file_duplicate_of ON snapshot_file (snapshot_id, duplicate_of) WHERE duplicate_of IS NOT NULL;
