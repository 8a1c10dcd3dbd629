"""The Jobs for clusters without Dagster: each file is enough by itself, and harms nothing when applied as it stands."""

from __future__ import annotations

import copy

import pytest
import yaml

from doc_assets.catalogue.model import CatalogueFile
from doc_assets_tests.support.manifests import policies, schemas
from doc_assets_tests.support.manifests.configurations import K8S, PLAIN
from doc_assets_tests.support.manifests.network import Address, allowed
from doc_assets_tests.support.manifests.policies import RULES, Rule
from doc_assets_tests.support.manifests.rendering import Manifest, identity, load
from doc_assets_tests.support.manifests.workloads import Pod, named, of_kind, template_pods

FILES = {
    "migration-job.yaml": "doc-assets-migrate",
    "migration-job-indexed.yaml": "doc-assets-migrate-indexed",
    "rollback-job.yaml": "doc-assets-rollback",
    "validate-job.yaml": "doc-assets-validate",
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def manifests(file: str) -> list[Manifest]:
    """What is in one file, and nothing else: not what the rest of the cluster has."""
    return load(K8S / file)


def job_of(manifests: list[Manifest]) -> Manifest:
    (job,) = of_kind(manifests, "Job")
    return job


def pod_of(manifests: list[Manifest]) -> Pod:
    (pod,) = template_pods(manifests)
    return pod


def variables_of(pod: Pod) -> dict[str, object]:
    (container,) = pod.containers
    return {variable["name"]: variable.get("value") or variable["valueFrom"] for variable in container["env"]}


def test_these_are_all_the_plain_files() -> None:
    assert [path.name for path in PLAIN] == sorted(FILES)


def test_every_object_is_valid_in_kubernetes_1_36(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        assert schemas.problems(manifest) == [], identity(manifest)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_file_alone_keeps(rule: Rule, manifests: list[Manifest]) -> None:
    assert list(rule(manifests)) == []


def test_the_job_of_a_file_is_the_one_it_has_rights_on(file: str, manifests: list[Manifest]) -> None:
    assert job_of(manifests)["metadata"]["name"] == FILES[file]
    assert set(FILES.values()) == policies.OWN_JOBS
    assert variables_of(pod_of(manifests))["DOC_ASSETS_KUBERNETES_JOB"] == {
        "fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}
    }


def test_what_files_share_is_the_same_in_all_of_them(local: list[Manifest]) -> None:
    """Else applying one would change what another has put there, or what the overlays have."""
    known: dict[tuple[str, str, str], Manifest] = {}
    for path in PLAIN:
        for manifest in load(path):
            assert known.setdefault(identity(manifest), manifest) == manifest, (path.name, identity(manifest))
    assert known["Namespace", "", "doc-assets"] == named(local, "Namespace", "doc-assets")
    assert set(known) & {identity(manifest) for manifest in local} == {("Namespace", "", "doc-assets")}


def test_the_pod_reaches_database_api_server_and_names_by_itself(manifests: list[Manifest]) -> None:
    pod, outside = pod_of(manifests), Address("203.0.113.9")
    dns = Pod("dns", "kube-system", {}, {}, {"kubernetes.io/metadata.name": "kube-system"})
    assert all(allowed(manifests, pod, outside, port) for port in (5432, 443, 6443))
    assert allowed(manifests, pod, dns, 53, "UDP")
    assert not allowed(manifests, pod, outside, 25)
    assert not allowed(manifests, dns, pod, 80)


def test_it_says_how_it_ended_and_stops_within_its_time(manifests: list[Manifest]) -> None:
    pod = pod_of(manifests)
    (container,) = pod.containers
    assert variables_of(pod)["DOC_ASSETS_TERMINATION_MESSAGE"] == container.get(
        "terminationMessagePath", "/dev/termination-log"
    )
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert "command" not in container, "tini is the image's entry point, and forwards SIGTERM"
    grace = pod.spec["terminationGracePeriodSeconds"]
    assert grace >= (120 if pod.component == "migration" else 30)


def test_threads_are_those_of_the_limit(manifests: list[Manifest]) -> None:
    assert variables_of(pod_of(manifests))["DOC_ASSETS_THREADS"] == {"resourceFieldRef": {"resource": "limits.cpu"}}


@pytest.mark.parametrize("file", ["migration-job.yaml", "migration-job-indexed.yaml"])
def test_the_catalogue_is_that_of_the_image(file: str) -> None:
    text = named(load(K8S / file), "ConfigMap", "doc-assets-migration-sources")["data"]["sources.yaml"]
    here = yaml.safe_load((K8S / "overlays" / "local" / "sources.yaml").read_text())
    assert CatalogueFile.model_validate(yaml.safe_load(text)) == CatalogueFile.model_validate(here)


@pytest.mark.parametrize("file", ["migration-job-indexed.yaml"])
def test_every_partition_is_in_one_share(manifests: list[Manifest]) -> None:
    spec = job_of(manifests)["spec"]
    (container,) = pod_of(manifests).containers
    assert spec["completionMode"] == "Indexed"
    assert container["args"][-2:] == ["--slice", f"$(JOB_COMPLETION_INDEX)/{spec['completions']}"]
    assert spec["parallelism"] <= spec["completions"]
    assert spec["maxFailedIndexes"] < spec["completions"]


@pytest.mark.parametrize("file", ["rollback-job.yaml"])
def test_a_rollback_that_nobody_edited_moves_nothing(manifests: list[Manifest]) -> None:
    (container,) = pod_of(manifests).containers
    assert "--dry-run" in container["args"]


def test_a_file_whose_job_has_another_name_is_noticed(manifests: list[Manifest]) -> None:
    changed = copy.deepcopy(manifests)
    named(changed, "Role", "doc-assets-migration")["rules"][0]["resourceNames"] = ["some-job"]
    assert list(policies.rights_are_the_fewest(changed)) == [
        "Role doc-assets-migration is not about its own Jobs alone"
    ]


def test_a_job_that_would_stay_for_ever_is_noticed(manifests: list[Manifest]) -> None:
    changed = copy.deepcopy(manifests)
    del job_of(changed)["spec"]["ttlSecondsAfterFinished"]
    assert [problem.split(" has ")[1] for problem in policies.jobs_end(changed)] == ["no ttlSecondsAfterFinished"]
