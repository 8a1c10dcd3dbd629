"""The schema check finds what is wrong and names the command that mends it; SQL and Python compute the same hashes."""

import json
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import LiteralString

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from doc_assets.errors import StoreError
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store, unreachable
from doc_assets.store.database.url import sqlalchemy_url
from doc_assets.store.schema import drift, schema
from doc_assets.store.schema.opening import open_for_reading, open_store
from doc_assets_tests.support.databases import new_database


def settings_for(url: str) -> Settings:
    return Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})


def test_a_blank_database_is_set_up_and_sound_and_the_caller_learns_of_it_once(database_url):
    set_up = []
    for _ in range(2):
        opened = open_store(settings_for(database_url), on_blank=lambda: set_up.append(1))
        with opened as store, store.connect() as connection:
            assert schema.check(connection) == []
            assert schema.revision(connection) == schema.head()
    assert set_up == [1]


def test_files_of_revisions_begin_with_the_revision():
    config = Config()
    config.set_main_option("script_location", str(files("doc_assets.store.schema").joinpath("alembic")))
    scripts = ScriptDirectory.from_config(config)
    assert schema.head() == scripts.get_current_head()
    assert schema._known_revisions() == {script.revision for script in scripts.walk_revisions()}


def test_reading_sets_no_blank_database_up(database_url):
    with pytest.raises(StoreError, match="doc-assets db upgrade"):
        open_for_reading(settings_for(database_url))


def test_the_expected_shape_is_what_the_revisions_make(store):
    expected = json.loads(files("doc_assets.store.schema").joinpath("expected.json").read_text())
    with store.connect() as connection:
        assert drift.describe(connection) == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DROP INDEX chunk_tsv", "index chunk_tsv is missing"),
        ("ALTER TABLE document ADD COLUMN colour text", "column document.colour is not known"),
        ("ALTER TABLE snapshot ALTER COLUMN run_id TYPE varchar", "column snapshot.run_id is 'character varying'"),
        ("ALTER TABLE migration_history DISABLE TRIGGER ALL", "trigger migration_history_append_only"),
        ("UPDATE alembic_version SET version_num = 'future'", "upgrade this program"),
        ("DELETE FROM alembic_version", "revision unknown"),
    ],
)
def test_drift_is_named_when_the_store_is_opened(store, change, sentence):
    with store.connect() as connection:
        connection.execute(change)
    with pytest.raises(StoreError) as error:
        open_store(settings_for(store.url))
    assert sentence in str(error.value)


def test_a_missing_extension_is_named_with_its_command(store):
    with store.connect() as connection:
        connection.execute("DROP EXTENSION vector CASCADE")
    with pytest.raises(StoreError, match=r"pgvector is missing.*doc-assets db upgrade"):
        open_store(settings_for(store.url))


def test_two_programs_may_upgrade_at_once(database_url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.upgrade, [database_url] * 4))
    with psycopg.connect(database_url) as connection:
        assert schema.check(connection) == []


def test_a_downgrade_is_refused_naming_the_backup(store):
    config = Config()
    config.set_main_option("script_location", str(files("doc_assets.store.schema").joinpath("alembic")))
    engine = sa.create_engine(sqlalchemy_url(store.url))
    with pytest.raises(CommandError, match="restore a backup"), engine.begin() as config.attributes["connection"]:
        command.downgrade(config, "-1")
    engine.dispose()
    with store.connect() as connection:
        assert schema.revision(connection) == schema.head()


def test_history_cannot_be_changed_or_emptied(store):
    with store.connect() as connection:
        connection.execute("INSERT INTO migration_history (action, result) VALUES ('validate', 'passed')")
        for statement in (
            "UPDATE migration_history SET result = 'x'",
            "DELETE FROM migration_history",
            "TRUNCATE migration_history",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement)


def test_an_unreachable_server_is_a_sentence_that_names_the_setting():
    with pytest.raises(StoreError, match="DOC_ASSETS_DATABASE_URL"):
        open_store(settings_for("postgresql://nobody@127.0.0.1:1/nothing"))


def test_a_limit_that_cancels_what_a_session_begins_with_says_where_to_raise_it():
    error = psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
    assert "raise it in the options of DOC_ASSETS_DATABASE_URL" in str(unreachable(error))


def test_what_an_upgrade_changes_meanwhile_is_told_as_an_upgrade_and_not_as_drift(store, monkeypatch):
    def upgraded_meanwhile(connection: psycopg.Connection) -> list[str]:
        connection.execute("UPDATE doc_assets.alembic_version SET version_num = '9999'")
        return ["function code_text(content text) is not what it was made as"]

    monkeypatch.setattr(schema, "drift", upgraded_meanwhile)
    with store.connect() as connection:
        (problem,) = schema.check(connection)
    assert "revision 9999" in problem and "upgrade this program" in problem


def test_punctuation_becomes_space(store):
    with store.connect() as connection:
        row = connection.execute("SELECT plain_words(%s)", ("a::b_c-d/e.f|g~h",)).fetchone()
    assert row == ("a b c d e f g h",)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_refused_and_nothing_is_made_in_it(
    server_url: str, encoding: LiteralString
) -> None:
    with new_database(server_url, "TEMPLATE template0 LOCALE 'C' ENCODING " + encoding) as url:
        with pytest.raises(StoreError, match=f"encoding {encoding}.*ENCODING 'UTF8'"):
            schema.upgrade(url)
        with Store(url).connect() as connection:
            (problem,) = schema.check(connection)
            assert encoding in problem
            assert connection.execute("SELECT to_regnamespace('doc_assets')").fetchone() == (None,)
