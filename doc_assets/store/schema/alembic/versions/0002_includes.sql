-- A file stays unchanged only as long as what it was read together with does: files it includes, the table of contents
-- it stands in. Paths that were looked for and not found are among them, since they may appear.
ALTER TABLE snapshot_file
    ADD COLUMN includes text[],
    ADD COLUMN includes_sha256 bytea CHECK (octet_length(includes_sha256) = 32),
    ADD CONSTRAINT snapshot_file_includes_proven CHECK ((includes IS NULL) = (includes_sha256 IS NULL));
