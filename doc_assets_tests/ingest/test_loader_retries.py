"""Failures of the database that pass are outlasted and counted; a load that was overtaken meanwhile writes no more."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from doc_assets.dagster.in_process_runs import open_instance
from doc_assets.dagster.library import Library
from doc_assets.errors import PartitionLocked, StoreError, StoreUnreachable
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy, is_transient, refuses_data, to_store_error
from doc_assets.store.history import history
from doc_assets.store.history.progress import clear_progress, read_progress, write_progress
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.batch_writer import SnapshotWriter
from doc_assets.validation.audit import audit
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import guide, load, loader_for

CUT = (
    "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND application_name LIKE %s"
)


def cut(store: Store, application: str = "doc-assets%") -> int:
    """Ends the sessions of the database; how many there were."""
    with store.connect("cutter") as connection:
        row = connection.execute(CUT, (application,)).fetchone()
    assert row is not None
    return row[0]


def digest_from_scratch(loader, store, source) -> str | None:
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    return load(loader, store, source).digest


def test_connections_that_are_cut_at_every_batch_cost_no_more_than_retries(source, loader, store, monkeypatch):
    monkeypatch.setattr("doc_assets.ingest.load_run.BATCH_CHUNKS", 4)
    source.write_guides(10)
    embed = loader.embedder.embed
    ended = []

    def embed_and_cut(texts, role):
        ended.append(cut(store))
        return embed(texts, role)

    loader.embedder.embed = embed_and_cut
    result = load(loader, store, source)
    assert sum(ended) >= len(ended) > 2 and result.retries > 0
    event = history.history(store)[0]
    assert event.counts["retries"] > 0 and event.counts["embedding_retries"] == 0
    assert (result.loaded, result.embedded) == (10, result.chunks)
    loader.embedder.embed = embed
    assert digest_from_scratch(loader, store, source) == result.digest


def test_a_writer_that_could_not_be_set_up_again_is_not_used_with_the_new_connection(
    source, loader, store, monkeypatch
):
    monkeypatch.setattr("doc_assets.ingest.load_run.BATCH_CHUNKS", 2)
    source.write_guides(6)
    source.write("guide-twin.md", guide(0))  # is written before the first batch
    begin, begun = SnapshotWriter.__init__, []

    def fail_second(self, *arguments):
        begun.append(True)
        if len(begun) == 2:
            raise psycopg.errors.DeadlockDetected("while the temporary tables are made")
        begin(self, *arguments)

    monkeypatch.setattr(SnapshotWriter, "__init__", fail_second)
    embed, cuts = loader.embedder.embed, []

    def cut_writer(texts, role):
        if len(begun) == 1 and not cuts:
            cuts.append(cut(store, "doc-assets load%"))
        return embed(texts, role)

    loader.embedder.embed = cut_writer
    assert load(loader, store, source).loaded == 6
    assert len(begun) == 3


def test_an_idle_session_that_the_server_ends_is_no_failure(source, settings, store):
    """The lock's connection says nothing for as long as the model works."""
    impatient = Store(make_conninfo(store.url, options="-c idle_session_timeout=200ms"))
    loader, embedder = loader_for(settings, impatient)
    source.write_guides(2)
    embed = embedder.embed

    def slowly(texts, role):
        time.sleep(0.5)  # what is tested is that this much time passes
        return embed(texts, role)

    embedder.embed = slowly
    assert load(loader, impatient, source).retries > 0


def test_a_server_that_cannot_be_reached_at_the_start_is_waited_for(source, loader, store, monkeypatch):
    source.write_guides(1)
    connect = store.connect
    failures = iter([StoreUnreachable("starting up"), StoreUnreachable("too many connections")])

    def flaky(application: str = "doc-assets"):
        if (failure := next(failures, None)) is not None:
            raise failure
        return connect(application)

    monkeypatch.setattr(store, "connect", flaky)
    assert load(loader, store, source).retries == 2
    loader.store.close()  # a session that it keeps needs no connection
    failures = iter([StoreUnreachable("shut down")])
    assert loader.survey(source.partition, source.catalogue).unchanged is not None
    assert next(failures, None) is None


def test_retries_that_are_over_end_in_one_sentence_and_nothing_is_published(settings, source, store):
    loader, embedder = loader_for(dataclasses.replace(settings, retry_attempts=3), store)
    source.write_guides(2)

    def gone(*_: object):
        raise StoreUnreachable("PostgreSQL cannot be reached: no route to host")

    embed = embedder.embed

    def lose(texts, role):
        rows = embed(texts, role)
        cut(store)
        store.connect = gone
        return rows

    embedder.embed = lose
    with pytest.raises(StoreError) as error:
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    del store.connect
    assert "\n" not in str(error.value) and "no route to host" in str(error.value)
    assert "(tried 3 times); nothing of it was published" in str(error.value)
    embedder.embed = embed
    assert load(loader, store, source).loaded == 2


def test_a_connection_that_is_cut_during_the_audit_does_not_cost_the_staged_load(
    settings, source, loader, store, monkeypatch
):
    source.write_guides(2)
    library = Library(settings)
    library.__dict__ |= {"store": store, "loader": loader}
    recorded = lifecycle.sealed_counts
    cuts = []

    def cut_first(connection, snapshot_id):
        if not cuts:
            cuts.append(cut(store, "doc-assets audit%"))
        return recorded(connection, snapshot_id)

    monkeypatch.setattr("doc_assets.validation.audit.lifecycle.sealed_counts", cut_first)
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id="test") as staged:
        checks = library.audit(staged.snapshot)
        assert cuts == [1]
        assert staged.publish(checks).retries == 1


