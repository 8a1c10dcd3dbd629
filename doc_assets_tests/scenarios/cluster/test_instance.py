"""The dagster.yaml of the manifests, as the pods of web server and daemon load it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import kubernetes
import pytest
import yaml
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster_k8s import K8sRunLauncher

from doc_assets.dagster.coordinator import DocAssetsRunCoordinator
from doc_assets.dagster.pod_resources import RunPods
from doc_assets.dagster.storage import DocAssetsStorage
from doc_assets.errors import ConfigurationError
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.cluster.instance import BASE, NAMESPACE, environment, reference
from doc_assets_tests.support.databases import new_database


@pytest.fixture(scope="module")
def records_url(server_url: str) -> Iterator[str]:
    """A database in which Dagster makes its tables once: 0.8 s of CPU."""
    with new_database(server_url) as url:
        yield url


@pytest.fixture(autouse=True)
def pod(records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a pod of the web server."""
    for name, value in environment(records_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kubernetes.config, "load_incluster_config", lambda: None)


def test_the_instance_of_the_manifests_loads(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_ref(reference(tmp_path)) as instance:
        storage = instance.get_ref().storage_data
        assert storage is not None
        assert isinstance(storage.rehydrate(), DocAssetsStorage)
        assert type(instance.run_launcher) is K8sRunLauncher
        assert instance.run_launcher.job_namespace == NAMESPACE
        assert isinstance(instance.run_coordinator, DocAssetsRunCoordinator)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 2
        assert {"key": "doc_assets/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in (
            queue.tag_concurrency_limits
        )
        assert instance.run_monitoring_enabled
        assert instance.run_retries_max_retries == 2
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled


def test_a_resumed_run_would_be_a_second_worker_so_none_is(tmp_path: Path) -> None:
    """With attempts to resume, a 403 of the Kubernetes API would start a worker beside the living one."""
    with dg.DagsterInstance.from_ref(reference(tmp_path)) as instance:
        assert instance.run_monitoring_max_resume_run_attempts == 0


def test_a_run_pod_needs_neither_token_nor_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its instance is a copy of the daemon's; building the launcher there would fail for want of a token."""

    def refuse() -> None:
        raise AssertionError("the API server was asked for")

    monkeypatch.setattr(kubernetes.config, "load_incluster_config", refuse)

    @dg.job
    def nothing() -> None:
        @dg.op
        def step() -> None:
            pass

        step()

    with dg.DagsterInstance.from_ref(reference(tmp_path)) as instance:
        assert nothing.execute_in_process(instance=instance).success


def test_the_ui_shows_the_command_that_reads_a_runs_log(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_ref(reference(tmp_path)) as instance:
        logs = instance.compute_log_manager
        assert isinstance(logs, ComputeLogManager)
        with logs.capture_logs(["5f0e", "compute_logs", "step"]) as context:
            assert context.shell_cmd is not None
            assert context.shell_cmd.stdout == f"kubectl --namespace {NAMESPACE} logs job/dagster-run-5f0e"


@pytest.mark.parametrize(
    "missing",
    ["DOC_ASSETS_DATABASE_URL", "DOC_ASSETS_MAX_CONCURRENT_RUNS", "DOC_ASSETS_RUN_PODS", "DOC_ASSETS_NAMESPACE"],
)
def test_what_the_environment_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    with (
        pytest.raises(dg.DagsterInvalidConfigError, match=f'environment variable "{missing}" which is not set'),
        dg.DagsterInstance.from_ref(reference(tmp_path)) as instance,
    ):
        assert instance.run_coordinator
        assert instance.run_launcher


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("types: {rust: {limits: {memory: 6 GB}}}", r"types\.rust\.limits\.memory"),
        ("profiles: {gpu: {node: big}}", r"profiles\.gpu\.node: Extra inputs are not permitted"),
        ("default: [1", "are not YAML"),
    ],
)
def test_wrong_settings_of_run_pods_are_refused_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, sentence: str
) -> None:
    monkeypatch.setenv("DOC_ASSETS_RUN_PODS", wrong)
    with (
        dg.DagsterInstance.from_ref(reference(tmp_path)) as instance,
        pytest.raises(ConfigurationError, match=sentence),
    ):
        assert instance.run_coordinator


def test_the_settings_of_run_pods_of_every_overlay_can_be_read() -> None:
    files = [BASE / "run-pods.yaml", *(ROOT / "k8s" / "overlays").glob("*/run-pods.yaml")]
    assert len(files) >= 2
    for file in files:
        assert isinstance(RunPods.parse(file.read_text()), RunPods)


def test_web_server_and_daemon_know_their_namespace() -> None:
    """dagster.yaml takes it from there, so that the manifests work in any namespace."""
    for name in ("webserver", "daemon"):
        documents = yaml.safe_load_all((BASE / f"{name}.yaml").read_text())
        (deployment,) = (document for document in documents if document["kind"] == "Deployment")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        given = {entry["name"]: entry for entry in container["env"]}
        assert given["DOC_ASSETS_NAMESPACE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"
