"""A plain Job shows its progress while it works and when it ends, and no work stops because it could not be written."""

from __future__ import annotations

import json
import logging

import pytest
import typer

from doc_assets.job_progress.own_job import job_progress
from doc_assets.runtime.progress import Progress
from doc_assets_tests.support.jobs_api import Cluster, wait_until

HALF = Progress(files_total=10, files_done=5, work_total=200, work_done=100, documents=5, tokens_done=50, seconds=10.0)
ALL_OF_IT = Progress(files_total=10, files_done=10, work_total=200, work_done=200, documents=10, seconds=20.0)


def test_a_plain_job_shows_its_own_progress_and_its_end(cluster: Cluster):
    cluster.add("doc-assets-migrate")
    with job_progress(cluster.settings("doc-assets-migrate"), every=0.01) as job:
        job.update(HALF)
        wait_until(lambda: cluster.written("doc-assets-migrate")[0] == "50.0")
        job.update(ALL_OF_IT)
        wait_until(lambda: cluster.written("doc-assets-migrate")[0] == "99.9")  # not done before it is
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "100" and (said or "").startswith("done 100 % ")


@pytest.mark.parametrize(
    ("error", "told"), [(typer.Exit(1), "ended with exit code 1"), (OSError("disk full"), "ended by disk full")]
)
def test_a_plain_job_that_fails_is_not_at_100(cluster: Cluster, error, told):
    cluster.add("doc-assets-migrate")
    with pytest.raises(type(error)), job_progress(cluster.settings("doc-assets-migrate")) as job:
        job.update(ALL_OF_IT)
        raise error
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "99.9" and (said or "").startswith(told)


def test_what_was_not_loaded_keeps_a_plain_job_from_100(cluster: Cluster):
    cluster.add("doc-assets-migrate")
    with job_progress(cluster.settings("doc-assets-migrate")) as job:
        job.update(ALL_OF_IT)
        job.report_incomplete("1 of 3 partitions not loaded")
    percent, said = cluster.written("doc-assets-migrate")
    assert percent == "99.9" and (said or "").startswith("1 of 3 partitions not loaded")


def test_the_pods_of_an_indexed_job_add_up(cluster: Cluster):
    cluster.add("doc-assets-migrate-indexed", completions=4)
    pods = [cluster.settings("doc-assets-migrate-indexed", index) for index in range(4)]
    with job_progress(pods[0]) as first:
        first.update(HALF)
    # One of four is done with half of what it was to do, and the others have as much before them.
    percent, said = cluster.written("doc-assets-migrate-indexed")
    assert percent == "12.5" and (said or "").startswith("1 of 4 pods done")
    for pod in pods[1:]:
        with job_progress(pod) as job:
            job.update(ALL_OF_IT)
    percent, said = cluster.written("doc-assets-migrate-indexed")
    assert percent == "100" and (said or "").startswith("4 of 4 pods done 100 % ")
    own = json.loads(cluster.jobs["doc-assets-migrate-indexed"]["metadata"]["annotations"]["doc-assets/progress-2"])
    assert own["work_done"] == 200 and own["done"]


def test_a_job_that_may_not_be_written_on_stops_no_work(cluster: Cluster, caplog):
    cluster.refuse = 403
    worked = False
    with caplog.at_level(logging.WARNING), job_progress(cluster.settings("doc-assets-migrate"), every=0.01) as job:
        for share in range(20):
            job.update(Progress(work_total=20, work_done=share, seconds=1.0))
            wait_until(lambda: len(cluster.asked) > share / 4)  # noqa: B023 - asked at once
        worked = True
    assert worked and len(caplog.records) == 1


def test_outside_of_a_job_nothing_is_asked(cluster: Cluster):
    with job_progress(cluster.settings(None)) as job:
        job.update(HALF)
    assert not job.writes and cluster.asked == []