def test_publishing_and_rejecting_survive_a_cut_connection(source, loader, store):
    source.write_guides(2)
    for end in ("publish", "reject"):
        with loader.stage(loader.survey(source.partition, source.catalogue), run_id="test") as staged:
            checks = audit(store, staged.snapshot)
            cut(store)
            getattr(staged, end)(checks)
        source.write("guide-00.md", "# Other\n\nOther words.\n")
    assert [event.result for event in history.history(store)] == ["rejected", "published"]


def test_dagster_records_on_after_its_connections_were_cut(database_url, settings, store, monkeypatch):
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
        assert cut(store, "%") > 0
        assert instance.get_runs() == []


def test_waits_grow_up_to_the_longest_and_are_spread(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("doc_assets.runtime.shutdown.wait", waits.append)

    def fail() -> None:
        raise psycopg.errors.DeadlockDetected("deadlock detected")

    retries = Retries(RetryPolicy(attempts=7, longest_wait=5.0))
    with pytest.raises(StoreError, match=r"failed 7 times: deadlock detected"):
        retries.run(fail)
    assert retries.count == len(waits) == 6
    assert all(0.5 * 2**n <= wait <= 0.5 * 2**n + 0.5 for n, wait in enumerate(waits[:4])) and waits[4:] == [5.0, 5.0]
    assert len({round(wait % 0.5, 6) for wait in waits[:4]}) == 4


@pytest.mark.parametrize("code", ["08006", "40001", "40P01", "53300", "57P01", "57P02", "57P03", "57P05"])
def test_what_passes_by_itself_is_tried_again(code):
    error = psycopg.errors.lookup(code)("gone") if code != "08006" else psycopg.errors.ConnectionFailure("gone")
    assert is_transient(error) and not refuses_data(error)


@pytest.mark.parametrize("code", ["53100", "57014", "25006", "42501", "42P01"])
def test_what_does_not_pass_is_one_sentence_with_the_next_step(code):
    error = psycopg.errors.lookup(code)("first line\nDETAIL: more")
    assert not is_transient(error) and not refuses_data(error)
    assert "first line" in str(to_store_error(error)) and "DETAIL" not in str(to_store_error(error))


STOPPED = """
import os, signal, sys
from pathlib import Path
import doc_assets.ingest.load_run as filling
from doc_assets.catalogue import load_catalogue
from doc_assets.errors import LeaseLost
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import loader_for

filling.BATCH_CHUNKS = 4
loader, embedder = loader_for(Settings.from_environment(), Store(os.environ["DOC_ASSETS_DATABASE_URL"]))
catalogue = load_catalogue(Path(sys.argv[1]))
embed = embedder.embed
def stop_once(texts, role):
    if len(embedder.texts) > 8 and not stopped:
        stopped.append(True)
        os.kill(os.getpid(), signal.SIGSTOP)
    return embed(texts, role)
stopped = []
embedder.embed = stop_once
if __name__ == "__main__":
    try:
        loader.stage(loader.survey(catalogue.partitions()[0], catalogue), run_id="overtaken")
    except LeaseLost as error:
        print(error)
"""


def test_a_load_that_was_stopped_and_overtaken_ends_by_itself_and_harms_nothing(
    source, loader, store, settings, tmp_path
):
    """A laptop that sleeps: its sessions end, another load takes over and publishes, then it wakes up."""
    source.write_guides(20)
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED)
    environment = {**os.environ, "DOC_ASSETS_HOME": str(settings.home), "DOC_ASSETS_DATABASE_URL": store.url,
                   "DOC_ASSETS_THREADS": "1", "PYTHONPATH": str(ROOT)}  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, str(script), str(source.catalogue_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        with pytest.raises(PartitionLocked, match="overtaken"):
            loader.stage(loader.survey(source.partition, source.catalogue), run_id="second")
        cut(store)
        result = load(loader, store, source)
        os.kill(child.pid, signal.SIGCONT)
        told, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    assert "was taken over by another load" in told
    with store.connect() as connection:
        assert lifecycle.compute_digest(connection, result.snapshot or 0).hex() == result.digest
    assert all(check.passed for check in audit(store, result.snapshot or 0))
    assert digest_from_scratch(loader, store, source) == result.digest


def test_the_progress_of_the_load_that_took_over_is_left_alone(store, loader, source):
    source.write_guides(1)
    load(loader, store, source)
    with store.connect() as connection:
        figures = {name: 0 for name in ("files_total", "files_done", "bytes_total", "bytes_done", "work_total")}
        figures |= {name: 0 for name in ("work_done", "tokens_done", "documents", "chunks", "embedded")}
        write_progress(connection, 1, "other", {"snapshot_id": None, "stage": "load", **figures})
        connection.execute("UPDATE progress SET pid = pid + 1")
        clear_progress(connection, 1)
        assert [row.run_id for row in read_progress(connection)] == ["other"]


def test_a_connection_is_kept_alive_unless_its_url_says_how(store):
    with store.connect() as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "60"
    own = store.url + ("&" if "?" in store.url else "?") + "keepalives_idle=7"
    with Store(own).connect() as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "7"
