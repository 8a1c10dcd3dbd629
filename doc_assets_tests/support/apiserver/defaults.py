"""Defaults of Jobs: what an API server fills in before it stores one, its selector, and the labels of its pods."""

from __future__ import annotations

import copy
import uuid

from doc_assets_tests.support.apiserver.answers import Json
from doc_assets_tests.support.apiserver.pod_security import containers_of


def completed_job(given: Json, namespace: str) -> Json:
    """Return the Job as it is stored; a status that was sent is dropped."""
    job = copy.deepcopy({**given, "status": {}})
    uid, spec = str(uuid.uuid4()), job["spec"]
    job["metadata"].update(uid=uid, namespace=namespace)
    one = spec.get("parallelism") is None and spec.get("completions") is None
    per_index = spec.get("backoffLimitPerIndex") is not None
    _fill(
        spec,
        **({"completions": 1} if one else {}),
        parallelism=1,
        backoffLimit=2**31 - 1 if per_index else 6,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy="Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    )
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels |= {f"{prefix}job-name": job["metadata"].get("name", ""), f"{prefix}controller-uid": uid}
    pod = spec["template"]["spec"]
    _fill(pod, dnsPolicy="ClusterFirst", schedulerName="default-scheduler", securityContext={})
    _fill(pod, terminationGracePeriodSeconds=30)
    for container in containers_of(pod):
        policy = "Always" if container.get("image", "").endswith(":latest") else "IfNotPresent"
        _fill(container, imagePullPolicy=policy, resources={})
        _fill(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    return job


def _fill(given: Json, **defaults: object) -> None:
    given.update({key: value for key, value in defaults.items() if given.get(key) is None})
