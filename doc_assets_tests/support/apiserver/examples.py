"""Example objects: a Job that a restricted namespace admits and that runs a shell script, and a Role."""

from __future__ import annotations

from doc_assets_tests.support.apiserver.answers import Json


def shell_job(
    name: str, script: str = "exit 0", *, pod: Json | None = None, container: Json | None = None, **spec: object
) -> Json:
    """Return a Job of one container; ``spec``, ``pod`` and ``container`` add to its parts or replace them."""
    runs: Json = {
        "name": "main",
        "image": "doc-assets:dev",
        "command": ["sh", "-c", script],
        "resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    template: Json = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 20,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{**runs, **(container or {})}],
    }
    metadata = {"name": name, "labels": {"kind": "example"}}
    of_pods = {"labels": {"doc-assets/type": "rust"}, "annotations": {"note": "x"}}
    job_spec = {"backoffLimit": 0, **spec, "template": {"metadata": of_pods, "spec": {**template, **(pod or {})}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job_spec}


def role(name: str, rules: list[Json], namespace: str = "doc-assets") -> list[Json]:
    """Return a Role, a ServiceAccount of the same name, and their binding."""
    metadata = {"name": name, "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subjects = [{"kind": "ServiceAccount", **metadata}]
    api_version = "rbac.authorization.k8s.io/v1"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": api_version, "kind": "Role", "metadata": metadata, "rules": rules},
        {
            **{"apiVersion": api_version, "kind": "RoleBinding", "metadata": metadata},
            **{"roleRef": reference, "subjects": subjects},
        },
    ]
