"""The manifests are what kubectl would make of them, valid in Kubernetes 1.36, and hang together."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from doc_assets.catalogue import load_catalogue
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.apiserver.validation import quantity
from doc_assets_tests.support.manifests import schemas
from doc_assets_tests.support.manifests.configurations import K8S
from doc_assets_tests.support.manifests.patching import RenderError
from doc_assets_tests.support.manifests.rendering import Manifest, identity, load, read_yaml, render
from doc_assets_tests.support.manifests.workloads import (
    Pod,
    environment,
    instance_of,
    named,
    of_kind,
    run_jobs,
    run_pods,
    template_pods,
)

# Of the Prometheus operator: Kubernetes itself knows nothing of them.
CUSTOM = {"PodMonitor", "PrometheusRule"}
DIGEST = "sha256:" + "ab" * 32


def _kubectl() -> str | None:
    """A kubectl with kustomize 5, that of 1.27 and later."""
    if (found := shutil.which("kubectl")) is None:
        return None
    said = subprocess.run([found, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False)
    try:
        version = json.loads(said.stdout)["clientVersion"]
        return found if (int(version["major"]), int(re.sub(r"\D", "", version["minor"]))) >= (1, 27) else None
    except (ValueError, KeyError):
        return None


def test_every_object_is_valid_in_kubernetes_1_36(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] not in CUSTOM:
            assert schemas.problems(manifest) == [], identity(manifest)


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_every_run_of_every_profile_is_valid_in_kubernetes_1_36(overlay: str, request: pytest.FixtureRequest) -> None:
    jobs = run_jobs(request.getfixturevalue(overlay))
    assert len(jobs) >= 2
    for name, job in jobs.items():
        assert schemas.problems(job) == [], name


def test_a_field_that_kubernetes_does_not_know_is_noticed(local: list[Manifest]) -> None:
    deployment = named(local, "Deployment", "doc-assets-code")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Never"
    deployment["spec"]["replicas"] = "one"
    assert len(schemas.problems(deployment)) == 2


@pytest.mark.skipif(_kubectl() is None, reason="needs kubectl 1.27 or newer, to compare with")
def test_kubectl_renders_the_same(configuration: Path, manifests: list[Manifest]) -> None:
    said = subprocess.run(
        [str(_kubectl()), "kustomize", str(configuration)], capture_output=True, text=True, check=True
    ).stdout
    theirs = {identity(manifest): manifest for manifest in yaml.safe_load_all(said)}
    for manifest in theirs.values():
        if manifest["kind"] == "Secret":  # kubectl breaks base64 into lines
            manifest["data"] = {key: "".join(value.split()) for key, value in manifest["data"].items()}
    assert theirs == {identity(manifest): manifest for manifest in manifests}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("resourceses: []", "resourceses is not understood"),
        ("replicas: [{name: x, count: 2}]", "replicas is not understood"),
        ("patches: [{patch: '[{op: remove, path: /spec}]', target: {kind: Gadget}}]", "finds nothing"),
        ("configMapGenerator: [{name: x, literals: [a=b]}]", "suffix"),
        ("labels: [{pairs: {a: b}, includeSelectors: true}]", "includeSelectors is not understood"),
        ("namespace: a\nnamespace: b", "given twice"),
    ],
)
def test_what_the_renderer_does_not_understand_is_an_error(
    wrong: str, said: str, folder_of: Callable[..., Path]
) -> None:
    with pytest.raises(RenderError, match=said):
        render(folder_of("local", more=wrong))


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_an_image_named_once_is_the_image_of_every_pod_and_run(overlay: str, folder_of: Callable[..., Path]) -> None:
    image = f"{{name: doc-assets, newName: registry.example.com/doc-assets, digest: '{DIGEST}'}}"
    changed = render(folder_of(overlay, more=f"images: [{image}]"))
    wanted = f"registry.example.com/doc-assets@{DIGEST}"
    images = {
        container["image"] for pod in [*template_pods(changed), *run_pods(changed)] for container in pod.containers
    }
    assert images - {"pgvector/pgvector:pg18"} == {wanted}


def test_dagster_yaml_names_what_is_there(manifests: list[Manifest]) -> None:
    launcher = instance_of(manifests)["run_launcher"]["config"]
    namespace = launcher["job_namespace"]
    there = {identity(manifest) for manifest in manifests}
    assert ("Namespace", "", namespace) in there
    assert ("ServiceAccount", namespace, launcher["service_account_name"]) in there
    for name in [launcher["instance_config_map"], *launcher["env_config_maps"]]:
        assert ("ConfigMap", namespace, name) in there
    needed = {
        source["secretRef"]["name"]
        for pod in template_pods(manifests)
        for container in pod.containers
        for source in container.get("envFrom", ())
        if "secretRef" in source
    }
    assert set(launcher["env_secrets"]) <= needed


def test_the_workspace_is_the_service_of_the_code_location(manifests: list[Manifest]) -> None:
    text = named(manifests, "ConfigMap", "doc-assets-instance")["data"]["workspace.yaml"]
    (location,) = yaml.safe_load(text)["load_from"]
    service = named(manifests, "Service", location["grpc_server"]["host"])
    assert location["grpc_server"]["port"] in [port["port"] for port in service["spec"]["ports"]]
    assert service["spec"]["selector"]["app.kubernetes.io/component"] == "code-location"


def test_the_catalogue_of_the_project_is_the_one_of_the_manifests() -> None:
    """Kustomize reads only files below its folder, so the one in the root leads there."""
    assert (ROOT / "sources.yaml").resolve() == K8S / "base" / "sources.yaml"
    assert load_catalogue(ROOT / "sources.yaml").types == load_catalogue(K8S / "base" / "sources.yaml").types


def test_the_local_catalogue_is_that_of_the_examples() -> None:
    (examples,) = read_yaml(ROOT / "examples" / "sources.yaml")
    (local,) = read_yaml(K8S / "overlays" / "local" / "sources.yaml")
    for doc_type in examples["types"].values():
        for source in doc_type["sources"]:
            source["location"] = f"/opt/doc-assets/examples/{source['location']}"
    assert local == examples
    assert load_catalogue(K8S / "overlays" / "local" / "sources.yaml").partitions()


def test_the_local_overlay_and_two_runs_fit_a_node_with_two_cores_and_four_gigabytes(local: list[Manifest]) -> None:
    """Beside the control plane of a single node, which requests 0.9 CPU and 300 MB."""
    pods = [pod for pod in template_pods(local) for _ in range(_replicas(local, pod.owner))]
    largest = max(
        (pod for pod in run_pods(local) if "nvidia" not in str(pod.spec)), key=lambda pod: _asked(pod, "memory")
    )
    for resource, room in (("cpu", Decimal("1.1")), ("memory", quantity("3300Mi"))):
        assert sum(_asked(pod, resource) for pod in [*pods, largest, largest]) <= room, resource


def _replicas(manifests: list[Manifest], owner: str) -> int:
    kind, _, name = owner.partition("/")
    return named(manifests, kind, name)["spec"].get("replicas", 1)


def _asked(pod: Pod, resource: str) -> Decimal:
    spec = pod.spec
    containers = [quantity(c["resources"]["requests"][resource]) for c in spec["containers"]]
    first = [quantity(c["resources"]["requests"][resource]) for c in spec.get("initContainers", ())]
    return max([sum(containers, Decimal(0)), *first])


def test_settings_of_the_environment_are_known(production: list[Manifest], local: list[Manifest]) -> None:
    """A variable that is misspelt in a ConfigMap would silently do nothing."""
    files = [*(ROOT / "doc_assets").rglob("*.py"), K8S / "base" / "dagster.yaml"]
    known = {name for path in files for name in re.findall(r"\bDOC_ASSETS_\w+", path.read_text())}
    for manifests in (production, local):
        for pod in template_pods(manifests):
            given = {name for name in environment(manifests, pod) if name.startswith("DOC_ASSETS_")}
            assert given <= known, pod.owner


def test_the_secrets_of_production_are_not_in_it(production: list[Manifest]) -> None:
    assert of_kind(production, "Secret") == []
    assert load(K8S / "overlays" / "production" / "secrets.example.yaml") == []
