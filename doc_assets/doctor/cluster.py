"""Kubernetes: what the pod's service account may do, asked of the API server itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from doc_assets.doctor.dagster_home import instance_of
from doc_assets.doctor.diagnosis import Diagnosis, fault, ok
from doc_assets.doctor.examination import Surroundings, examination

# API group, resource and verbs.
# What dagster-k8s' launcher calls, as k8s/base/access.yaml grants it ...
Right = tuple[str, str, tuple[str, ...]]
LAUNCHER: Final[tuple[Right, ...]] = (
    ("batch", "jobs", ("create", "delete", "list")),
    ("batch", "jobs/status", ("get",)),
    ("", "pods", ("delete", "list")),
    ("", "pods/log", ("get",)),
    ("", "events", ("list",)),
)
# ... and what a Job calls that writes its progress on itself.
OWN_JOB: Final[tuple[Right, ...]] = (("batch", "jobs", ("get", "patch")),)


@examination("Kubernetes")
def rights(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether this pod may do what it is there for: start runs, or write progress on its own Job."""
    from doc_assets.job_progress.api import ClusterApi

    cluster = surroundings.cluster
    if cluster.api is None:
        if surroundings.environment.get("KUBERNETES_SERVICE_HOST"):
            yield ok("Kubernetes", "a pod without a token, as loads, search and serve need none")
        return
    launcher = ((instance_of(surroundings.environment) or {}).get("run_launcher") or {}).get("class")
    starts_runs = launcher == "K8sRunLauncher"
    wanted: list[tuple[Right, str | None]] = [(right, None) for right in LAUNCHER if starts_runs]
    wanted += [(right, cluster.job) for right in OWN_JOB if cluster.job]
    if not wanted:
        yield ok("Kubernetes", f"namespace {cluster.namespace}; this process starts no runs and writes on no Job")
        return
    api = ClusterApi(cluster)
    lacking = [
        f"{verb} {resource}"
        for (group, resource, verbs), name in wanted
        for verb in verbs
        if not api.may(verb, group, resource, name)
    ]
    if lacking:
        sentence = f"the service account may not {', '.join(lacking)} in namespace {cluster.namespace}"
        yield fault(
            "Kubernetes", sentence, "bind the Role of k8s/base/access.yaml, or of k8s/migration-job.yaml, to it"
        )
    else:
        what = "start runs" if starts_runs else f"write on Job {cluster.job}"
        yield ok("Kubernetes", f"the service account may {what} in namespace {cluster.namespace}")
