"""The exporter tells what the database holds, cheaply, with few rights, and in time even when it is away."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.errors import Misuse
from doc_assets.exporter import metrics
from doc_assets.exporter.server import ExporterServer
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings
from doc_assets.store.database.connection import read_transaction
from doc_assets.store.history import history
from doc_assets.store.history.progress import write_progress
from doc_assets.validation.validate import validate
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.exporter import Exporter, Gate, Loaded, value
from doc_assets_tests.support.loading import guide, load

GUIDES = {"doc_type": "best_practices", "partition": "guides"}
PAGE = ROOT / "docs" / "monitoring.md"
# What a scrape may read; of the content itself nothing is among it.
SMALL_TABLES = (
    *("partition", "snapshot", "snapshot_file", "migration_history", "progress", "embedding_space", "alembic_version"),
)


def test_what_is_live_is_told_as_the_database_counts_it(loaded: Loaded, exporter: Exporter):
    loaded.source.write("guide-00.md", guide(7))
    loaded.source.write("empty.md", "")
    result = load(loaded.loader(), loaded.store, loaded.source)
    samples = exporter.scrape()
    assert value(samples, "doc_assets_up") == value(samples, "doc_assets_schema_current") == 1
    assert value(samples, "doc_assets_snapshot_id", **GUIDES) == result.snapshot
    assert value(samples, "doc_assets_snapshot_documents", **GUIDES) == result.documents == 3
    assert value(samples, "doc_assets_snapshot_chunks", **GUIDES) == result.chunks
    outcomes = {o: value(samples, "doc_assets_snapshot_files", **GUIDES, outcome=o) for o in ("loaded", "skipped")}
    assert outcomes == {"loaded": 3, "skipped": 1}
    assert value(samples, "doc_assets_last_load_info", **GUIDES) == 1
    assert value(samples, "doc_assets_error_budget_used_ratio", **GUIDES) == 0
    assert value(samples, "doc_assets_events_total", action="load", result="published") == 2
    assert value(samples, "doc_assets_loaded_documents_total", doc_type="best_practices") == 6
    checks = [v for (name, _), v in samples.items() if name == "doc_assets_check_passed"]
    assert checks == [1] * 6
    assert value(samples, "doc_assets_space_live_partitions", space="1") == 1


def test_a_running_load_is_told_with_share_rate_and_time_left(loaded: Loaded, exporter: Exporter):
    with loaded.store.connect() as connection:
        figures = {
            "snapshot_id": None, "stage": "load", "files_total": 10, "files_done": 4, "bytes_total": 0, "bytes_done": 0,
            "work_total": 1000, "work_done": 250, "tokens_done": 500, "documents": 4, "chunks": 8, "embedded": 8,
            "embed_queue": 512, "write_queue": 9, "embed_busy": 0.9, "model_busy": 0.97, "model_queue": 128,
        }  # fmt: skip
        write_progress(connection, 1, "run-1", figures)
        connection.execute("UPDATE progress SET started_at = now() - interval '100 s'")
    samples = exporter.scrape()
    running = "doc_assets_running_load"
    assert value(samples, f"{running}_progress_ratio", **GUIDES) == 0.25
    assert value(samples, f"{running}_eta_seconds", **GUIDES) == pytest.approx(300, rel=0.1)
    assert value(samples, f"{running}_tokens_per_second", **GUIDES) == pytest.approx(5, rel=0.1)
    assert value(samples, f"{running}_info", **GUIDES, run_id="run-1") == 1
    assert value(samples, f"{running}_alive", **GUIDES) == 0  # nobody holds the partition's lock
    busy = [value(samples, f"{running}_busy_ratio", **GUIDES, stage=stage) for stage in ("parse", "embed", "write")]
    queued = [value(samples, f"{running}_queue_chunks", **GUIDES, stage=stage) for stage in ("embed", "write")]
    assert (busy, queued) == ([0, 0.9, 0], [512, 9])
    assert value(samples, f"{running}_model_busy_ratio", **GUIDES) == 0.97
    assert value(samples, f"{running}_model_queue_texts", **GUIDES) == 128
    assert value(samples, f"{running}_idle_seconds", **GUIDES, stage="load") == pytest.approx(0, abs=30)


def test_the_last_audit_of_each_check_is_told(loaded: Loaded, exporter: Exporter):
    with loaded.store.connect() as connection:
        connection.execute("UPDATE document SET title = title || '!' WHERE title = 'Guide 1'")
    assert not validate(loaded.store).passed
    samples = exporter.scrape()
    assert value(samples, "doc_assets_check_passed", **GUIDES, check="checksums") == 0
    assert value(samples, "doc_assets_check_passed", **GUIDES, check="counts") == 1
    assert value(samples, "doc_assets_events_total", action="validate", result="failed") == 1


def test_a_role_that_sees_no_content_is_enough(loaded: Loaded):
    """So no scrape ever reads a table of content, however it is asked."""
    role = f"watcher_{urlsplit(loaded.store.url).path[1:]}"
    with loaded.store.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA doc_assets TO {}").format(sql.Identifier(role)))
        for table in SMALL_TABLES:
            connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(table), sql.Identifier(role)))
    watcher = Exporter(urlunsplit(urlsplit(loaded.store.url)._replace(netloc=f"{role}:@")))
    try:
        samples = watcher.scrape()
        assert value(samples, "doc_assets_up") == 1
        assert value(samples, "doc_assets_snapshot_documents", **GUIDES) == 3
        assert value(samples, "doc_assets_quarantine_files", **GUIDES) == 0
        assert value(samples, "doc_assets_dagster_visible") == 0
    finally:
        watcher.close()
        with loaded.store.connect() as connection:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_nothing_can_be_written_on_its_connection(loaded: Loaded, exporter: Exporter):
    exporter.scrape()
    connection = exporter.reader._connected()
    for statement in ("CREATE TABLE mark ()", "DELETE FROM progress"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), read_transaction(connection):
            connection.execute(statement)


def test_partitions_beyond_the_limit_are_counted_and_those_in_trouble_are_told(loaded: Loaded):
    with loaded.store.connect() as connection:
        connection.execute(
            "INSERT INTO partition (doc_type, key, source)"
            " SELECT 'rust', 'crate-' || n, 's' FROM generate_series(1, 9) n"
        )
        for number in range(1, 10):
            outcome = "failed" if number == 7 else "unchanged"
            (partition_id,) = connection.execute(
                "SELECT id FROM partition WHERE key = %s", (f"crate-{number}",)
            ).fetchall()[0]
            history.record(connection, "load", outcome, partition_id=partition_id)
    few = Exporter(loaded.store.url, partition_limit=2)
    try:
        samples = few.scrape()
        told = {dict(labels)["partition"] for (name, labels) in samples if name == "doc_assets_last_load_info"}
        assert len(told) == 2 and "crate-7" in told
        assert value(samples, "doc_assets_partitions") == 10
        assert value(samples, "doc_assets_partitions_left_out") == 8
    finally:
        few.close()


def test_while_the_database_is_away_it_says_so_and_afterwards_goes_on(gate: Gate):
    exporter = Exporter(gate.url)
    try:
        before = exporter.scrape()
        assert exporter.get("/readyz") == (200, "ready\n")
        gate.shut()
        away = exporter.scrape()
        assert value(away, "doc_assets_up") == 0
        assert not [name for name, _ in away if name.startswith("doc_assets_snapshot")]
        assert exporter.get("/healthz")[0] == 200
        assert exporter.get("/readyz")[0] == 503  # by the last look
        assert "PostgreSQL cannot be reached" in (exporter.server.why_not_ready(0.0) or "")
        gate.open()
        back = exporter.scrape()
        counted = {key: v for key, v in before.items() if key[0] == "doc_assets_events_total"}
        assert counted
        assert value(back, "doc_assets_up") == 1
        assert {key: back[key] for key in counted} == counted
        assert (value(back, "doc_assets_read_failures_total") or 0) >= 1
    finally:
        exporter.close()


def test_a_connection_that_hangs_is_told_of_in_time_and_given_up(gate: Gate):
    exporter = Exporter(gate.url)
    try:
        assert value(exporter.scrape(), "doc_assets_up") == 1
        gate.freeze()
        exporter.reader._deadline = 0.5
        assert value(exporter.scrape(), "doc_assets_up") == 0  # within what a client waits
        exporter.reader._deadline = 5.0
        for _ in range(20):  # the look that hung ends a moment after its connection was cut
            if value(exporter.scrape(), "doc_assets_up") == 1:
                break
        else:
            pytest.fail("no other connection is made")
    finally:
        exporter.close()


def test_it_is_ready_only_for_the_schema_that_it_knows(loaded: Loaded, exporter: Exporter):
    with loaded.store.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    samples = exporter.scrape()
    assert value(samples, "doc_assets_schema_current") == 0
    assert value(samples, "doc_assets_schema_info", revision="9999") == 1
    assert not [name for name, _ in samples if name.startswith("doc_assets_snapshot")]
    status, said = exporter.get("/readyz")
    assert status == 503 and "revision 9999" in said and "doc-assets db upgrade" in said


def test_other_paths_are_not_found_and_openmetrics_is_spoken(exporter: Exporter):
    assert exporter.get("/")[0] == 404
    for version in ("1.0.0", '"1.0.0"'):
        status, text = exporter.get("/metrics", {"Accept": f"application/openmetrics-text; version={version}"})
        assert status == 200 and text.endswith("# EOF\n")
    assert exporter.get("/metrics", {"Accept": "text/plain; version=new"})[0] == 200


def test_a_port_that_is_taken_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = rf"127\.0\.0\.1 port {port} \(Address already in use\): --port names another port"
        with pytest.raises(Misuse, match=said):
            ExporterServer("127.0.0.1", port, StoreReader("postgresql://"), Settings.from_environment({}))


def test_every_metric_is_named_by_the_rules_and_stands_in_the_manual():
    rows = re.findall(r"^\| `(doc_assets_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE)
    documented = {name: (kind, tuple(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in rows}
    assert len(documented) == len(rows)
    assert documented == {m.name: (m.kind, m.labels, m.meaning) for m in metrics.ALL}
    for metric in metrics.ALL:
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert not re.search(r"_(ms|milliseconds|minutes|percent|kb|mb)(_|$)", metric.name)


def test_as_a_process_it_is_small_and_ends_on_sigterm(loaded: Loaded):
    environment = {**os.environ, "DOC_ASSETS_DATABASE_URL": loaded.store.url, "DOC_ASSETS_LOG_FORMAT": "json"}
    command = [sys.executable, "-c", "from doc_assets.cli import main; main()"]
    with subprocess.Popen(
        [*command, "exporter", "--port", "0", "--host", "127.0.0.1"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            port = json.loads(process.stderr.readline())["message"].rpartition(" ")[2]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                text = answer.read().decode()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    (resident,) = re.findall(r"^process_resident_memory_bytes (\S+)", text, re.MULTILINE)
    assert float(resident) < 100e6
    assert re.search(r"^doc_assets_up 1\.0$", text, re.MULTILINE)
