"""Pod objects: created from a Job's template, admitted, deleted. ``kubelet`` runs their containers."""

from __future__ import annotations

import copy
import secrets

from doc_assets_tests.support.apiserver.answers import JOBS, NAMESPACES, PODS, SERVICE_ACCOUNTS, Json, Refusal
from doc_assets_tests.support.apiserver.job_rules import INDEX, INDEX_FAILURES, has_ended
from doc_assets_tests.support.apiserver.kubelet import new_status
from doc_assets_tests.support.apiserver.pod_security import ENFORCE, containers_of, refusals
from doc_assets_tests.support.apiserver.state import State, now

TRACKING = "batch.kubernetes.io/job-tracking"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # of generated names: no vowels, no letters that look alike


def pod_for(job: Json, index: int | None, failures: int = 0) -> Json:
    """Return a new pod of a Job, for an index if it is Indexed; ``failures`` is how often that index failed before."""
    template, metadata = copy.deepcopy(job["spec"]["template"]), job["metadata"]
    pod: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": template.get("metadata", {}), "spec": template["spec"]}
    prefix = f"{metadata['name'][:50]}-" if index is None else f"{metadata['name'][:50]}-{index}-"
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(5))
    pod["metadata"].update(
        name=prefix + suffix,
        generateName=prefix,
        namespace=metadata["namespace"],
        finalizers=[TRACKING],
        ownerReferences=[
            {
                **{"apiVersion": JOBS.api_version, "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]},
                **{"controller": True, "blockOwnerDeletion": True},
            }
        ],
    )
    if index is not None:
        counted = {INDEX: str(index), INDEX_FAILURES: str(failures)}
        pod["metadata"]["annotations"] = {**pod["metadata"].get("annotations", {}), **counted}
        pod["metadata"]["labels"][INDEX] = str(index)
        pod["spec"]["hostname"] = f"{metadata['name']}-{index}"
        source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
        for container in containers_of(pod["spec"]):
            variables = container.get("env") or ()
            container["env"] = [*variables, {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]
    pod["status"] = new_status(pod["spec"])
    return pod


def failures_of(index: int | None, pods: list[Json]) -> int:
    """Return how many of a Job's pods for an index have failed."""
    failed = [pod["metadata"].get("annotations", {}) for pod in pods if pod["status"]["phase"] == "Failed"]
    return sum(annotations.get(INDEX) == str(index) for annotations in failed)


def refuse_pod(state: State, pod: Json, priority_classes: frozenset[str]) -> None:
    """Check a pod as the admission plugins do.

    Raises:
        Refusal: 403, in the words of the plugin that refuses it.
    """
    namespace, spec = pod["metadata"]["namespace"], pod["spec"]
    account = spec.setdefault("serviceAccountName", "default")
    if account != "default" and state.get(SERVICE_ACCOUNTS, namespace, account) is None:
        where = f"error looking up service account {namespace}/{account}"
        raise _refused(pod, f'{where}: serviceaccount "{account}" not found')
    priority = spec.get("priorityClassName")
    if priority and priority not in priority_classes:
        raise _refused(pod, f"no PriorityClass with name {priority} was found")
    if (found := restricted_violations(state, namespace, spec)) is not None:
        raise _refused(pod, f'violates PodSecurity "restricted:latest": {found}')


def restricted_violations(state: State, namespace: str, spec: Json) -> str | None:
    """Return what a namespace that enforces "restricted" refuses of a pod spec; None if nothing."""
    home = state.get(NAMESPACES, "", namespace)
    if home is None or (home["metadata"].get("labels") or {}).get(ENFORCE) != "restricted":
        return None
    return ", ".join(refusals(spec)) or None


def _refused(pod: Json, why: str) -> Refusal:
    name = pod["metadata"]["name"]
    return Refusal(403, "Forbidden", f'pods "{name}" is forbidden: {why}', {"name": name, "kind": "pods"})


def delete_pod(state: State, pod: Json, grace: int | None = None) -> Json:
    """Start the deletion of a pod within its grace period (seconds); one that has ended goes with its finalizers."""
    with state.edit_stored(PODS, pod) as stored:
        metadata = stored["metadata"]
        seconds = stored["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
        if "deletionTimestamp" not in metadata or seconds < metadata["deletionGracePeriodSeconds"]:
            metadata["deletionTimestamp"] = now()
            metadata["deletionGracePeriodSeconds"] = 0 if has_ended(stored) else seconds
        return copy.deepcopy(stored)
