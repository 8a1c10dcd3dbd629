"""Pods and Jobs of a set of manifests: those of its workloads, and those that Dagster starts for runs.

Rules for them are in ``policies``, ``network`` and the tests.
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import kubernetes
import pytest
import yaml
from dagster import DagsterRun
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._serdes import ConfigurableClassData
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import construct_dagster_k8s_job

from doc_assets.dagster.coordinator import PROFILE_TAG, tags_of
from doc_assets.dagster.pod_resources import RunPods
from doc_assets_tests.support.apiserver.pod_security import containers_of
from doc_assets_tests.support.manifests.rendering import Manifest

TEMPLATED = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class Pod:
    """A pod of a workload's template.

    Attributes:
        owner: ``Deployment/doc-assets-webserver``; for a run ``run``, with its type and profile.
        namespace_labels: Labels of its namespace.
    """

    owner: str
    namespace: str
    labels: dict[str, str]
    spec: dict[str, Any]
    namespace_labels: dict[str, str]

    @property
    def component(self) -> str:
        """Return the label ``app.kubernetes.io/component``."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Return its containers, init containers first."""
        return containers_of(self.spec)

    @property
    def has_token(self) -> bool:
        """Return whether a token of its ServiceAccount is mounted, which is the default."""
        return self.spec.get("automountServiceAccountToken", True)


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    """Return the manifests of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: Iterable[Manifest], kind: str, name: str) -> Manifest:
    """Return the manifest of a kind and name."""
    found, *others = (manifest for manifest in of_kind(manifests, kind) if manifest["metadata"]["name"] == name)
    # Each file that is applied alone has the namespace.
    assert all(other == found for other in others), f"{kind} {name} differs from file to file"
    return found


def template_pods(manifests: list[Manifest]) -> list[Pod]:
    """Return the pods of Deployments, StatefulSets and Jobs."""
    return [_pod(manifest, manifests) for manifest in of_kind(manifests, *TEMPLATED)]


def run_pods(manifests: list[Manifest]) -> list[Pod]:
    """Return the pods of ``run_jobs``."""
    return [_pod(job, manifests, owner) for owner, job in run_jobs(manifests).items()]


def _pod(workload: Manifest, manifests: list[Manifest], owner: str | None = None) -> Pod:
    namespace = workload["metadata"]["namespace"]
    template = workload["spec"]["template"]
    return Pod(
        owner or f"{workload['kind']}/{workload['metadata']['name']}",
        namespace,
        template["metadata"]["labels"],
        template["spec"],
        namespace_labels(named(manifests, "Namespace", namespace)),
    )


def namespace_labels(namespace: Manifest) -> dict[str, str]:
    """Return the labels of a namespace, with the one that Kubernetes adds to all."""
    return {**namespace["metadata"]["labels"], "kubernetes.io/metadata.name": namespace["metadata"]["name"]}


def environment(manifests: list[Manifest], pod: Pod) -> dict[str, str]:
    """Return the variables of a pod's last container that are known before it starts; of Secrets, if they exist."""
    container, found = pod.containers[-1], {}
    for source in container.get("envFrom", ()):
        kind, name = (
            ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
        )
        for manifest in of_kind(manifests, kind):
            if manifest["metadata"]["name"] == name["name"]:
                found.update(manifest["data"] if kind == "ConfigMap" else secret_values(manifest))
    known = {"metadata.namespace": pod.namespace}
    for variable in container.get("env", ()):
        path = variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        if "value" in variable or path in known:
            found[variable["name"]] = variable.get("value") or known[path]
    return found


def secret_values(secret: Manifest) -> dict[str, str]:
    """Return the decoded data of a Secret."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def instance_of(manifests: list[Manifest]) -> dict[str, Any]:
    """Return the dagster.yaml of ConfigMap doc-assets-instance, with the daemon's known variables filled in."""
    daemon = next(pod for pod in template_pods(manifests) if pod.component == "daemon")
    text = named(manifests, "ConfigMap", "doc-assets-instance")["data"]["dagster.yaml"]
    return _resolved(yaml.safe_load(text), environment(manifests, daemon))


def _resolved(node: Any, variables: dict[str, str]) -> Any:
    if isinstance(node, dict):
        if set(node) == {"env"} and isinstance(node["env"], str):
            return variables.get(node["env"], node)
        return {key: _resolved(value, variables) for key, value in node.items()}
    return [_resolved(item, variables) for item in node] if isinstance(node, list) else node


def run_jobs(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the Job that K8sRunLauncher creates for each type and each profile of the manifests."""
    instance = instance_of(manifests)
    code = environment(manifests, next(pod for pod in template_pods(manifests) if pod.component == "code-location"))
    made = _run_jobs(
        yaml.safe_dump(instance["run_launcher"]["config"]),
        instance["run_coordinator"]["config"]["pods"],
        code["DAGSTER_CURRENT_IMAGE"],
        code.get("DAGSTER_CONTAINER_CONTEXT", "{}"),
    )
    return copy.deepcopy(made)


@functools.cache
def _run_jobs(launcher_config: str, pods_config: str, image: str, container_context: str) -> dict[str, Manifest]:
    pods = RunPods.parse(pods_config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes.config, "load_incluster_config", lambda: None)
        data = ConfigurableClassData("dagster_k8s", "K8sRunLauncher", launcher_config)
        launcher = data.rehydrate(as_type=K8sRunLauncher)
    wanted = [("defi", None), *((name, None) for name in pods.types), *(("defi", name) for name in pods.profiles)]
    code = ModuleCodePointer("doc_assets.definitions", "defs", None)
    origin = RepositoryPythonOrigin(
        executable_path="python",
        code_pointer=code,
        container_image=image,
        container_context=json.loads(container_context),
    )
    return {
        f"run of {doc_type}" + (f", profile {profile}" if profile else ""): _run_job(
            launcher, pods, origin, doc_type, profile
        )
        for doc_type, profile in wanted
    }


def _run_job(
    launcher: K8sRunLauncher, pods: RunPods, origin: RepositoryPythonOrigin, doc_type: str, profile: str | None
) -> Manifest:
    run_id = str(uuid.uuid5(uuid.NAMESPACE_OID, doc_type))
    name = f"migrate_{doc_type}"
    tags = {"dagster/partition": "some-source"} | ({PROFILE_TAG: profile} if profile else {})
    run = DagsterRun(job_name=name, run_id=run_id, tags=tags, job_code_origin=JobPythonOrigin(name, origin))
    run = run.with_tags({**tags, **tags_of(run, pods)})
    context = K8sContainerContext.create_for_run(run, launcher, include_run_tags=True)
    job = construct_dagster_k8s_job(
        job_config=context.get_k8s_job_config(origin.container_image, launcher),
        args=["dagster", "api", "execute_run"],
        job_name=f"dagster-run-{run_id}",
        pod_name=f"dagster-run-{run_id}",
        component="run_worker",
        user_defined_k8s_config=context.run_k8s_config,
    )
    made = cast(Manifest, kubernetes.client.ApiClient().sanitize_for_serialization(job))
    return {**made, "metadata": {**made["metadata"], "namespace": context.namespace}}
