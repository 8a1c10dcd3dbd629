"""A load accounts for every file, never embeds twice, resumes where it died, and publishes all or nothing."""

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from doc_assets.embedding.prompts import Role
from doc_assets.errors import AuditFailed, EmbeddingError, PartitionLocked
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.planning import Planner
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.partitions import partitions
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.versions import listing
from doc_assets.validation.audit import audit
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import (
    HashEmbedder,
    SmallSource,
    guide,
    last_event,
    load,
    loader_for,
    settings_for,
)

PARTITION = "best_practices/guides"


@pytest.fixture
def source(tmp_path):
    return SmallSource(tmp_path / "source")


@pytest.fixture
def settings(tmp_path, store):
    return settings_for(tmp_path, store)


@pytest.fixture
def loader(settings, store):
    return loader_for(settings, store)[0]


def embedder_of(loader: Loader) -> HashEmbedder:
    return loader.embedder  # pyrefly: ignore[bad-return] - put there by loader_for


def outcomes(store) -> dict[str, str]:
    return {row.path: row.outcome for row in listing.manifest(store, PARTITION)}


def test_every_file_is_accounted_for_with_a_reason(source, loader, store):
    source.write("good.md", guide(1))
    source.write("copy.md", guide(1))
    source.write("empty.md", "")
    source.write("noise.md", bytes(range(256)) * 20)
    source.write("picture.png", b"\x89PNG\r\n")
    result = load(loader, store, source)
    assert outcomes(store) == {
        "copy.md": "loaded",
        "good.md": "duplicate",
        "empty.md": "skipped",
        "noise.md": "rejected",
        "picture.png": "skipped",
    }
    assert (result.files, result.loaded + result.duplicate + result.skipped + result.rejected) == (5, 5)
    assert all(row.reason for row in listing.manifest(store, PARTITION) if row.outcome != "loaded")


def test_equal_files_that_cannot_be_read_count_one_by_one_and_nothing_read_is_warned_of(source, loader, store):
    for i in range(3):
        source.write(f"noise-{i}.md", bytes(range(256)) * 20)
    source.write("empty.md", "")
    planned = Planner(loader).plan(loader.survey(source.partition, source.catalogue)).result
    loaded = load(loader, store, source)
    again = loader.survey(source.partition, source.catalogue).unchanged
    for result in (planned, loaded, again):
        assert (result.rejected, result.skipped, result.duplicate, result.documents) == (3, 1, 0, 0), result.result
        assert result.warnings[0].startswith("0 documents: 3 of 4 files cannot be read"), result.result


def test_the_same_bytes_give_the_same_digest_in_any_order_and_database(source, loader, store, tmp_path):
    source.write_guides(12)
    first = load(loader, store, source)
    for path in source.root.iterdir():
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    assert load(loader, store, source).digest == first.digest


def test_a_load_leaves_in_the_history_how_it_went_on_what_and_how_far_it_came(source, loader, store, monkeypatch):
    source.write("one.md", guide(1))
    result = load(loader, store, source)
    counts = last_event(store).counts
    assert counts["samples"]["documents"][-1] == result.documents == 1
    assert counts["samples"]["tokens"][-1] == result.tokens_embedded
    assert counts["machine"]["threads"] == 1 and counts["machine"]["shares_model"] is False

    def fail(*_: object) -> None:
        raise EmbeddingError("the model is gone")

    monkeypatch.setattr(loader.embedder, "embed", fail)
    source.write("two.md", guide(2))
    with pytest.raises(EmbeddingError):
        load(loader, store, source)
    counts = last_event(store).counts
    assert (counts["reached"]["files"], counts["reached"]["files_expected"]) == (1, 2)
    assert counts["samples"]["seconds"] and counts["machine"]["cores"]


def test_nothing_changed_is_found_without_parsing_or_embedding(source, loader, store):
    source.write_guides(5)
    result = load(loader, store, source)
    unchanged = loader.survey(source.partition, source.catalogue).unchanged
    assert unchanged is not None
    assert (unchanged.snapshot, unchanged.digest, unchanged.result) == (result.snapshot, result.digest, "unchanged")
    source.write("guide-00.md", guide(77))
    assert loader.survey(source.partition, source.catalogue).unchanged is None


def test_only_what_changed_is_embedded_again(source, loader, store):
    source.write_guides(10)
    load(loader, store, source)
    embedder_of(loader).texts.clear()
    source.write("guide-03.md", guide(99))
    result = load(loader, store, source)
    assert embedder_of(loader).texts and all("99" in text for text in embedder_of(loader).texts)
    assert result.embedded == len(embedder_of(loader).texts)
    assert embedder_of(loader).roles == {Role.DOCUMENT}
    assert result.documents == 10


def test_a_renamed_file_is_not_embedded_again(source, loader, store):
    source.write_guides(4)
    load(loader, store, source)
    embedder_of(loader).texts.clear()
    (source.root / "guide-02.md").rename(source.root / "moved.md")
    load(loader, store, source)
    assert embedder_of(loader).texts == []
    assert outcomes(store)["moved.md"] == "loaded" and "guide-02.md" not in outcomes(store)


