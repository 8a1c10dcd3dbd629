"""A database of every released revision, with data in it, is brought up to date: nothing is lost, all goes on."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from doc_assets.errors import StoreError
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.schema import schema
from doc_assets.store.schema.drift import describe
from doc_assets.store.schema.opening import open_store
from doc_assets.store.snapshots.lifecycle import compute_digest
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for
from doc_assets_tests.support.older_schema import REVISIONS, Old, fill, make_at, rows


@pytest.fixture
def source(tmp_path) -> SmallSource:
    return SmallSource(tmp_path)


def old_database(revision: str, url: str, source: SmallSource) -> Old:
    make_at(url, revision)
    settings = settings_for(source.folder, Store(url))
    return fill(url, revision, source, settings, loader_for(settings, Store(url))[1])


def digests(store: Store) -> dict[int, bytes]:
    with store.connect() as connection:
        stored = dict(connection.execute("SELECT id, digest FROM snapshot WHERE status = 'published'").fetchall())
        assert {key: compute_digest(connection, key) for key in stored} == stored
        return stored


def assert_green(store: Store, *snapshots: int) -> None:
    for snapshot in snapshots:
        assert [(check.check, check.findings) for check in audit(store, snapshot) if not check.passed] == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_an_older_program_loaded_is_proven_gone_back_to_and_gone_on_from(revision, database_url, source):
    old = old_database(revision, database_url, source)
    before, proven = rows(database_url), digests(Store(database_url))
    schema.upgrade(database_url)

    store = open_store(settings_for(source.folder, Store(database_url)))
    with store.connect() as connection:
        assert schema.check(connection) == []
    after = rows(database_url)
    assert {table: len(found) for table, found in before.items()} | {"migration_history": 6} == {
        table: len(after[table]) for table in before
    }
    for table in ("document", "chunk", "document_chunk", "embedding_1", "embedding_space", "snapshot_document"):
        assert after[table] == before[table]
    assert digests(store) == proven
    told = history.history(store)
    assert [row.action for row in told] == ["upgrade", "validate", "load", "load", "load", "load"]
    assert (told[0].counts["from"], told[0].counts["to"]) == (revision, schema.head())
    assert_green(store, old.live, old.superseded, old.other)

    loader, embedder = loader_for(settings_for(source.folder, store), store)
    unchanged = loader.survey(source.partition, source.catalogue).unchanged
    assert unchanged is not None and unchanged.snapshot == old.live
    assert rollback(store, source.partition.name).to_snapshot == old.superseded
    assert rollback(store, source.partition.name, str(old.live)).to_snapshot == old.live
    source.write("guide-02.md", "# Guide 2\n\nIt was written anew after the upgrade.\n")
    published = load(loader, store, source)
    assert (published.result, published.snapshot) == ("published", old.staging)
    assert len(embedder.texts) == published.embedded == 1
    assert_green(store, old.live, old.superseded, old.other, old.staging)


def test_programs_that_upgrade_at_once_do_it_once(database_url, source):
    old = old_database("0001", database_url, source)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.upgrade, [database_url] * 4))
    store = open_store(settings_for(source.folder, Store(database_url)))
    assert [row.action for row in history.history(store)].count("upgrade") == 1
    assert_green(store, old.live, old.superseded)


def test_an_upgrade_that_fails_half_way_leaves_the_database_as_it_was(database_url, source):
    old_database("0001", database_url, source)
    with psycopg.connect(database_url, autocommit=True) as connection:
        # The second step of three finds its table taken.
        connection.execute("CREATE TABLE doc_assets.near_duplicate (x int)")
        before = rows(database_url)
        with pytest.raises(StoreError, match=r"near_duplicate.*at revision 0001 as before.*db upgrade"):
            schema.upgrade(database_url)
        assert schema.revision(connection) == "0001"
        assert rows(database_url) == before
        assert digests(Store(database_url))
        connection.execute("DROP TABLE doc_assets.near_duplicate")
    schema.upgrade(database_url)
    open_store(settings_for(source.folder, Store(database_url)))


def proofs(url: str) -> tuple[list[tuple], dict[str, str]]:
    """Digest and seal of every sealed snapshot, stored and computed, and the functions that compute them."""
    with Store(url).connect() as connection:
        rows = connection.execute(
            "SELECT id, digest, seal, snapshot_digest(id), snapshot_seal(id) FROM snapshot"
            " WHERE seal IS NOT NULL ORDER BY id"
        ).fetchall()
        functions = describe(connection)["function"]
    proving = ("digest", "seal", "hash", "sha256", "chunk_place")
    return rows, {name: shape for name, shape in functions.items() if any(word in name for word in proving)}


def test_a_partitions_name_is_part_of_no_digest_and_no_seal(database_url, source):
    old_database("0005", database_url, source)
    before = proofs(database_url)
    assert before[0] and all(row[1:3] == row[3:5] for row in before[0])
    schema.upgrade(database_url)
    after = proofs(database_url)
    assert after[0] == before[0]
    # Revision 0012 computes the same digests in another way.
    assert {name for name in before[1] if after[1][name] != before[1][name]} == {"snapshot_digest(wanted bigint)"}
    with Store(database_url).connect() as connection:
        assert connection.execute("SELECT name FROM partition ORDER BY id").fetchall() == [
            ("best_practices/guides",),
            ("rust/mirror",),
        ]


def test_an_upgrade_that_waits_for_a_long_read_lets_other_readers_pass(database_url):
    make_at(database_url, "0005")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database_url) as audit_of_minutes:
        audit_of_minutes.execute("SELECT FROM doc_assets.partition")
        upgrading = pool.submit(schema.upgrade, database_url)
        for _ in range(20):
            with psycopg.connect(database_url, options="-c lock_timeout=5s") as reader:
                reader.execute("SELECT FROM doc_assets.live_chunk")
            time.sleep(0.05)
        assert not upgrading.done()
        audit_of_minutes.rollback()
        upgrading.result(timeout=60)


@pytest.fixture
def doc_assets(database_url, monkeypatch, capsys, tmp_path):
    """Runs a command in this process; gives its exit code and what it said on stderr."""
    from doc_assets.cli import main

    def run(*arguments: str) -> tuple[int, str]:
        for name, value in (("DATABASE_URL", database_url), ("HOME", str(tmp_path)), ("LOG_FORMAT", "text")):
            monkeypatch.setenv(f"DOC_ASSETS_{name}", value)
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), " ".join(capsys.readouterr().err.split())

    return run


def test_an_older_program_refuses_a_newer_schema_with_a_sentence(store, doc_assets):
    with store.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["status"], ["db", "check"], ["db", "upgrade"]):
        code, said = doc_assets(*command)
        assert code == 1 and "revision 9999" in said and "upgrade this program" in said and "Traceback" not in said


def test_a_newer_program_names_the_command_that_upgrades(database_url, doc_assets):
    make_at(database_url, "0003")
    code, said = doc_assets("status")
    assert code == 1 and "at revision 0003" in said and "doc-assets db upgrade" in said
    assert doc_assets("db", "upgrade") == (0, f"the schema is at revision {schema.head()}")
    assert doc_assets("db", "check")[0] == 0
