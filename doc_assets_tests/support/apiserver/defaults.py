"""What an API server fills in before it stores a Job: defaults, the selector, and the labels that tie pods to it."""

from __future__ import annotations

import copy
import uuid

from doc_assets_tests.support.apiserver.answers import Json
from doc_assets_tests.support.apiserver.pod_security import containers_of

_POD_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
}


def completed_job(given: Json) -> Json:
    """The Job as it is stored; its status is the server's alone."""
    job = copy.deepcopy(given)
    job.pop("status", None)
    name, uid = job["metadata"].get("name", ""), str(uuid.uuid4())
    job["metadata"]["uid"] = uid
    spec = job["spec"]
    if spec.get("parallelism") is None and spec.get("completions") is None:
        spec["completions"] = 1
    per_index = spec.get("backoffLimitPerIndex") is not None
    for key, value in {
        "parallelism": 1,
        "backoffLimit": 2**31 - 1 if per_index else 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    }.items():
        if spec.get(key) is None:
            spec[key] = value
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels.update({f"{prefix}job-name": name for prefix in ("", "batch.kubernetes.io/")})
    labels.update({f"{prefix}controller-uid": uid for prefix in ("", "batch.kubernetes.io/")})
    pod = spec["template"]["spec"]
    for key, value in _POD_SPEC.items():
        pod.setdefault(key, value)
    pod.setdefault("securityContext", {})
    for container in containers_of(pod):
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("resources", {})
        tagged = not container.get("image", "").endswith(":latest")
        container.setdefault("imagePullPolicy", "IfNotPresent" if tagged else "Always")
    return job