def test_an_incremental_load_has_the_digest_of_a_load_from_scratch(source, loader, store):
    source.write_guides(6)
    source.write("twin.md", guide(0))
    load(loader, store, source)
    (source.root / "guide-00.md").unlink()  # its twin was the duplicate and is the document now
    source.write("guide-01.md", guide(50))
    incremental = load(loader, store, source)
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    assert load(loader, store, source).digest == incremental.digest


def test_files_with_equal_content_are_duplicates_whatever_their_bytes(source, loader, store):
    source.write("a.md", "# One\n\nThe same words here.\n")
    source.write("b.md", "# One\r\n\r\nThe same words here.\r\n")
    load(loader, store, source)
    assert outcomes(store) == {"a.md": "loaded", "b.md": "duplicate"}


def test_a_failed_check_leaves_what_is_live(source, loader, store):
    source.write_guides(3)
    before = load(loader, store, source)
    source.write("guide-00.md", guide(60))
    staged = loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    with store.connect() as connection:
        connection.execute(
            "UPDATE chunk SET text = text || '!' WHERE id IN (SELECT chunk_id FROM document_chunk JOIN"
            " snapshot_document USING (document_id) WHERE snapshot_id = %s AND path = 'guide-00.md')",
            (staged.snapshot,),
        )
    checks = audit(store, staged.snapshot)
    assert "checksums" in {check.check for check in checks if not check.passed}
    with pytest.raises(AuditFailed, match="cannot be published"):
        staged.publish(checks)
    assert staged.reject(checks).result == "rejected"
    with store.connect() as connection:
        assert partitions.live_snapshot(connection, PARTITION) == before.snapshot
    assert history.history(store)[0].result == "rejected"


def test_a_second_load_of_a_partition_says_who_holds_it(source, loader, store, settings):
    source.write_guides(2)
    other, _ = loader_for(settings, store)
    with (
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="first-run"),
        pytest.raises(PartitionLocked, match="first-run"),
    ):
        other.stage(other.survey(source.partition, source.catalogue), run_id="second")


def test_a_document_that_the_database_refuses_is_quarantined_alone(source, loader, store):
    source.write_guides(6)
    with store.connect() as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.title = 'Guide 4' THEN RAISE EXCEPTION 'no guide four'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    result = load(loader, store, source)
    assert (result.loaded, result.rejected) == (5, 1)
    rejected = [row for row in listing.manifest(store, PARTITION) if row.outcome == "rejected"]
    assert [row.path for row in rejected] == ["guide-04.md"] and "no guide four" in (rejected[0].reason or "")


def test_a_transient_database_error_is_retried(source, loader, store, monkeypatch):
    from doc_assets.store.snapshots.batch_writer import SnapshotWriter

    source.write_guides(3)
    attempts = []
    write = SnapshotWriter.write

    def flaky(self, files, vectors):
        attempts.append(len(files))
        if len(attempts) in (1, 2):
            raise psycopg.errors.DeadlockDetected("deadlock detected")
        write(self, files, vectors)

    monkeypatch.setattr(SnapshotWriter, "write", flaky)
    assert load(loader, store, source).loaded == 3
    assert len(attempts) > 2


def test_a_limit_loads_the_first_files_only(source, loader, store):
    source.write_guides(5)
    assert load(loader, store, source, limit=2).files == 2
    assert loader.survey(source.partition, source.catalogue).unchanged is None
    assert loader.survey(source.partition, source.catalogue, limit=2).unchanged is not None


def test_readers_see_the_old_load_until_the_new_one_is_published_and_then_all_of_it(source, loader, store):
    def titles() -> set[str]:
        with store.connect() as connection:
            rows = connection.execute("SELECT title FROM live_document JOIN document ON id = document_id").fetchall()
        return {row[0] for row in rows}

    source.write_guides(3)
    load(loader, store, source)
    source.write("guide-00.md", guide(80))
    source.write("guide-01.md", guide(81))
    staged = loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    assert titles() == {"Guide 0", "Guide 1", "Guide 2"}
    staged.publish(audit(store, staged.snapshot))
    assert titles() == {"Guide 80", "Guide 81", "Guide 2"}


def test_partitions_that_share_passages_load_at_once_with_the_digests_of_one_by_one(tmp_path, store, settings):
    sources = [SmallSource(tmp_path / name, name) for name in ("alpha", "beta", "gamma")]
    for i, one in enumerate(sources):
        one.write_guides(12)
        one.write("own.md", guide(100 + i))

    def load_one(one: SmallSource) -> str | None:
        return load(loader_for(settings, store)[0], store, one).digest

    alone = [load_one(one) for one in sources]
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
        connection.execute(
            "TRUNCATE document_chunk, snapshot_document, snapshot_file, document, embedding_1, chunk CASCADE"
        )
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(load_one, sources))
    assert together == alone


