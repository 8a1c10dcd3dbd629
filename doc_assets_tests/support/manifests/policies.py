"""Rules for every set of manifests: each takes the manifests and yields what breaks it, in sentences.

The Pod Security Standard is in ``apiserver.pod_security``, network policies are in ``network``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from doc_assets_tests.support.apiserver.authorization import rights_of
from doc_assets_tests.support.apiserver.pod_security import violations
from doc_assets_tests.support.apiserver.selectors import selects
from doc_assets_tests.support.apiserver.validation import quantity
from doc_assets_tests.support.manifests.rendering import Manifest, identity
from doc_assets_tests.support.manifests.workloads import Pod, of_kind, run_pods, template_pods

RESOURCES = {"cpu", "memory", "ephemeral-storage"}
# Folders that the image writes to; the rest of its file system is read-only.
WRITTEN = {"/var/lib/doc-assets", "/tmp"}  # noqa: S108 - paths in a container
# Created by hand: overlays/production/secrets.example.yaml, and components private-ca, serve and webhook.
EXTERNAL_SECRETS = {
    *("doc-assets-database", "doc-assets-database-owner", "doc-assets-database-reader"),
    *("doc-assets-ca", "doc-assets-serve", "doc-assets-webhook"),
}
EXPECTED_ROLES = {
    # K8sRunLauncher: create, watch and cancel Jobs, and explain failures. No secrets, no exec, no other kinds.
    "doc-assets-dagster": {
        *(("batch", "jobs", verb) for verb in ("create", "delete", "list")),
        ("batch", "jobs/status", "get"),
        *(("", "pods", verb) for verb in ("delete", "list")),
        ("", "pods/log", "get"),
        ("", "events", "list"),
    },
    "doc-assets-exporter": {("batch", "jobs", verb) for verb in ("list", "patch")},
    "doc-assets-migration": {("batch", "jobs", verb) for verb in ("get", "patch")},
}
OWN_JOBS = {"doc-assets-migrate", "doc-assets-migrate-indexed", "doc-assets-rollback", "doc-assets-validate"}


def pods_of(manifests: list[Manifest]) -> list[Pod]:
    """Return the pods of the workloads and, where Dagster is configured, of its runs."""
    has_dagster = any(
        manifest["metadata"]["name"] == "doc-assets-instance" for manifest in of_kind(manifests, "ConfigMap")
    )
    return template_pods(manifests) + (run_pods(manifests) if has_dagster else [])


def pods_are_restricted(manifests: list[Manifest]) -> Iterator[str]:
    """Require the Pod Security Standard "restricted", enforced by the namespace, and read-only root file systems."""
    for namespace in of_kind(manifests, "Namespace"):
        for mode in ("enforce", "audit", "warn"):
            if namespace["metadata"]["labels"].get(f"pod-security.kubernetes.io/{mode}") != "restricted":
                yield f"{identity(namespace)}: pod-security.kubernetes.io/{mode} is not restricted"
    for pod in pods_of(manifests):
        yield from (f"{pod.owner}: {problem}" for problem in violations(pod.spec))
        for container in pod.containers:
            if container["securityContext"].get("readOnlyRootFilesystem") is not True:
                yield f"{pod.owner}: {container['name']} could write to its image"


def containers_have_requests_and_limits(manifests: list[Manifest]) -> Iterator[str]:
    """Require CPU, memory and disk of every container, with requests no larger than limits."""
    for pod in pods_of(manifests):
        for container in pod.containers:
            requests, limits = (container.get("resources", {}).get(key, {}) for key in ("requests", "limits"))
            where = f"{pod.owner}: {container['name']}"
            if missing := RESOURCES - set(requests):
                yield f"{where} requests no {', '.join(sorted(missing))}"
            if missing := RESOURCES - set(limits):
                yield f"{where} has no limit of {', '.join(sorted(missing))}"
            for name in set(requests) & set(limits):
                if quantity(requests[name]) > quantity(limits[name]):
                    yield f"{where} requests more {name} than its limit"


def empty_volumes_are_bounded(manifests: list[Manifest]) -> Iterator[str]:
    """Require a size of every emptyDir, and that their sum fits the pod's limit of disk or memory."""
    for pod in pods_of(manifests):
        limits = [container["resources"].get("limits", {}) for container in pod.spec["containers"]]
        volumes = {volume["name"]: volume["emptyDir"] for volume in pod.spec.get("volumes", ()) if "emptyDir" in volume}
        yield from (f"{pod.owner}: {name} has no sizeLimit" for name, of in volumes.items() if "sizeLimit" not in of)
        for medium, resource in (("", "ephemeral-storage"), ("Memory", "memory")):
            held = [
                quantity(of["sizeLimit"])
                for of in volumes.values()
                if of.get("medium", "") == medium
                if "sizeLimit" in of
            ]
            room = sum((quantity(limit.get(resource, 0)) for limit in limits), Decimal(0))
            if sum(held, Decimal(0)) > room:
                yield f"{pod.owner}: its volumes may hold more than its limit of {resource}"


