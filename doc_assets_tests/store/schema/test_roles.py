"""The two roles can do what they are for, and nothing else: tried out by logging in as members of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import psycopg
import pytest

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_tokenizers
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import Misuse, StoreError
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.schema.opening import open_store
from doc_assets.store.schema.roles import LOADER, READER, roles_sql
from doc_assets.store.snapshots.discard import discard
from doc_assets.store.spaces import spaces, vector_index
from doc_assets.store.versions import listing
from doc_assets.store.versions.rollback import rollback
from doc_assets.store.versions.runs import run_facts
from doc_assets.validation.validate import validate
from doc_assets_tests.support.databases import Roles, database_of_roles
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for
from doc_assets_tests.support.postgres_servers import clients

CONTENT = ("document", "chunk", "document_chunk", "document_signature", "near_duplicate", "embedding_1")
REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def roles(server_url: str) -> Iterator[Roles]:
    with database_of_roles(server_url) as found:
        yield found


def logged_in(url: str, folder: Path) -> tuple[Store, Settings]:
    store = open_store(settings_for(folder, Store(url)))
    return store, settings_for(folder, store)


def tables(url: str) -> dict[str, str]:
    """Every table of ours and of Dagster, with a column that can be written."""
    with psycopg.connect(url) as connection:
        return dict(
            connection.execute(
                "SELECT format('%I.%I', n.nspname, c.relname), (SELECT quote_ident(attname) FROM pg_attribute"
                "  WHERE attrelid = c.oid AND attnum > 0 AND attgenerated = '' AND attidentity = '' LIMIT 1)"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname IN ('doc_assets', 'dagster') AND c.relkind = 'r'"
            ).fetchall()
        )


def assert_refused(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(REFUSED):
            connection.execute(statement.encode())
            pytest.fail(f"allowed: {statement}")


def test_the_loader_loads_goes_back_and_validates_without_power_over_content(roles, tmp_path):
    store, settings = logged_in(roles.loader, tmp_path)
    source = SmallSource(tmp_path)
    source.write_guides(3)
    loader, embedder = loader_for(settings, store)
    first = load(loader, store, source)
    source.write("guide-00.md", "# Guide 0\n\nIt was rewritten, and says something else now.\n")
    second = load(loader, store, source)
    assert (first.result, second.result) == ("published", "published") and second.embedded == 1
    assert rollback(store, source.partition.name).to_snapshot == first.snapshot
    assert [row.check for row in validate(store).checks if not row.passed] == []
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id=None):
        pass  # sealed, and left
    assert len(discard(store).dropped) == 1
    assert [row.action for row in history.history(store)] == ["discard", "validate", "rollback", "load", "load"]
    assert {row.actor for row in history.history(store)} == {urlsplit(roles.loader).username.replace("%20", " ")}

    with store.connect() as connection:
        vector_index.analyze(connection)
        connection.execute("SELECT make_vector_index(1, 16, 64)")
        for table in CONTENT:
            column = tables(roles.owner)[f"doc_assets.{table}"]
            assert_refused(
                connection,
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
                f"DROP TABLE {table} CASCADE",
                f"ALTER TABLE {table} ADD COLUMN colour text",
            )
        assert_refused(
            connection,
            "INSERT INTO migration_history (action, result, actor) VALUES ('load', 'published', 'somebody')",
            "UPDATE migration_history SET result = 'x'",
            "DELETE FROM migration_history",
            "TRUNCATE migration_history",
            "ALTER TABLE migration_history DISABLE TRIGGER ALL",
            "DELETE FROM snapshot",
            "DELETE FROM partition",
            "UPDATE partition SET doc_type = 'x'",
            "DELETE FROM embedding_space",
            "UPDATE alembic_version SET version_num = '0001'",
            "CREATE TABLE mine (x int)",
            "CREATE TABLE public.mine (x int)",
            "CREATE OR REPLACE FUNCTION chunk_digest(breadcrumb text, content text) RETURNS bytea LANGUAGE sql"
            " RETURN ''::bytea",
        )
    assert embedder.texts


def test_the_reader_finds_everything_and_can_write_nothing_anywhere(roles, tmp_path):
    writing, settings = logged_in(roles.loader, tmp_path)
    source = SmallSource(tmp_path)
    source.write_guides(3)
    loader, embedder = loader_for(settings, writing)
    assert load(loader, writing, source).result == "published"

    store, _ = logged_in(roles.reader, tmp_path)
    embedder.__dict__["tokenizers"] = open_tokenizers(settings)
    model = cast(Embedder, embedder)
    for mode in ("hybrid", "vector", "text"):
        assert search(store, model, "word1x7 subject1", mode=mode, k=1)[0].path == "guide-01.md"
    assert [row.result for row in history.history(store)] == ["published"]
    assert len(listing.manifest(store, source.partition.name)) == 3
    assert [share.documents for share in run_facts(store, "latest").formats] == [3]

    with store.connect() as connection:
        assert tables(roles.owner).keys() >= {f"doc_assets.{table}" for table in CONTENT}
        for table, column in tables(roles.owner).items():
            if table.startswith("doc_assets."):
                connection.execute(f"SELECT count(*) FROM {table}".encode())
            assert_refused(
                connection,
                f"INSERT INTO {table} DEFAULT VALUES",
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
            )
        views = connection.execute(
            "SELECT relname, has_table_privilege(oid, 'SELECT'), has_table_privilege(oid, 'INSERT, UPDATE, DELETE')"
            " FROM pg_class WHERE relnamespace = 'doc_assets'::regnamespace AND relkind = 'v'"
        ).fetchall()
        assert views and all((may_read, may_write) == (True, False) for _, may_read, may_write in views)
        sequences = connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'").fetchall()
        assert sequences
        assert_refused(
            connection,
            *(f"SELECT setval('{name}', 1)" for (name,) in sequences),
            *(f"SELECT nextval('{name}')" for (name,) in sequences),
            "SELECT make_vector_table(1)",
            "SELECT make_vector_index(1, 16, 64)",
            "SELECT analyze_content()",
            "SELECT * FROM chunk FOR UPDATE",
            "CREATE TABLE doc_assets.mine (x int)",
            "CREATE TABLE public.mine (x int)",
            "CREATE TABLE dagster.mine (x int)",
            "CREATE TEMPORARY TABLE mine (x int)",
            "CREATE SCHEMA mine",
            "CREATE FUNCTION doc_assets.mine() RETURNS int LANGUAGE sql RETURN 1",
            "ALTER TABLE migration_history DISABLE TRIGGER ALL",
        )
    loader, _ = loader_for(settings, store)
    with pytest.raises(StoreError, match="doc-assets db roles"):
        load(loader, store, source)


def test_tables_made_later_are_readable_and_their_vectors_stay_the_owners(roles, tmp_path):
    store, _ = logged_in(roles.loader, tmp_path)
    other = EmbeddingSpace("other", "0" * 64, "mean", True, 256, 8, "fp32", "")
    with store.connect() as connection:
        made = spaces.ensure_space(connection, other)
        table = made.table.as_string(connection)
        connection.execute(f"INSERT INTO {table} SELECT id, NULL, NULL FROM chunk WHERE false".encode())
        assert_refused(connection, f"DELETE FROM {table}", f"DROP TABLE {table}")
    with psycopg.connect(roles.owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE doc_assets.of_a_later_revision (x int)")
    with psycopg.connect(roles.reader, autocommit=True) as connection:
        for name in (table, "doc_assets.of_a_later_revision"):
            assert connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (0,)
            assert_refused(connection, f"DELETE FROM {name}")


def test_the_loader_keeps_dagsters_records_which_the_reader_does_not_see(roles, monkeypatch):
    from doc_assets.dagster.storage import DocAssetsStorage

    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", roles.loader)
    storage = DocAssetsStorage.from_config_value(None, {})
    assert storage.run_storage.get_runs_count() == 0
    with psycopg.connect(roles.reader, autocommit=True) as connection:
        assert_refused(connection, "SELECT count(*) FROM dagster.runs")


@pytest.mark.parametrize("first", ["owner", "loader"])
def test_whoever_made_dagsters_tables_the_loader_and_the_owner_change_them_for_a_new_version(roles, monkeypatch, first):
    from doc_assets.dagster.storage import DocAssetsStorage

    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", getattr(roles, first))
    assert DocAssetsStorage.from_config_value(None, {}).run_storage.get_runs_count() == 0
    with psycopg.connect(roles.owner, autocommit=True) as connection:
        connection.execute(roles_sql(*roles.names).encode())
    for url in (roles.loader, roles.owner):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE dagster.runs ADD COLUMN later int")
            connection.execute("ALTER TABLE dagster.runs DROP COLUMN later")
            connection.execute("SELECT count(*) FROM dagster.alembic_version")


def test_the_loader_makes_a_backup_of_everything_and_the_reader_one_of_the_documents(roles, monkeypatch):
    from doc_assets.dagster.storage import DocAssetsStorage

    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", roles.loader)
    DocAssetsStorage.from_config_value(None, {})
    for url, schemas in ((roles.loader, ["doc_assets", "dagster"]), (roles.reader, ["doc_assets"])):
        command = [clients() / "pg_dump", *(f"--schema={name}" for name in schemas), "-d", url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert all(f"CREATE SCHEMA {name};" in dump for name in schemas)
    subprocess.run([clients() / "pg_dump", "-f", os.devnull, "-d", roles.loader], check=True)


def test_names_are_quoted_and_two_roles_cannot_share_one():
    text = roles_sql("reading; DROP TABLE x", 'a"b')
    assert 'TO "a""b"' in text and "'reading; DROP TABLE x'" in text
    assert READER not in text and LOADER not in text
    with pytest.raises(Misuse, match="both"):
        roles_sql("one", "one")
    with pytest.raises(Misuse, match="63"):
        roles_sql("x" * 64, "y")
