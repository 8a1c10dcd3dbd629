"""What pg_dump wrote and pg_restore read is the same store: proven, searchable, and open for the next load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_tokenizers
from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_store
from doc_assets.store.snapshots.lifecycle import compute_digest
from doc_assets.store.versions import listing
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for
from doc_assets_tests.support.postgres_servers import clients


@pytest.fixture
def elsewhere(database_url: str, server_url: str) -> Iterator[str]:
    """URL of a second blank database."""
    name = urlsplit(database_url).path[1:] + "_restored"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def client(*arguments: str) -> None:
    subprocess.run([clients() / arguments[0], *arguments[1:]], check=True)


def digests(store: Store) -> dict[int, str]:
    with store.connect() as connection:
        return {row.id: compute_digest(connection, row.id).hex() for row in listing.snapshots(store)}


@pytest.mark.parametrize("only_ours", [False, True], ids=["whole-database", "our-schema"])
def test_a_restored_store_is_the_same_and_goes_on(store, elsewhere, tmp_path, only_ours):
    guides, notes = SmallSource(tmp_path / "a"), SmallSource(tmp_path / "b", "notes")
    settings = settings_for(tmp_path, store)
    loader, embedder = loader_for(settings, store)
    for source, pages in ((guides, 3), (notes, 2)):
        source.write_guides(pages)
        load(loader, store, source)
    guides.write("guide-00.md", "# Guide 0\n\nIt was rewritten, and says something else now.\n")
    load(loader, store, guides)
    rollback(store, guides.partition.name)
    before = digests(store), history.history(store), listing.snapshots(store)

    dump = str(tmp_path / "store.dump")
    client("pg_dump", "-Fc", "-f", dump, *(["--schema=doc_assets"] if only_ours else []), "-d", store.url)
    if only_ours:
        with psycopg.connect(elsewhere) as connection:
            connection.execute("CREATE EXTENSION vector")
    client("pg_restore", "--exit-on-error", "-j", "2", "-d", elsewhere, dump)

    settings = settings_for(tmp_path, Store(elsewhere))
    restored = open_store(settings)
    with restored.connect() as connection:
        assert schema.check(connection) == []
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("DELETE FROM migration_history")
    assert (digests(restored), history.history(restored), listing.snapshots(restored)) == before
    for snapshot in before[0]:
        assert [check.findings for check in audit(restored, snapshot) if not check.passed] == []
    embedder.__dict__["tokenizers"] = open_tokenizers(settings)
    model = cast(Embedder, embedder)
    found = search(restored, model, "word1x7 subject1", k=1)
    assert found[0].path == "guide-01.md"

    notes.write("new.md", "# New\n\nIt came after the backup.\n")
    loader, embedder = loader_for(settings, restored)
    again = load(loader, restored, notes)
    assert again.result == "published" and len(embedder.texts) == 1
    assert again.snapshot is not None and again.snapshot > max(before[0])
    assert history.history(restored)[0].id > before[1][0].id


def test_a_client_of_postgresql_finds_the_database_by_itself(database_url, tmp_path, monkeypatch, capfd):
    from doc_assets.cli import main

    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    monkeypatch.setenv("DOC_ASSETS_LOG_FORMAT", "text")
    for command, code, said in (
        (["psql", "-Atc", "SELECT current_database()"], 0, urlsplit(database_url).path[1:]),
        (["psql", "-h", "/nowhere", "-c", "SELECT 1"], 2, "/nowhere"),
        (["pg_nothing"], 2, "no program 'pg_nothing'"),
    ):
        monkeypatch.setattr(sys, "argv", ["doc-assets", "db", "client", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert (ended.value.code or 0) == code
        assert said in " ".join((out + err).split())
