"""Every kind of change to the schema is found and named; what somebody may add for themselves is left alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets.store.spaces import spaces


@pytest.fixture(scope="module")
def made(server_url: str) -> Iterator[psycopg.Connection]:
    """One database for all changes, each of which is undone: to make one takes as long as all of them."""
    name = f"drift_{uuid.uuid4().hex}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        schema.upgrade(url)
        with Store(url).connect() as connection:
            space = EmbeddingSpace("some model", "0" * 64, "mean", True, 256, 8, "fp32", "")
            assert spaces.ensure_space(connection, space).id == 1
            assert schema.check(connection) == []
            yield connection
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def connection(made: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with made.transaction(force_rollback=True):
        yield made


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DROP TABLE near_duplicate", "table near_duplicate is missing"),
        ("CREATE TABLE more (x int)", "table more is not known"),
        ("ALTER TABLE chunk ENABLE ROW LEVEL SECURITY", "table chunk is 'table with row security'"),
        ("ALTER TABLE progress SET UNLOGGED", "table progress is 'table unlogged'"),
        ("ALTER TABLE snapshot ALTER COLUMN created_at DROP DEFAULT", "column snapshot.created_at is"),
        ("ALTER TABLE snapshot ALTER COLUMN page_rule DROP NOT NULL", 'column snapshot.page_rule is "text default'),
        (
            'ALTER TABLE snapshot ALTER COLUMN run_id TYPE text COLLATE "C"',
            "column snapshot.run_id is 'text collate C'",
        ),
        (
            "ALTER TABLE snapshot DROP CONSTRAINT snapshot_status_check;"
            " ALTER TABLE snapshot ADD CONSTRAINT snapshot_status_check CHECK (status <> '')",
            "constraint snapshot.snapshot_status_check is \"CHECK ((status <> ''::text))\"",
        ),
        ("ALTER TABLE chunk ADD CHECK (token_count < 9)", "constraint chunk.chunk_token_count_check1 is not known"),
        ("ALTER TABLE snapshot_file DROP CONSTRAINT snapshot_file_snapshot_id_fkey", "fkey is missing"),
        ("DROP INDEX chunk_tsv; CREATE INDEX chunk_tsv ON chunk (token_count)", "index chunk_tsv is"),
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'chunk_tsv'::regclass", "(tsv) invalid"),
        (
            "CREATE OR REPLACE FUNCTION chunk_digest(breadcrumb text, content text) RETURNS bytea LANGUAGE sql"
            " IMMUTABLE STRICT PARALLEL SAFE RETURN sha256(convert_to(content, 'UTF8'))",
            "function chunk_digest(breadcrumb text, content text) is not what it was made as",
        ),
        ("ALTER FUNCTION make_vector_table SECURITY INVOKER", "function make_vector_table(space integer) is not"),
        ("ALTER FUNCTION make_vector_table RESET search_path", "function make_vector_table(space integer) is not"),
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "function refuse_change() is not",
        ),
        ("ALTER TABLE migration_history DISABLE TRIGGER USER", "trigger migration_history_append_only is"),
        ("ALTER TABLE migration_history ENABLE TRIGGER USER", "trigger migration_history_append_only is"),
        (
            "CREATE TRIGGER more BEFORE INSERT ON chunk FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            "trigger more is not known",
        ),
        (
            "CREATE OR REPLACE VIEW live_document AS SELECT p.doc_type, p.key, p.source, d.path, d.part, d.document_id,"
            " s.id AS snapshot_id, s.space_id, s.base_url FROM partition p JOIN snapshot s ON s.partition_id = p.id"
            " JOIN snapshot_document d ON d.snapshot_id = s.id",
            "view live_document is not what it was made as",
        ),
        ("DROP TABLE embedding_1", "table embedding_1 is missing"),
        ("ALTER TABLE embedding_1 ALTER embedding TYPE halfvec(9)", "embedding halfvec(9) not null, sha256"),
        ("ALTER TABLE embedding_1 ALTER sha256 DROP NOT NULL", "sha256 bytea, expected"),
        ("ALTER TABLE embedding_1 DROP CONSTRAINT embedding_1_pkey", "table embedding_1 lacks PRIMARY KEY (chunk_id)"),
        (
            "ALTER TABLE embedding_1 DROP CONSTRAINT embedding_1_chunk_id_fkey",
            "table embedding_1 lacks FOREIGN KEY (chunk_id) REFERENCES chunk(id)",
        ),
        (
            "SELECT make_vector_index(1, 16, 64);"
            " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'embedding_1_hnsw'::regclass",
            "index embedding_1_hnsw is invalid: REINDEX INDEX embedding_1_hnsw",
        ),
    ],
)
def test_a_change_is_found_and_named(connection, change, sentence):
    connection.execute(change)
    assert sentence in "; ".join(schema.check(connection))


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX of_my_own ON chunk (token_count)",
        "CREATE FUNCTION of_my_own() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE TABLE public.of_my_own (x int)",
        "ALTER TABLE chunk SET (autovacuum_vacuum_scale_factor = 0.01)",
        "SELECT make_vector_index(1, 16, 64)",
        "SET search_path = public",
        "SET search_path = doc_assets",
    ],
)
def test_what_changes_nothing_that_is_written_is_no_drift(connection, change):
    connection.execute(change)
    assert schema.check(connection) == []


@pytest.mark.parametrize("elsewhere", ["doc_assets", "public"])
def test_tables_of_dagster_that_a_pool_left_here_are_one_sentence_that_takes_them_away(
    connection: psycopg.Connection, elsewhere: str
) -> None:
    connection.execute(
        b"CREATE TABLE snapshots (id int PRIMARY KEY, body bytea); CREATE TABLE event_logs (id serial PRIMARY KEY);"
        + f"CREATE TABLE {elsewhere}.runs (id int PRIMARY KEY, snapshot_id int REFERENCES snapshots)".encode()
    )
    (problem,) = schema.check(connection)
    assert " tables of Dagster's" in problem
    connection.execute(problem[problem.index("DROP TABLE") :].encode())
    assert schema.check(connection) == []
