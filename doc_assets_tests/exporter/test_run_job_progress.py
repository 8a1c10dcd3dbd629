"""Progress stands on the Job of a run while it moves and when it ends; what cannot be written is tried again."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets.exporter.run_job_progress import RunJobs
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.job_progress.api import JobApi
from doc_assets.store.history import history, progress
from doc_assets.store.partitions.partitions import partition_lock
from doc_assets_tests.support.exporter import Loaded
from doc_assets_tests.support.jobs_api import Cluster, cluster_in, wait_until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with cluster_in(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def run_jobs(cluster: Cluster, loaded: Loaded) -> Iterator[RunJobs]:
    reader = StoreReader(loaded.store.url, fresh=0.0)
    yield RunJobs(JobApi(cluster.settings()), reader)
    reader.close()


def write_progress(loaded: Loaded, run: str, done: int) -> None:
    figures = dict.fromkeys(("files_total", "bytes_total", "bytes_done", "tokens_done", "documents"), 10)
    rest = {"snapshot_id": None, "stage": "load", "files_done": done, "chunks": 1, "embedded": 1}
    with loaded.store.connect() as connection:
        progress.write_progress(connection, 1, run, {**figures, **rest, "work_total": 100, "work_done": done})


def test_a_run_s_job_shows_how_far_it_is_and_how_it_ended(cluster: Cluster, loaded: Loaded, run_jobs: RunJobs):
    cluster.add("dagster-run-1", run="run-1")
    cluster.add("dagster-run-2", run="run-2")
    write_progress(loaded, "run-1", 40)
    with loaded.store.connect() as connection, partition_lock(connection, 1, "best_practices/guides"):
        run_jobs.write_all()
    percent, said = cluster.written("dagster-run-1")
    assert percent == "40.0" and said is not None and said.startswith("load 40.0 % · 40/10 files · 10 documents")
    assert cluster.written("dagster-run-2") == (None, None)

    with loaded.store.connect() as connection:
        connection.execute("DELETE FROM progress")
        history.record(connection, "load", "published", partition_id=1, run_id="run-1")
        history.record(connection, "load", "failed", partition_id=1, run_id="run-2", error="the source is gone")
    run_jobs.write_all()
    percent, said = cluster.written("dagster-run-1")
    assert percent == "100" and re.fullmatch(r"ended \S+ \S+ UTC, load published", said or "")
    percent, said = cluster.written("dagster-run-2")
    assert percent is None and (said or "").endswith("load failed: the source is gone")

    patches = cluster.patches()
    run_jobs.write_all()
    assert cluster.patches() == patches  # what stands there is not written again


def test_a_load_that_hangs_or_is_gone_is_said_once(cluster: Cluster, loaded: Loaded, run_jobs: RunJobs):
    cluster.add("dagster-run-1", run="run-1")
    write_progress(loaded, "run-1", 40)
    with loaded.store.connect() as connection, partition_lock(connection, 1, "best_practices/guides"):
        connection.execute("UPDATE progress SET updated_at = now() - interval '11 minutes'")
        for _ in range(2):
            run_jobs.write_all()
            assert "load, no sign of life since" in (cluster.written("dagster-run-1")[1] or "")
    for _ in range(2):
        run_jobs.write_all()
        assert "its process is gone" in (cluster.written("dagster-run-1")[1] or "")
    assert cluster.patches() == 2


def test_an_api_that_refuses_is_logged_once_and_tried_again(cluster, loaded, run_jobs, caplog):
    cluster.add("dagster-run-1", run="run-1")
    write_progress(loaded, "run-1", 40)
    cluster.refuse = 403
    stop = threading.Event()
    thread = threading.Thread(target=run_jobs.run, args=(stop, 0.01))
    with caplog.at_level(logging.WARNING):
        thread.start()
        wait_until(lambda: run_jobs.failures >= 3)
        cluster.refuse = 0
        wait_until(lambda: cluster.written("dagster-run-1")[0] == "40.0")
        stop.set()
        thread.join()
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "403" in line and "forbidden" in line]) == 1
