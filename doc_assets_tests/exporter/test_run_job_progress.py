"""Progress stands on a Job while it moves and when it ends, and nothing fails because it could not be written."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from doc_assets.exporter.run_job_progress import RunJobs
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.job_progress import job_annotations
from doc_assets.job_progress.api import ClusterError, JobApi
from doc_assets.job_progress.own_job import job_progress
from doc_assets.runtime.progress import Progress
from doc_assets.settings import ClusterSettings
from doc_assets.store.history import history, progress
from doc_assets.store.partitions.partitions import partition_lock
from doc_assets_tests.support.exporter import Loaded
from doc_assets_tests.support.jobs_api import LABEL, Cluster, cluster_in

HALF = Progress(files_total=10, files_done=5, work_total=200, work_done=100, documents=5, tokens_done=50, seconds=10.0)
ALL_OF_IT = Progress(files_total=10, files_done=10, work_total=200, work_done=200, documents=10, seconds=20.0)


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


def wait_until(holds) -> None:
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.01)
    pytest.fail("it never came to that")


def test_a_plain_job_shows_its_own_progress_and_its_end(cluster: Cluster):
    cluster.add("doc-assets-migrate")
    with job_progress(cluster.settings("doc-assets-migrate"), every=0.01) as job:
        job.tell(HALF)
        wait_until(lambda: cluster.written("doc-assets-migrate")[0] == "50.0")
        job.tell(ALL_OF_IT)
        wait_until(lambda: cluster.written("doc-assets-migrate")[0] == "99.9")  # not done before it is
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "100" and (said or "").startswith("done 100 % ")


@pytest.mark.parametrize(
    ("error", "told"), [(typer.Exit(1), "ended with exit code 1"), (OSError("disk full"), "ended by disk full")]
)
def test_a_plain_job_that_fails_is_not_at_100(cluster: Cluster, error, told):
    cluster.add("doc-assets-migrate")
    with pytest.raises(type(error)), job_progress(cluster.settings("doc-assets-migrate")) as job:
        job.tell(ALL_OF_IT)
        raise error
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "99.9" and (said or "").startswith(told)


def test_what_was_not_loaded_keeps_a_plain_job_from_100(cluster: Cluster):
    cluster.add("doc-assets-migrate")
    with job_progress(cluster.settings("doc-assets-migrate")) as job:
        job.tell(ALL_OF_IT)
        job.undone("1 of 3 partitions not loaded")
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "99.9" and (said or "").startswith("1 of 3 partitions not loaded")


def test_the_pods_of_an_indexed_job_add_up(cluster: Cluster):
    cluster.add("doc-assets-migrate-indexed", completions=4)
    pods = [cluster.settings("doc-assets-migrate-indexed", index) for index in range(4)]
    with job_progress(pods[0]) as first:
        first.tell(HALF)
    # One of four is done with half of what it was to do, and the others have as much before them.
    percent, said = cluster.written("doc-assets-migrate-indexed")
    assert percent == "12.5" and (said or "").startswith("1 of 4 pods done")
    for pod in pods[1:]:
        with job_progress(pod) as job:
            job.tell(ALL_OF_IT)
    percent, said = cluster.written("doc-assets-migrate-indexed")
    assert percent == "100" and (said or "").startswith("4 of 4 pods done 100 % ")
    own = json.loads(cluster.jobs["doc-assets-migrate-indexed"]["metadata"]["annotations"]["doc-assets/progress-2"])
    assert own["work_done"] == 200 and own["done"]


def test_a_job_that_may_not_be_written_on_stops_no_work(cluster: Cluster, caplog):
    cluster.refuse = 403
    worked = False
    with caplog.at_level(logging.WARNING), job_progress(cluster.settings("doc-assets-migrate"), every=0.01) as job:
        for share in range(20):
            job.tell(Progress(work_total=20, work_done=share, seconds=1.0))
            wait_until(lambda: len(cluster.asked) > share / 4)  # noqa: B023 - asked at once
        worked = True
    assert worked and len(caplog.records) == 1


def test_outside_of_a_job_nothing_is_asked(cluster: Cluster):
    with job_progress(cluster.settings(None)) as job:
        job.tell(HALF)
    assert not job.writes and cluster.asked == []


def test_where_it_runs_is_read_from_what_kubernetes_sets(tmp_path: Path):
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "JOB_COMPLETION_INDEX": "3"}
    assert ClusterSettings.from_environment(pod, tmp_path).api is None  # a pod without a token
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("docs\n")
    found = ClusterSettings.from_environment({**pod, "DOC_ASSETS_KUBERNETES_JOB": "migrate"}, tmp_path)
    assert (found.api, found.namespace, found.job, found.index) == ("https://10.0.0.1:443", "docs", "migrate", 3)
    six = ClusterSettings.from_environment({**pod, "KUBERNETES_SERVICE_HOST": "fd00::1"}, tmp_path)
    assert six.api == "https://[fd00::1]:443"
    assert ClusterSettings.from_environment({}, tmp_path).api is None


def test_an_api_out_of_reach_is_an_error_with_what_was_asked(cluster: Cluster):
    api = JobApi(ClusterSettings("http://127.0.0.1:1", "doc-assets", cluster.folder))
    with pytest.raises(ClusterError, match=r"did not answer to GET .*/namespaces/doc-assets/jobs"):
        api.jobs("x")


def test_every_percentage_is_a_label_and_100_is_kept_for_the_end():
    for done in (0, 1, 333, 999, 1000):
        percent = job_annotations.percent(Progress(work_total=1000, work_done=done))
        assert LABEL.fullmatch(percent) and percent != job_annotations.DONE
    assert len(job_annotations.cut("x" * 2000)) <= 500
