-- squawk-ignore-file prefer-bigint-over-int
-- Chunks between two stages, as the counts beside them.
ALTER TABLE progress
    ADD COLUMN embed_queue integer NOT NULL DEFAULT 0,
    ADD COLUMN write_queue integer NOT NULL DEFAULT 0,
    -- Shares of the time since the load's stages began, 0 to 1.
    ADD COLUMN parse_busy double precision NOT NULL DEFAULT 0,
    ADD COLUMN embed_busy double precision NOT NULL DEFAULT 0,
    ADD COLUMN write_busy double precision NOT NULL DEFAULT 0,
    -- Of the model that all loads of a tree of processes share; null if they share none.
    ADD COLUMN model_busy double precision,
    ADD COLUMN model_queue integer;