KILLED = """
import os, sys
from pathlib import Path
import doc_assets.ingest.load_run as filling
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import SmallSource, loader_for
from doc_assets.catalogue import load_catalogue

filling.BATCH_CHUNKS = 4
settings, store = Settings.from_environment(), Store(os.environ["DOC_ASSETS_DATABASE_URL"])
loader, embedder = loader_for(settings, store)
catalogue = load_catalogue(Path(sys.argv[1]))
embed = embedder.embed
def die_at_last(texts, role):
    if len(embedder.texts) > 12:
        os.kill(os.getpid(), 9)
    return embed(texts, role)
embedder.embed = die_at_last
if __name__ == "__main__":
    loader.stage(loader.survey(catalogue.partitions()[0], catalogue), run_id="doomed")
"""


def test_a_killed_load_resumes_without_embedding_again(source, loader, store, tmp_path, settings):
    source.write_guides(20)
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    environment = {**os.environ, "DOC_ASSETS_HOME": str(settings.home), "DOC_ASSETS_DATABASE_URL": store.url,
                   "DOC_ASSETS_THREADS": "1", "PYTHONPATH": str(ROOT)}  # fmt: skip
    died = subprocess.run([sys.executable, str(script), str(source.catalogue_path)], env=environment, timeout=120)
    assert died.returncode == -9
    with store.connect() as connection:
        assert partitions.live_snapshot(connection, PARTITION) is None
        held = connection.execute(f"SELECT count(*) FROM embedding_{1}").fetchone()
        left = connection.execute("SELECT id, status FROM snapshot").fetchall()
    assert held and held[0] > 0 and [status for _, status in left] == ["staging"]
    resumed = load_when_free(loader, store, source)
    assert resumed.snapshot == left[0][0]
    assert resumed.embedded == resumed.chunks - held[0]
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    assert load(loader, store, source).digest == resumed.digest


def load_when_free(loader, store, source, seconds: float = 10):
    """The killed session's lock goes when PostgreSQL notices that its client is gone."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return load(loader, store, source)
        except PartitionLocked:
            if time.monotonic() > deadline:
                raise


def test_the_digest_can_be_computed_without_the_database(source, loader, store):
    """An independent spelling of the digest: what SQL proves is what the documentation says."""
    source.write_guides(3)
    source.write("copy.md", guide(1))
    source.write("empty.md", "")
    result = load(loader, store, source)
    with store.connect() as connection:
        recipe = connection.execute("SELECT recipe FROM snapshot").fetchone()
        files = connection.execute(
            "SELECT path, fingerprint, outcome, coalesce(duplicate_of, '') FROM snapshot_file ORDER BY path"
        ).fetchall()
        places = connection.execute(
            "SELECT path, part, document_id, array_agg(chunk_id ORDER BY ordinal) FROM snapshot_document"
            " JOIN document_chunk USING (document_id) GROUP BY 1, 2, 3 ORDER BY 1, 2"
        ).fetchall()

    def sha(data: bytes | str) -> bytes:
        return hashlib.sha256(data.encode() if isinstance(data, str) else data).digest()

    leaves = b""
    for path, fingerprint, outcome, twin in files:
        parts = [document + sha(b"".join(chunks)) for p, _, document, chunks in places if p == path]
        documents = sha(b"".join(parts)) if parts else b""
        leaves += sha(sha(path) + sha(fingerprint or b"") + sha(outcome) + sha(twin) + sha(documents))
    assert recipe is not None
    assert hashlib.sha256(sha(recipe[0]) + leaves).hexdigest() == result.digest


def test_a_changed_policy_publishes_again_without_parsing_or_embedding(tmp_path: Path, store: Store) -> None:
    source = SmallSource(tmp_path)
    source.write_guides(2)
    loader, embedder = loader_for(settings_for(tmp_path, store), store)
    load(loader, store, source)
    assert loader.survey(source.partition, source.catalogue).unchanged
    embedder.texts.clear()
    source.catalogue_path.write_text(source.catalogue_path.read_text() + "        near_duplicates: keep_all\n")
    assert loader.survey(source.partition, source.catalogue).unchanged is None
    result = load(loader, store, source)
    assert (result.result, embedder.texts) == ("published", [])
    with store.connect() as connection:
        row = connection.execute("SELECT near_duplicates FROM snapshot WHERE id = %s", (result.snapshot,)).fetchone()
        assert row == ("keep_all",)
        assert lifecycle.sealed_counts(connection, result.snapshot or 0).loaded == 2


def test_a_second_load_of_a_loader_opens_no_session(source, loader, store, monkeypatch):
    opened, connect = [], store.connect
    monkeypatch.setattr(loader.store, "connect", lambda name: opened.append(name) or connect(name))
    source.write_guides(2)
    load(loader, store, source)
    first = len(opened)
    source.write_guides(4)
    assert load(loader, store, source).loaded == 4
    assert first == len(opened) > 2
