"""A full disk ends a load in a sentence; what was live stays as it is, and with room again the load goes on."""

import shutil
import tarfile

import psycopg
import pytest
from psycopg import sql

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import Shelves, seeded
from doc_assets_tests.support.crashes.loads import Order, run_here
from doc_assets_tests.support.crashes.server import CrashingServer
from doc_assets_tests.support.disks import small_disk

SEGMENT = 16 * 1024 * 1024  # of PostgreSQL's log


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path / "shelves", ("alpha",), 20, seeded(5))


@pytest.fixture
def load(tmp_path, shelves):
    """Loads the sources once; the outcome."""

    def load(url: str, run: str, attempts: int = 3) -> dict:
        trace = tmp_path / f"{run}.trace"
        order = Order(shelves.catalogue_path, url, tmp_path / "home", trace, run, attempts=attempts)
        (outcome,) = run_here(order).outcomes().values()
        return outcome

    return load


@pytest.fixture
def on_small_disk(crashing):
    """A database whose tables, though not its log, are on a small disk."""
    with small_disk(64) as disk:
        space = disk.folder / "tables"
        space.mkdir()
        shutil.chown(space, crashing.data.owner(), crashing.data.group())
        with psycopg.connect(crashing.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(space))))
            connection.execute("CREATE DATABASE on_small_disk TABLESPACE small")
        url = crashing.url_of("on_small_disk")
        schema.upgrade(url)
        yield disk, url
        with psycopg.connect(crashing.url, autocommit=True) as connection:
            connection.execute("DROP DATABASE on_small_disk WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


def test_tables_that_cannot_grow_publish_nothing_and_the_load_goes_on_when_there_is_room(
    shelves, load, on_small_disk, crashing, tmp_path
):
    disk, url = on_small_disk
    store = Store(url)
    assert load(url, "first")["result"] == "published"
    before = proof.live_digests(store)
    shelves.edit(1.0)
    disk.fill(leaving=64_000)
    outcome = load(url, "full")
    assert outcome["result"] == "StoreError", outcome
    assert outcome["message"].startswith("PostgreSQL has no disk space left (could not ")
    assert "nothing of it was published, and running it again resumes" in outcome["message"]
    assert proof.live_digests(store) == before
    proof.require_sound(store)
    disk.make_room()
    assert load(url, "resumed")["result"] == "published"
    proof.require_sound(store)
    assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)


def test_a_log_that_cannot_grow_takes_the_server_down_and_nothing_with_it(shelves, load, crashing, tmp_path):
    with small_disk(160) as disk, CrashingServer(disk.folder / "home") as server:
        url = server.database("all_on_small_disk")
        schema.upgrade(url)
        store = Store(url)
        assert load(url, "first")["result"] == "published"
        before = proof.live_digests(store)
        shelves.edit(1.0)
        go_to_the_end_of_a_segment(url)
        disk.fill(leaving=2_000_000)
        outcome = load(url, "full")
        assert outcome["result"] in ("StoreError", "StoreUnavailable", "StoreUnreachable"), outcome
        assert "PostgreSQL cannot be reached" in outcome["message"] or "no disk space" in outcome["message"]
        disk.make_room()
        if server.process is not None:
            server.crash()
        server.start()
        assert proof.live_digests(store) == before
        proof.require_sound(store)
        assert load(url, "resumed")["result"] == "published"
        proof.require_sound(store)
        assert proof.live_digests(store) == proof.Uninterrupted(crashing, tmp_path).digests(shelves)


def go_to_the_end_of_a_segment(url: str) -> None:
    """The next 100 kB of the log will need a new file."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        missing = SEGMENT - int(row[0]) % SEGMENT - 100_000
        if missing > 0:
            connection.execute("SELECT pg_logical_emit_message(false, 'fill', repeat('x', %s))", (missing,))


def test_a_full_cache_ends_a_load_in_a_sentence(shelves, crashing, tmp_path):
    archive = tmp_path / "shelves" / "pages.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "shelves" / "alpha", "pages")
    shelves.catalogue_path.write_text(
        "types:\n  best_practices:\n    sources:\n"
        "      - {name: alpha, kind: archive, location: pages.tar.gz, strip_components: 1}\n"
    )
    url = crashing.database()
    schema.upgrade(url)
    with small_disk(1) as disk:
        disk.fill(leaving=20_000)
        trace, order = tmp_path / "full.trace", (shelves.catalogue_path, url, disk.folder / "home")
        (outcome,) = run_here(Order(*order, trace, "full")).outcomes().values()
        assert outcome["result"] == "SourceError", outcome
        assert "No space left on device" in outcome["message"]
        disk.make_room()
        (outcome,) = run_here(Order(*order, tmp_path / "again.trace", "again")).outcomes().values()
        assert outcome["result"] == "published"
    proof.require_sound(Store(url))
