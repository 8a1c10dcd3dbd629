"""A pgvector whose faults can damage the vector index is warned of; one too old is refused before anything is made."""

from __future__ import annotations

import psycopg
import pytest

from doc_assets.errors import StoreError
from doc_assets.store.database.pgvector import Pgvector, find_pgvector, number_of
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_store
from doc_assets_tests.support.loading import settings_for


def set_version(connection: psycopg.Connection, version: str) -> None:
    connection.execute("UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", (version,))


def test_a_version_with_faults_is_warned_of_and_used(store, tmp_path):
    with store.connect() as connection:
        for version in ("0.8.0", "0.8.2", "0.8.3", "0.8"):
            set_version(connection, version)
            (warning,) = schema.warnings(connection)
            assert f"pgvector {version} has faults" in warning and "ALTER EXTENSION vector UPDATE" in warning
            assert schema.check(connection) == []
    open_store(settings_for(tmp_path, store))


def test_a_later_version_or_a_vendors_own_is_not_warned_of(store):
    with store.connect() as connection:
        for version in ("0.8.4", "0.8.10", "0.9.0", "1.0", "0.8.4-vendor.2", "unknown"):
            set_version(connection, version)
            assert schema.warnings(connection) == schema.check(connection) == [], version


def test_where_the_servers_files_are_old_these_come_first():
    assert "install 0.8.4 or newer on the server, then" in (Pgvector("0.8.0", "public", True, "0.8.1").warning or "")
    assert "install" not in (Pgvector("0.8.0", "public", True, "0.8.7").warning or "")


def test_what_is_in_the_database_is_read(store):
    with store.connect() as connection:
        found = find_pgvector(connection)
        assert (found.version, found.schema, found.usable) == (found.available, "public", True)
        connection.execute("DROP EXTENSION vector CASCADE")
        assert find_pgvector(connection) == Pgvector(None, None, False, found.available, found.role)


def test_versions_are_compared_as_numbers():
    assert number_of("0.8.10") == (0, 8, 10) and number_of("v") is None and number_of("0.8-dev") == (0, 8)


def test_one_without_halfvec_is_refused_before_anything_is_made(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        set_version(connection, "0.7.4")
        with pytest.raises(StoreError, match=r"pgvector 0\.7\.4 is too old.*run ALTER EXTENSION vector UPDATE"):
            schema.upgrade(database_url)
        assert connection.execute("SELECT to_regnamespace('doc_assets')").fetchone() == (None,)


def test_a_role_that_may_not_create_it_is_told_who_may(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain_owner")
        try:
            connection.execute("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO plain_owner',"
                               " current_database()); END $$")  # fmt: skip
            with pytest.raises(StoreError, match="run, as superuser, CREATE EXTENSION vector"):
                schema.upgrade(f"{database_url}&options=-c%20role%3Dplain_owner")
            assert connection.execute("SELECT to_regnamespace('doc_assets')").fetchone() == (None,)
        finally:
            connection.execute("DROP OWNED BY plain_owner; DROP ROLE plain_owner")