def images_are_pinned(manifests: list[Manifest]) -> Iterator[str]:
    """Require a tag or a digest, never latest, and no pull, which a node without a registry cannot do."""
    for pod in pods_of(manifests):
        for container in pod.containers:
            image = container["image"]
            name, _, tag = image.partition("@")[0].rpartition(":")
            if "@sha256:" not in image and (not name or "/" in tag or tag == "latest"):
                yield f"{pod.owner}: {container['name']} takes whatever {image} is today"
            if container.get("imagePullPolicy") != "IfNotPresent":
                yield f"{pod.owner}: {container['name']} pulls an image that is there"


def rights_are_the_fewest(manifests: list[Manifest]) -> Iterator[str]:
    """Require the expected Roles, verb by verb, and no cluster-wide ones."""
    for manifest in of_kind(manifests, "ClusterRole", "ClusterRoleBinding"):
        yield f"{identity(manifest)} holds in every namespace"
    for role in of_kind(manifests, "Role"):
        name, rules = role["metadata"]["name"], role["rules"]
        rights = rights_of(rules)
        if rights != EXPECTED_ROLES.get(name):
            yield f"Role {name} differs: {sorted(rights ^ EXPECTED_ROLES.get(name, set()))}"
        if name == "doc-assets-migration" and any(set(rule.get("resourceNames", ())) != OWN_JOBS for rule in rules):
            yield f"Role {name} is not about its own Jobs alone"


def tokens_go_with_rights(manifests: list[Manifest]) -> Iterator[str]:
    """Require a token in a pod exactly where its account has a Role, and none by default of the account."""
    bound = {
        (subject["namespace"], subject["name"]): binding["roleRef"]["name"]
        for binding in of_kind(manifests, "RoleBinding")
        for subject in binding["subjects"]
    }
    roles = {role["metadata"]["name"] for role in of_kind(manifests, "Role")}
    pods = pods_of(manifests)
    used = {(pod.namespace, pod.spec.get("serviceAccountName", "default")) for pod in pods if pod.has_token}
    for pod in pods:
        account = (pod.namespace, pod.spec.get("serviceAccountName", "default"))
        if pod.has_token and bound.get(account) not in roles:
            yield f"{pod.owner} has a token of {account[1]}, which may do nothing"
        if account in bound and not pod.has_token:
            yield f"{pod.owner} runs as {account[1]}, whose rights it does not need"
    yield from (f"{account[1]} has rights that no pod uses" for account in set(bound) - used)
    for account in of_kind(manifests, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account['metadata']['name']} gives its token to any pod"


