"""Pod objects: made from a Job's template, admitted, told to end. What runs in them is the kubelet's business."""

from __future__ import annotations

import copy
import secrets

from doc_assets_tests.support.apiserver.answers import JOBS, NAMESPACES, PODS, SERVICE_ACCOUNTS, Json, Refusal
from doc_assets_tests.support.apiserver.job_rules import INDEX, INDEX_FAILURES, owned
from doc_assets_tests.support.apiserver.kubelet import new_status
from doc_assets_tests.support.apiserver.pod_security import ENFORCE, containers_of, violations
from doc_assets_tests.support.apiserver.state import State, now

TRACKING = "batch.kubernetes.io/job-tracking"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # of generated names: no vowels, and nothing that looks alike


def pod_for(job: Json, index: int | None, failures: int = 0) -> Json:
    """The pod that a Job wants, for an index if it is Indexed; ``failures`` is how often that index failed before."""
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
        told = {INDEX: str(index), INDEX_FAILURES: str(failures)}
        pod["metadata"]["annotations"] = {**pod["metadata"].get("annotations", {}), **told}
        pod["metadata"]["labels"][INDEX] = str(index)
        pod["spec"]["hostname"] = f"{metadata['name']}-{index}"
        variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": _INDEX_FIELD}}}
        for container in containers_of(pod["spec"]):
            container["env"] = [*(container.get("env") or ()), variable]
    pod["status"] = new_status(pod["spec"])
    return pod


_INDEX_FIELD = f"metadata.labels['{INDEX}']"


def failures_of(job: Json, index: int | None, pods: list[Json]) -> int:
    """How often pods of an index have failed."""
    if index is None:
        return 0
    of_index = [p for p in owned(job, pods) if p["metadata"]["annotations"][INDEX] == str(index)]
    return sum(pod["status"]["phase"] == "Failed" for pod in of_index)


def refuse_pod(state: State, pod: Json, priority_classes: frozenset[str]) -> None:
    """Admission of a pod.

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
    """What a namespace that enforces "restricted" would say of a pod spec; None if nothing."""
    home = state.get(NAMESPACES, "", namespace)
    if home is None or (home["metadata"].get("labels") or {}).get(ENFORCE) != "restricted":
        return None
    return ", ".join(violations(spec)) or None


def _refused(pod: Json, why: str) -> Refusal:
    name = pod["metadata"]["name"]
    return Refusal(403, "Forbidden", f'pods "{name}" is forbidden: {why}', {"name": name, "kind": "pods"})


def delete_pod(state: State, pod: Json, grace: int | None = None) -> Json:
    """Tells a pod to end within its grace period (seconds); one that has ended goes when nobody holds it any more."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    with state.edit(PODS, namespace, name) as stored:
        own = stored["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
        metadata = stored["metadata"]
        ended = stored["status"]["phase"] in ("Succeeded", "Failed")
        if "deletionTimestamp" not in metadata or own < metadata["deletionGracePeriodSeconds"]:
            metadata["deletionTimestamp"] = now()
            metadata["deletionGracePeriodSeconds"] = 0 if ended else own
        answer = copy.deepcopy(stored)
    return answer
