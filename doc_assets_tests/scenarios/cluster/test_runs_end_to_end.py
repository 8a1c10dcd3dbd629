"""Runs that go well: queued, launched as Jobs by K8sRunLauncher, carried out by pods, published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doc_assets_tests.support.apiserver import Json
from doc_assets_tests.support.cluster.catalogues import catalogue_of, page
from doc_assets_tests.support.cluster.deployment import Cluster, cluster_of, job_name
from doc_assets_tests.support.databases import new_database

TYPES = {"rust": {"tokio": 4}, "ebpf": {"aya": 3, "bcc": 3, "cilium": 3}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def cluster(server_url: str, template_with_records: str, folder: Path) -> Iterator[Cluster]:
    with (
        new_database(server_url, template=template_with_records) as url,
        cluster_of(folder, url, catalogue_of(folder, TYPES)) as cluster,
    ):
        yield cluster
        assert [access for access in cluster.server.authorizer.record if not access.allowed] == []


def labels(found: Json) -> dict[str, str]:
    """Those of the project."""
    return {key: value for key, value in found["metadata"]["labels"].items() if key.startswith("doc-assets/")}


def test_a_run_is_a_job_that_loads_and_publishes(cluster: Cluster) -> None:
    run_id = cluster.launch("rust/tokio")
    assert cluster.status(run_id) == "QUEUED"
    cluster.dequeue()
    assert cluster.finished(run_id) == "SUCCESS", cluster.server.logs()
    job = cluster.job_of(run_id)
    assert [condition["type"] for condition in job["status"]["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert cluster.live("rust/tokio") == 4
    (pod,) = cluster.server.pods(job_name(run_id))
    expected = {"doc-assets/run": run_id, "doc-assets/type": "rust", "doc-assets/partition": "tokio"}
    assert labels(job) == expected
    assert expected.items() <= labels(pod).items()
    assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "run"
    launcher = cluster.instance.run_launcher
    told = launcher.get_run_worker_debug_info(cluster.run(run_id))
    assert told is not None
    assert "Terminated with exit code 0: Completed" in told
    assert run_id in told  # the pod's log, read through the API


@pytest.fixture(scope="module")
def backfilled(cluster: Cluster) -> list[int]:
    """How many Jobs were active at once while the daemon worked a backfill of three partitions off."""
    params = {
        "selector": {"partitionSetName": "migrate_ebpf_partition_set", "repositorySelector": cluster.repository},
        "partitionNames": list(TYPES["ebpf"]),
    }
    answer = cluster.ask(_BACKFILL, params=params)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    cluster.backfill()
    active = []
    with cluster.endpoint.holding(0):
        for _ in range(2):
            cluster.dequeue()
            active.append(sum(job["status"].get("active", 0) for job in unfinished(cluster)))
        cluster.endpoint.until_held()
    finish_all(cluster)
    cluster.dequeue()
    active.append(len(unfinished(cluster)))
    finish_all(cluster)
    return active


_BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


def unfinished(cluster: Cluster) -> list[Json]:
    """Jobs with neither Complete nor Failed; those just made are counted as active by then."""
    found = [job for job in cluster.server.jobs() if not job["status"].get("conditions")]
    for job in found:
        name = job["metadata"]["name"]
        cluster.server.until(lambda name=name: "active" in cluster.server.job(name)["status"], f"a pod of {name}")
    return [cluster.server.job(job["metadata"]["name"]) for job in found]


def finish_all(cluster: Cluster) -> None:
    """Waits until every Job that is there has ended."""
    for job in cluster.server.jobs():
        cluster.server.finished_job(job["metadata"]["name"])


def test_a_backfill_never_has_more_jobs_than_it_may_and_all_succeed(cluster: Cluster, backfilled: list[int]) -> None:
    assert backfilled == [2, 2, 1]
    runs = [run for run in cluster.instance.get_runs() if "dagster/backfill" in run.tags]
    assert [run.status.value for run in runs] == ["SUCCESS"] * 3, cluster.server.logs()
    assert [cluster.live(f"ebpf/{name}") for name in TYPES["ebpf"]] == [3, 3, 3]


@pytest.mark.usefixtures("backfilled")
def test_a_night_loads_what_changed_and_nothing_else(cluster: Cluster, folder: Path) -> None:
    cluster.start_schedule("migrate_ebpf_nightly")
    night = datetime.now(UTC).replace(hour=2, minute=1) + timedelta(days=1)
    before = set(cluster.run_ids())
    cluster.tick(night)
    assert set(cluster.run_ids()) == before
    (folder / "bcc" / "page-001.md").write_text(page("bcc", 1, "Since the last release, twice as fast."))
    cluster.tick(night + timedelta(days=1))
    (run_id,) = set(cluster.run_ids()) - before
    cluster.dequeue()
    assert cluster.finished(run_id) == "SUCCESS", cluster.server.logs()
    assert labels(cluster.job_of(run_id))["doc-assets/partition"] == "bcc"
    assert cluster.run(run_id).tags["dagster/schedule_name"] == "migrate_ebpf_nightly"
    assert cluster.endpoint.texts[-1].endswith("twice as fast.")
    cluster.tick(night + timedelta(days=2))
    assert set(cluster.run_ids()) == before | {run_id}