def references_resolve(manifests: list[Manifest]) -> Iterator[str]:
    """Require that ConfigMaps and their keys, Secrets, accounts, claims and priorities of pods exist."""
    there = {identity(manifest): manifest for manifest in manifests}
    for pod in pods_of(manifests):
        spec, space = pod.spec, pod.namespace
        wanted = [("ServiceAccount", spec.get("serviceAccountName"))] if "serviceAccountName" in spec else []
        if "priorityClassName" in spec and ("PriorityClass", "", spec["priorityClassName"]) not in there:
            yield f"{pod.owner}: there is no PriorityClass {spec['priorityClassName']}"
        for volume in spec.get("volumes", ()):
            if "persistentVolumeClaim" in volume:
                wanted.append(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
        for kind, given, keys in _sources(pod):
            name = str(given.get("name") or given["secretName"])
            known = kind == "Secret" and name in EXTERNAL_SECRETS
            found = there.get((kind, space, name))
            if found is None and not given.get("optional") and not known:
                yield f"{pod.owner}: there is no {kind} {name}"
            elif found is not None and (missing := keys - set(found["data"])):
                yield f"{pod.owner}: {kind} {name} has no {', '.join(sorted(missing))}"
        yield from (
            f"{pod.owner}: there is no {kind} {name}" for kind, name in wanted if (kind, space, name) not in there
        )


def _sources(pod: Pod) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """Yield the ConfigMaps and Secrets that a pod refers to, with the keys."""
    for volume in pod.spec.get("volumes", ()):
        mounts = [m for c in pod.containers for m in c.get("volumeMounts", ()) if m["name"] == volume["name"]]
        keys = {mount["subPath"] for mount in mounts if "subPath" in mount}
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"], keys
        elif "secret" in volume:
            yield "Secret", volume["secret"], keys
    for container in pod.containers:
        for source in container.get("envFrom", ()):
            kind = "ConfigMap" if "configMapRef" in source else "Secret"
            yield kind, source.get("configMapRef") or source["secretRef"], set()
        for variable in container.get("env", ()):
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if reference := variable.get("valueFrom", {}).get(key):
                    yield kind, reference, {reference["key"]}


def pods_write_where_they_may(manifests: list[Manifest]) -> Iterator[str]:
    """Require the volumes of mounts, a mount for each folder that the program writes to, and no Service variables."""
    for pod in pods_of(manifests):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.owner}: Services define DOC_ASSETS_… variables beside the settings"
        for container in pod.containers:
            mounts = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", ())}
            if missing := set(mounts.values()) - volumes:
                yield f"{pod.owner}: {container['name']} mounts {', '.join(sorted(missing))}, which is not there"
            if pod.component != "postgres" and (missing := WRITTEN - set(mounts)):
                yield f"{pod.owner}: {container['name']} cannot write to {', '.join(sorted(missing))}"


def selectors_find_their_pods(manifests: list[Manifest]) -> Iterator[str]:
    """Require that workloads, Services and budgets select pods of one workload, and Services lead to its ports."""
    pods = [pod for pod in template_pods(manifests) if not pod.owner.startswith("Job/")]
    for manifest in of_kind(manifests, "Deployment", "StatefulSet", "Service", "PodDisruptionBudget"):
        selector = manifest["spec"]["selector"]
        found = [
            p
            for p in pods
            if selects({"matchLabels": selector} if manifest["kind"] == "Service" else selector, p.labels)
        ]
        if len(found) != 1:
            yield f"{identity(manifest)} selects {[pod.owner for pod in found]}"
            continue
        ports = {port.get("name"): port for container in found[0].containers for port in container.get("ports", ())}
        for port in manifest["spec"].get("ports", ()):
            if port["targetPort"] not in ports:
                yield f"{identity(manifest)}: port {port['targetPort']} is none of {found[0].owner}"


def services_are_probed(manifests: list[Manifest]) -> Iterator[str]:
    """Require startup and liveness probes of services, readiness behind a Service, all on open ports."""
    behind = [service["spec"]["selector"] for service in of_kind(manifests, "Service")]
    for pod in template_pods(manifests):
        if pod.owner.startswith("Job/"):
            continue
        for container in pod.spec["containers"]:
            needed = {"startupProbe", "livenessProbe"}
            needed |= (
                {"readinessProbe"} if any(selector.items() <= pod.labels.items() for selector in behind) else set()
            )
            if missing := needed - set(container):
                yield f"{pod.owner} has no {', '.join(sorted(missing))}"
            opened = {
                port for given in container.get("ports", ()) for port in (given.get("name"), given["containerPort"])
            }
            for name in needed & set(container):
                handler = container[name].get("httpGet") or container[name].get("grpc") or {}
                if "port" in handler and handler["port"] not in opened:
                    yield f"{pod.owner}: {name} asks a port that is not open: {handler['port']}"


def drains_are_not_blocked(manifests: list[Manifest]) -> Iterator[str]:
    """Require that a budget lets at least one pod go, and unhealthy ones always."""
    fewest = {scaler["spec"]["scaleTargetRef"]["name"]: scaler["spec"]["minReplicas"] for scaler in _scalers(manifests)}
    replicas = {
        tuple(sorted(workload["spec"]["selector"]["matchLabels"].items())): fewest.get(workload["metadata"]["name"])
        or workload["spec"]["replicas"]
        for workload in of_kind(manifests, "Deployment", "StatefulSet")
    }
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        spec = budget["spec"]
        there = replicas[tuple(sorted(spec["selector"]["matchLabels"].items()))]
        may_go = spec["maxUnavailable"] if "maxUnavailable" in spec else there - spec["minAvailable"]
        if not isinstance(may_go, int) or may_go < 1 or spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{identity(budget)} blocks the drain of a node"


