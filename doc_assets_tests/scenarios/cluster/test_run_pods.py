"""Every way to start a run ends in the Job that the manifests promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from dagster._cli.job import execute_launch_command
from dagster_shared.cli import WorkspaceOpts

from doc_assets.dagster.coordinator import CONFIG_TAG, PARTITION_TAG, PROFILE_TAG
from doc_assets.dagster.pod_resources import RunPods
from doc_assets_tests.support.cluster.instance import IMAGE, Cluster, cluster_of
from doc_assets_tests.support.databases import new_database

LAUNCH = """
mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
BACKFILL = """
mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""
WRITABLE = {"/tmp", "/dev/shm", "/var/lib/doc-assets"}  # noqa: S108 - mounts of the pod, nothing is opened
REPOSITORY = {"repositoryLocationName": "doc_assets", "repositoryName": "__repository__"}


@pytest.fixture(scope="module")
def shared_cluster(
    server_url: str, template_with_records: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    with (
        new_database(server_url, template=template_with_records) as url,
        pytest.MonkeyPatch.context() as patch,
        cluster_of(tmp_path_factory.mktemp("cluster"), url, patch) as cluster,
    ):
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    yield shared_cluster
    shared_cluster.finish_all()


def launch(cluster: Cluster, job: str, tags: dict[str, str] | None = None, **selection: Any) -> str:
    """As the UI's launch button."""
    execution = {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
    params = {
        "selector": {**REPOSITORY, "pipelineName": job, **selection},
        "mode": "default",
        "runConfigData": {},
        "executionMetadata": execution,
    }
    answer = cluster.ask(LAUNCH, params=params)["launchPipelineExecution"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return answer["run"]["runId"]


def materialize(cluster: Cluster, doc_type: str, partition: str, tags: dict[str, str] | None = None) -> str:
    """As the button of an asset's page."""
    tags = {"dagster/partition": partition, **(tags or {})}
    return launch(cluster, "__ASSET_JOB", tags, assetSelection=[{"path": [doc_type]}])


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def test_a_run_from_an_assets_page_gets_labels_and_resources_of_its_type(cluster: Cluster) -> None:
    run_id = materialize(cluster, "rust", "std.2")
    (job,) = cluster.dequeue()
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert metadata["labels"]["doc-assets/type"] == "rust"
        assert metadata["labels"]["doc-assets/partition"] == "std.2"
        assert metadata["labels"]["doc-assets/run"] == run_id
        assert metadata["labels"]["app.kubernetes.io/name"] == "doc-assets"
        assert metadata["labels"]["app.kubernetes.io/component"] == "run"
        assert metadata["annotations"]["doc-assets/partition"] == "rust/std.2"
    assert container(job)["resources"] == {
        "requests": {"cpu": "1", "memory": "3Gi", "ephemeral-storage": "1Gi"},
        "limits": {"cpu": "2", "memory": "6Gi", "ephemeral-storage": "10Gi"},
    }


def test_a_job_has_its_limits_its_end_and_no_rights(cluster: Cluster) -> None:
    launch(cluster, "migrate_ebpf", {"dagster/partition": "guides"})
    (job,) = cluster.dequeue()
    spec, pod, main = job["spec"], job["spec"]["template"]["spec"], container(job)
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 86400)
    assert spec["activeDeadlineSeconds"] > cluster.instance.run_monitoring_max_runtime_seconds
    assert cluster.instance.run_monitoring_cancel_timeout_seconds > pod["terminationGracePeriodSeconds"] == 120
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("doc-assets-run", False)
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert main["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert set(main["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
    mounts = {mount["mountPath"]: mount["name"] for mount in main["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {path for path, name in mounts.items() if "emptyDir" in volumes[name]} == WRITABLE
    assert all(volumes[mounts[path]]["emptyDir"]["sizeLimit"] for path in WRITABLE)
    (in_memory,) = (path for path in WRITABLE if volumes[mounts[path]]["emptyDir"].get("medium") == "Memory")
    assert in_memory.endswith("shm")
    sources = {"configMapRef": {"name": "doc-assets-environment"}}, {"secretRef": {"name": "doc-assets-database"}}
    assert main["envFrom"][:2] == list(sources)
    assert main["args"][:3] == ["dagster", "api", "execute_run"]
    assert '"set_exit_code_on_failure": true' in main["args"][-1]  # else the pod of a failed run ends with 0


def test_a_run_starts_from_the_image_of_its_code_location(cluster: Cluster) -> None:
    """So a digest that is given once, in the overlay, is what every run pod runs."""
    materialize(cluster, "ebpf", "guides")
    (job,) = cluster.dequeue()
    assert container(job)["image"] == IMAGE
    assert container(job)["imagePullPolicy"] == "IfNotPresent"


def test_a_profile_puts_a_run_on_a_gpu(cluster: Cluster) -> None:
    materialize(cluster, "rust", "alloc", {PROFILE_TAG: "gpu"})
    (job,) = cluster.dequeue()
    pod, main = job["spec"]["template"]["spec"], container(job)
    assert main["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert main["resources"]["limits"]["memory"] == "12Gi"  # the profile's before the type's
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["tolerations"]
    assert {"name": "DOC_ASSETS_EMBEDDING_BACKEND", "value": "torch"} in main["env"]


def test_an_unknown_profile_fails_the_run_with_the_names_of_those_there_are(cluster: Cluster) -> None:
    with pytest.raises(AssertionError, match=r"no profile 'gpuu' for run pods; those there are: gpu"):
        materialize(cluster, "rust", "alloc", {PROFILE_TAG: "gpuu"})
    (run,) = cluster.instance.get_runs(limit=1)
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/will_retry"] == "false"
    assert cluster.dequeue() == []


def test_what_a_user_puts_into_the_tag_wins_and_the_rest_stays(cluster: Cluster) -> None:
    own = {"container_config": {"resources": {"limits": {"memory": "20Gi"}}}, "pod_spec_config": {"nodeName": "big"}}
    materialize(cluster, "rust", "alloc", {CONFIG_TAG: json.dumps(own)})
    (job,) = cluster.dequeue()
    assert container(job)["resources"]["limits"] == {"cpu": "2", "memory": "20Gi", "ephemeral-storage": "10Gi"}
    assert container(job)["resources"]["requests"]["memory"] == "3Gi"
    assert job["spec"]["template"]["spec"]["nodeName"] == "big"
    assert job["metadata"]["labels"]["doc-assets/type"] == "rust"


def test_a_retry_keeps_the_users_part_and_renews_ours(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry takes over its parent's tags; our part may have been mended since, and names the parent."""
    own = {"container_config": {"resources": {"limits": {"memory": "20Gi"}}}}
    first = materialize(cluster, "rust", "alloc", {CONFIG_TAG: json.dumps(own)})
    cluster.dequeue()
    mended = RunPods.parse("types: {rust: {limits: {memory: 7Gi, cpu: 3}}}")
    monkeypatch.setattr(cluster.instance.run_coordinator, "_pods", mended)
    cluster.instance.report_run_failed(cluster.run(first), "the pod is gone")
    second = cluster.retry(first)
    assert second is not None
    (job,) = cluster.dequeue()
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["doc-assets/run"] == second.run_id == job["metadata"]["name"].removeprefix("dagster-run-")
    assert container(job)["resources"]["limits"] == {"cpu": "3", "memory": "20Gi", "ephemeral-storage": "10Gi"}
    cluster.instance.report_run_failed(second, "gone again")
    third = cluster.retry(second.run_id)
    assert third is not None
    assert json.loads(third.tags[CONFIG_TAG])["container_config"]["resources"]["limits"]["memory"] == "20Gi"


@pytest.mark.parametrize("page", ["asset", "job"])
def test_a_backfill_becomes_one_job_per_partition_within_the_limit_heaviest_first(cluster: Cluster, page: str) -> None:
    params: dict[str, Any] = {"partitionNames": ["alloc", "std.1", "std.2"]}
    if page == "asset":
        params["assetSelection"] = [{"path": ["rust"]}]
    else:
        params["selector"] = {
            "partitionSetName": "migrate_rust_partition_set",
            "repositorySelector": REPOSITORY,
        }
    answer = cluster.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    cluster.backfill(iterations=4)
    jobs = cluster.dequeue()
    assert cluster.dequeue() == [], "DOC_ASSETS_MAX_CONCURRENT_RUNS is 2"
    for job in jobs:
        cluster.instance.report_run_canceled(cluster.run_of(job))
    jobs += cluster.dequeue()
    assert [job["metadata"]["labels"]["doc-assets/partition"] for job in jobs] == ["std.1", "std.2", "alloc"]
    assert {job["metadata"]["labels"]["doc-assets/type"] for job in jobs} == {"rust"}
    assert {container(job)["resources"]["limits"]["memory"] for job in jobs} == {"6Gi"}


def test_a_second_load_of_a_partition_waits_for_the_first(cluster: Cluster) -> None:
    first = materialize(cluster, "ebpf", "guides")
    assert len(cluster.dequeue()) == 1
    second = launch(cluster, "migrate_ebpf", {"dagster/partition": "guides"})
    assert cluster.dequeue() == []
    assert cluster.run(second).status == dg.DagsterRunStatus.QUEUED
    cluster.instance.report_run_canceled(cluster.run(first))
    assert len(cluster.dequeue()) == 1


def test_an_audit_does_not_wait_for_a_load(cluster: Cluster) -> None:
    materialize(cluster, "ebpf", "guides")
    run_id = launch(cluster, "validate_ebpf", {"dagster/partition": "guides"})
    assert len(cluster.dequeue()) == 2
    assert PARTITION_TAG not in cluster.run(run_id).tags


def owners_database(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The Secrets that the database's URL is taken from one by one, which goes before those that are taken whole."""
    named = [entry for entry in container(job)["env"] if entry["name"] == "DOC_ASSETS_DATABASE_URL"]
    return [entry["valueFrom"]["secretKeyRef"] for entry in named]


def test_the_checks_of_an_assets_page_and_gc_are_jobs_too(cluster: Cluster) -> None:
    check = {"assetKey": {"path": ["rust"]}, "name": "counts"}
    launch(cluster, "__ASSET_JOB", assetSelection=[], assetCheckSelection=[check])
    launch(cluster, "gc")
    of_checks, of_gc = cluster.dequeue()
    assert of_checks["metadata"]["labels"]["doc-assets/type"] == "rust"
    assert "doc-assets/partition" not in of_checks["metadata"]["labels"]
    assert container(of_checks)["resources"]["limits"]["memory"] == "6Gi"
    assert "doc-assets/type" not in of_gc["metadata"]["labels"]
    assert container(of_gc)["resources"]["limits"]["memory"] == "4Gi"
    assert owners_database(of_checks) == []
    (given,) = owners_database(of_gc)  # only the owner may drop content; without the Secret it tries as the loader
    assert given["name"] == "doc-assets-database-owner" and given["optional"]


def test_a_night_becomes_one_job_per_partition_that_was_never_loaded(cluster: Cluster) -> None:
    """The schedules run although nobody has started them: DOC_ASSETS_SCHEDULES is on in the overlays."""
    cluster.tick(datetime(2030, 1, 7, 1, 59, tzinfo=UTC))  # a Monday
    cluster.tick(datetime(2030, 1, 7, 2, 1, tzinfo=UTC))
    runs = cluster.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
    assert {run.tags["dagster/schedule_name"] for run in runs} == {"migrate_rust_nightly", "migrate_ebpf_nightly"}
    assert sorted(run.tags[PARTITION_TAG] for run in runs) == [
        "ebpf/guides", "rust/alloc", "rust/std.1", "rust/std.2", "rust/std.3",
    ]  # fmt: skip
    jobs = cluster.dequeue()
    assert len(jobs) == 2
    assert all(job["metadata"]["labels"]["doc-assets/type"] in ("rust", "ebpf") for job in jobs)


def test_a_launch_from_the_shell_becomes_a_job(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """``dagster job launch``, with the workspace at hand in place of the one that it would connect to."""

    @contextmanager
    def workspace(*_: object, **__: object) -> Iterator[object]:
        yield cluster.workspace.create_request_context()

    monkeypatch.setattr("dagster._cli.job.get_workspace_from_cli_opts", workspace)
    execute_launch_command(
        instance=cluster.instance,
        workspace_opts=WorkspaceOpts(),
        tags='{"dagster/partition": "std.1"}',
        job_name="migrate_rust",
    )
    (job,) = cluster.dequeue()
    assert job["metadata"]["annotations"]["doc-assets/partition"] == "rust/std.1"
    assert container(job)["resources"]["limits"]["memory"] == "6Gi"
