"""Each rule of the policies, and each control of the security standard, notices a manifest that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doc_assets_tests.support.apiserver.pod_security import violations
from doc_assets_tests.support.manifests import policies
from doc_assets_tests.support.manifests.policies import RULES, Rule
from doc_assets_tests.support.manifests.rendering import Manifest
from doc_assets_tests.support.manifests.workloads import named


def exchange(*path: str | int, **values: object) -> Callable[[Any], None]:
    """Sets or, with None, removes keys of what lies under a path."""

    def change(node: Any) -> None:
        for step in path:
            node = node[step]
        for key, value in values.items():
            if value is None:
                del node[key]
            else:
                node[key] = value

    return change


CONTAINER = ("spec", "template", "spec", "containers", 0)
FIRST = ("spec", "template", "spec", "initContainers", 0)
POD = ("spec", "template", "spec")
HOME = ("spec", "template", "spec", "volumes", 2, "emptyDir")
RULES_OF_FAILURE = ("spec", "podFailurePolicy", "rules")
WEB, CODE, DAEMON = "Deployment/doc-assets-webserver", "Deployment/doc-assets-code", "Deployment/doc-assets-daemon"
JOB, BUDGET = "Job/doc-assets-schema", "PodDisruptionBudget/doc-assets-webserver"
ROLE, SECRET = "Role/doc-assets-dagster", "Secret/doc-assets-postgres"
LABELS = ("metadata", "labels")
SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
# What the rule says, whose manifest is changed, and how.
Break = tuple[str, str, Callable[[Any], object]]
BROKEN: dict[Rule, list[Break]] = {
    policies.pods_are_restricted: [
        ("enforce", "Namespace/doc-assets", exchange(*LABELS, **{"pod-security.kubernetes.io/enforce": "baseline"})),
        ("to its image", WEB, exchange(*FIRST, "securityContext", readOnlyRootFilesystem=False)),
        ("Seccomp", WEB, exchange(*POD, "securityContext", seccompProfile=None)),
    ],
    policies.containers_have_requests_and_limits: [
        ("limit of memory", WEB, exchange(*FIRST, "resources", "limits", memory=None)),
        ("requests no cpu", JOB, exchange(*CONTAINER, "resources", "requests", cpu=None)),
        ("more cpu", WEB, exchange(*CONTAINER, "resources", "requests", cpu="3")),
    ],
    policies.empty_volumes_are_bounded: [
        ("no sizeLimit", WEB, exchange(*HOME, sizeLimit=None)),
        ("limit of ephemeral-storage", WEB, exchange(*HOME, sizeLimit="9Gi")),
        ("limit of memory", WEB, exchange(*HOME, sizeLimit="2Gi", medium="Memory")),
    ],
    policies.images_are_pinned: [
        ("whatever", WEB, exchange(*CONTAINER, image="registry:5000/doc-assets")),
        ("whatever", WEB, exchange(*FIRST, image="doc-assets:latest")),
        ("pulls", WEB, exchange(*CONTAINER, imagePullPolicy="Always")),
    ],
    policies.rights_are_the_fewest: [
        ("differs", ROLE, lambda role: role["rules"].append(SECRETS)),
        ("differs", ROLE, exchange("rules", 0, verbs=["*"])),
        ("every namespace", ROLE, exchange(kind="ClusterRole")),
    ],
    policies.tokens_go_with_rights: [
        ("may do nothing", JOB, exchange(*POD, automountServiceAccountToken=True)),
        ("does not need", WEB, exchange(*POD, automountServiceAccountToken=False)),
        ("any pod", "ServiceAccount/doc-assets-run", exchange(automountServiceAccountToken=None)),
        ("no pod uses", "Deployment/doc-assets-exporter", exchange(kind="Nothing")),
    ],
    policies.references_resolve: [
        ("no PriorityClass", WEB, exchange(*POD, priorityClassName="urgent")),
        ("no ConfigMap", "ConfigMap/doc-assets-sources", exchange("metadata", name="else")),
        ("no sources.yaml", "ConfigMap/doc-assets-sources", exchange("data", **{"sources.yaml": None})),
        ("no Secret", SECRET, exchange("metadata", name="else")),
        ("no ServiceAccount", "ServiceAccount/doc-assets-run", exchange("metadata", name="else")),
    ],
    policies.pods_write_where_they_may: [
        ("beside the settings", WEB, exchange(*POD, enableServiceLinks=None)),
        ("cannot write", WEB, exchange(*CONTAINER, "volumeMounts", 2, mountPath="/else")),
        ("is not there", WEB, exchange(*CONTAINER, "volumeMounts", 2, name="else")),
    ],
    policies.selectors_find_their_pods: [
        ("selects []", BUDGET, exchange("spec", "selector", "matchLabels", **{"app.kubernetes.io/component": "web"})),
        ("none of", "Service/doc-assets-code", exchange("spec", "ports", 0, targetPort="http")),
    ],
    policies.services_are_probed: [
        ("no readinessProbe", WEB, exchange(*CONTAINER, readinessProbe=None)),
        ("no livenessProbe", DAEMON, exchange(*CONTAINER, livenessProbe=None)),
        ("not open", CODE, exchange(*CONTAINER, "startupProbe", "grpc", port=3031)),
    ],
    policies.drains_are_not_blocked: [
        ("drain", BUDGET, exchange("spec", maxUnavailable=0)),
        ("drain", BUDGET, exchange("spec", maxUnavailable=None, minAvailable=1)),
    ],
    policies.rollouts_are_deliberate: [
        ("is replaced", WEB, exchange("spec", strategy=None)),
        ("twice", DAEMON, exchange("spec", replicas=2)),
    ],
    policies.jobs_end: [
        ("no activeDeadlineSeconds", JOB, exchange("spec", activeDeadlineSeconds=None)),
        ("after misuse", JOB, exchange(*RULES_OF_FAILURE, 0, "onExitCodes", values=[3])),
        ("a drained node", JOB, exchange(*RULES_OF_FAILURE, 1, onPodConditions=[])),
        ("second pod", JOB, exchange("spec", podReplacementPolicy=None)),
    ],
    policies.everything_is_labelled_and_in_place: [
        ("outside", ROLE, exchange("metadata", namespace="default")),
        ("part of", ROLE, exchange("metadata", labels=None)),
        ("nobody expects", SECRET, exchange("metadata", name="token")),
    ],
}
BREAKS = [(rule, *each) for rule, given in BROKEN.items() for each in given]


def test_no_rule_goes_untried() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize(("rule", "said", "whose", "breaks"), BREAKS, ids=[f"{r.__name__}-{s}" for r, s, *_ in BREAKS])
def test_a_rule_notices_what_breaks_it(
    rule: Rule, said: str, whose: str, breaks: Callable[[Any], object], local: list[Manifest]
) -> None:
    breaks(named(local, *whose.split("/")))
    assert any(said in problem for problem in rule(local)), list(rule(local))


UNSAFE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("Host Namespaces: hostPID", {"hostPID": True}, {}),
    ("Sysctls: kernel.msgmax", {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, {}),
    ("Volume Types: x is a hostPath", {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}, {}),
    ("HostProcess", {"securityContext": {"windowsOptions": {"hostProcess": True}}}, {}),
    ("SELinux", {"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, {}),
    ("AppArmor", {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, {}),
    ("c: Privileged Containers", {}, {"privileged": True}),
    ("c: /proc Mount Type", {}, {"procMount": "Unmasked"}),
    ("c: SELinux", {}, {"seLinuxOptions": {"user": "system_u"}}),
    ("c: AppArmor", {}, {"appArmorProfile": {"type": "Unconfined"}}),
    ("c: Privilege Escalation", {}, {"allowPrivilegeEscalation": None}),
    ("c: Capabilities", {}, {"capabilities": {"drop": ["ALL"], "add": ["SYS_PTRACE"]}}),
    ("c: Capabilities", {}, {"capabilities": {}}),
    ("c: Running as Non-root", {}, {"runAsNonRoot": False}),
    ("c: Running as Non-root user", {}, {"runAsUser": 0}),
    ("c: Seccomp", {}, {"seccompProfile": {"type": "Unconfined"}}),
]


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
@pytest.mark.parametrize(("said", "of_pod", "of_container"), UNSAFE)
def test_each_control_of_the_standard_is_checked(
    said: str, of_pod: dict[str, Any], of_container: dict[str, Any], kind: str
) -> None:
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": []}
    pod[kind] = [{"name": "c", "securityContext": safe}]
    assert violations(pod) == []
    context = {**pod["securityContext"], **of_pod.get("securityContext", {})}
    pod |= {**of_pod, "securityContext": context, kind: [{"name": "c", "securityContext": {**safe, **of_container}}]}
    assert violations(pod) == [said]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"ports": [{"containerPort": 80, "hostPort": 80}]}, "c: Host Ports"),
        ({"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}, "c: Host Probes / Lifecycle Hooks"),
        ({"lifecycle": {"postStart": {"tcpSocket": {"port": 1, "host": "x"}}}}, "c: Host Probes / Lifecycle Hooks"),
    ],
)
def test_ports_and_probes_of_the_host_are_noticed(container: dict[str, Any], said: str) -> None:
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"securityContext": context, "containers": [{"name": "c", "securityContext": safe, **container}]}
    assert violations(spec) == [said]