def rollouts_are_deliberate(manifests: list[Manifest]) -> Iterator[str]:
    """Require each Deployment's strategy, history limit and number, unless that is an autoscaler's; one daemon."""
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in _scalers(manifests)}
    for name in scaled - {workload["metadata"]["name"] for workload in of_kind(manifests, "Deployment")}:
        yield f"{name}, which an autoscaler names, is not there"
    for workload in of_kind(manifests, "Deployment", "StatefulSet"):
        name, spec = workload["metadata"]["name"], workload["spec"]
        if workload["kind"] == "Deployment" and "strategy" not in spec:
            yield f"{name} says nothing of how it is replaced"
        if not {"revisionHistoryLimit", *(() if name in scaled else ("replicas",))} <= set(spec):
            yield f"{name} leaves replicas or revisionHistoryLimit to the defaults"
        if name in scaled and "replicas" in spec:
            yield f"{name}: an apply sets back what its autoscaler has chosen"
        if "terminationGracePeriodSeconds" not in spec["template"]["spec"]:
            yield f"{name} leaves terminationGracePeriodSeconds to the defaults"
        if name == "doc-assets-daemon" and (spec["replicas"], spec["strategy"]["type"]) != (1, "Recreate"):
            yield f"{name} may run twice at a time"


def _scalers(manifests: list[Manifest]) -> list[Manifest]:
    return of_kind(manifests, "HorizontalPodAutoscaler")


def jobs_end(manifests: list[Manifest]) -> Iterator[str]:
    """Require a deadline and removal of each Job, no retry after misuse, and no failure by a drained node."""
    fail, ignore = "FailJob", "Ignore"
    for job in of_kind(manifests, "Job"):
        name, spec = job["metadata"]["name"], job["spec"]
        # The schema's Job belongs to the installation, and is removed with it.
        ends = {"activeDeadlineSeconds"} | ({"ttlSecondsAfterFinished"} if name != "doc-assets-schema" else set())
        if missing := ends - set(spec):
            yield f"{name} has no {', '.join(sorted(missing))}"
        if not {"backoffLimit", "backoffLimitPerIndex"} & set(spec):
            yield f"{name} leaves the number of its tries to the default"
        rules = {rule["action"]: rule for rule in spec.get("podFailurePolicy", {}).get("rules", ())}
        if rules.get(fail, {}).get("onExitCodes") != {"operator": "In", "values": [2]}:
            yield f"{name} tries again after misuse"
        if rules.get(ignore, {}).get("onPodConditions") != [{"type": "DisruptionTarget", "status": "True"}]:
            yield f"{name} counts a drained node as a failure"
        if spec.get("podReplacementPolicy") != "Failed":
            yield f"{name} starts a second pod beside one that is being deleted"


def everything_is_labelled_and_in_place(manifests: list[Manifest]) -> Iterator[str]:
    """Require one namespace, apart from the Namespace and PriorityClasses, so that its deletion leaves nothing."""
    for manifest in manifests:
        kind, namespace, _ = identity(manifest)
        if namespace != "doc-assets" and kind not in ("Namespace", "PriorityClass"):
            yield f"{identity(manifest)} is outside of the namespace"
        if manifest["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != "doc-assets":
            yield f"{identity(manifest)} does not say that it is part of doc-assets"
    for pod in pods_of(manifests):
        if not {"app.kubernetes.io/name", "app.kubernetes.io/component"} <= set(pod.labels):
            yield f"{pod.owner} does not say what it is"
    for secret in of_kind(manifests, "Secret"):
        if not re.fullmatch("doc-assets-(database|database-owner|postgres)", secret["metadata"]["name"]):
            yield f"{identity(secret)}: a Secret that nobody expects"


Rule = Callable[[list[Manifest]], Iterator[str]]
RULES: tuple[Rule, ...] = (
    pods_are_restricted,
    containers_have_requests_and_limits,
    empty_volumes_are_bounded,
    images_are_pinned,
    rights_are_the_fewest,
    tokens_go_with_rights,
    references_resolve,
    pods_write_where_they_may,
    selectors_find_their_pods,
    services_are_probed,
    drains_are_not_blocked,
    rollouts_are_deliberate,
    jobs_end,
    everything_is_labelled_and_in_place,
)
