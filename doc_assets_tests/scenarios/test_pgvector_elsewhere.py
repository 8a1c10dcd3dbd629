"""pgvector in a schema of its own, as hosted databases have it: everything works, whatever the schema's name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.errors import StoreError
from doc_assets.search.search import Mode, search
from doc_assets.store.database.connection import Store
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.maintenance import finish_loading
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema import schema
from doc_assets.store.schema.roles import roles_sql
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.listing import list_spaces
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.validate import validate
from doc_assets_tests.support.databases import Roles, database_of_roles, new_database
from doc_assets_tests.support.library import WordModel
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, is_sound, page, version
from doc_assets_tests.support.postgres_servers import clients

# The first is Supabase's; the other needs quotes, and a search path that is put together by hand would not have them.
SCHEMAS = ("extensions", 'Vektoren, "neu"')
MODES: tuple[Mode, ...] = ("hybrid", "vector", "text")


def logged_in(url: str, path: str = "nowhere") -> Store:
    """The store as a session sees it whose role looks for everything in another schema."""
    return Store(f"{url}&options={quote(f'-c search_path={path}')}")


def as_superuser(server_url: str, url: str) -> psycopg.Connection:
    return psycopg.connect(urlunsplit(urlsplit(server_url)._replace(path=urlsplit(url).path)), autocommit=True)


@pytest.fixture
def elsewhere(server_url: str) -> Iterator[Roles]:
    with database_of_roles(server_url, SCHEMAS[1]) as roles:
        yield roles


def assert_found(store: Store, model: WordModel) -> None:
    for mode in MODES:
        assert search(store, model, "ferry timetable", mode=mode, k=1)[0].path == "ferry.md"


def test_every_role_does_its_work_without_pgvector_in_its_search_path(elsewhere, server_url, monkeypatch):
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 3)
    owner, loading, reading = (logged_in(url) for url in (elsewhere.owner, elsewhere.loader, elsewhere.reader))
    model = WordModel()
    shelf = Shelf(loading, embedder=model)
    fixed = {f"{word}.md": page(f"{word} timetable", f"when the {word} leaves") for word in ("ferry", "train")}
    old, new = (shelf.publish(fixed | {"moving.md": version(n)}) for n in range(2))
    assert finish_loading(loading, model.space.fingerprint).built
    assert_found(reading, model)
    assert rollback(loading, shelf.partition).to_snapshot == old
    assert rollback(loading, shelf.partition, to=str(new)).to_snapshot == new
    assert validate(loading).passed
    assert [(space.live, space.indexed) for space in list_spaces(loading)] == [(1, True)]
    with reading.connect() as connection:
        nearest = "SELECT chunk_id FROM live_chunk JOIN embedding_1 USING (chunk_id) ORDER BY embedding <#> %s::halfvec"
        vector = connection.execute("SELECT embedding::text FROM embedding_1 LIMIT 1").fetchone()
        assert connection.execute(nearest, vector).fetchone()
        assert connection.execute("SELECT snapshot_digest(id) = digest FROM snapshot").fetchall() == [(True,)] * 2
    with owner.connect() as connection:
        assert schema.check(connection) == []
        # A superuser may move it, and then every connection finds it in its new place.
        with as_superuser(server_url, elsewhere.owner) as superuser:
            superuser.execute(sql.SQL("ALTER EXTENSION vector SET SCHEMA public"))
    freed = collect_garbage(owner, Policy(keep=1, days=0))
    assert freed.vectors > 0 and [step.problem for step in freed.upkeep if step.problem] == []
    with owner.connect() as connection:
        assert schema.check(connection) == []
    assert_found(reading, model)
    assert validate(loading).passed


def test_what_a_dump_takes_along_is_complete_in_another_database_with_that_schema(elsewhere, server_url):
    store = logged_in(elsewhere.owner)
    Shelf(store).publish_versions(2)
    dump = [clients() / "pg_dump", "--schema=doc_assets", "--no-owner", "--no-acl", "-d", elsewhere.owner]
    text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    with new_database(server_url) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {0}").format(sql.Identifier(SCHEMAS[1])))
            connection.execute(sql.SQL("CREATE EXTENSION vector SCHEMA {0}").format(sql.Identifier(SCHEMAS[1])))
        restore = [clients() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
        subprocess.run(restore, check=True, input=text, text=True, stdout=subprocess.DEVNULL)
        restored = Store(url)
        with restored.connect() as connection:
            assert [line for line in schema.check(connection) if "dagster" not in line] == []
        assert is_sound(restored)
        Shelf(restored, "another").publish_versions(1)


@pytest.mark.parametrize("name", [SCHEMAS[0], "pg_catalog"])
def test_a_space_is_made_and_filled_wherever_pgvector_is(server_url, name):
    with new_database(server_url) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            if name != "pg_catalog":
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE EXTENSION vector SCHEMA {}").format(sql.Identifier(name)))
            connection.execute("DROP SCHEMA public")
        store = logged_in(url)
        schema.upgrade(store.url)
        Shelf(store).publish_versions(1)
        assert is_sound(store)
        with store.connect() as connection:
            connection.execute("SELECT make_vector_index(1, 16, 64)")
            assert schema.check(connection) == []


def test_pgvector_goes_to_our_schema_where_there_is_no_public_one(server_url):
    with new_database(server_url) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public")
        schema.upgrade(url)
        store = Store(url)
        Shelf(store).publish_versions(1)
        with store.connect() as connection:
            assert schema.check(connection) == []
            connection.execute(roles_sql("reader of " + SPACE.name, "loader of " + SPACE.name).encode())
            connection.execute('DROP OWNED BY "reader of shelves", "loader of shelves"')
            connection.execute('DROP ROLE "reader of shelves", "loader of shelves"')


def test_a_role_that_may_not_use_pgvectors_schema_is_told_what_to_grant(elsewhere, server_url):
    with as_superuser(server_url, elsewhere.owner) as superuser:
        superuser.execute(
            sql.SQL("REVOKE USAGE ON SCHEMA {} FROM {} CASCADE").format(
                sql.Identifier(SCHEMAS[1]), sql.Identifier(urlsplit(elsewhere.owner).username.replace("%20", " "))
            )
        )
    for url in (elsewhere.owner, elsewhere.loader):
        with Store(url).connect() as connection:
            assert f'GRANT USAGE ON SCHEMA {sql.Identifier(SCHEMAS[1]).as_string()} TO "' in schema.check(connection)[0]
    with pytest.raises(StoreError, match="GRANT USAGE ON SCHEMA"):
        schema.upgrade(elsewhere.owner)
    refused = pytest.raises(psycopg.errors.RaiseException, match="GRANT USAGE ON SCHEMA")
    with psycopg.connect(elsewhere.owner, autocommit=True) as connection, refused:
        connection.execute(roles_sql(*elsewhere.names).encode())
