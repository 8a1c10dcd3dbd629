"""Least privilege on the rendered manifests: each rule holds everywhere, and notices what breaks it."""

from __future__ import annotations

from typing import Any

from doc_assets_tests.support.apiserver.selectors import selects
from doc_assets_tests.support.manifests import policies
from doc_assets_tests.support.manifests.configurations import PLAIN
from doc_assets_tests.support.manifests.network import Address, Peer, allowed, covered
from doc_assets_tests.support.manifests.policies import RULES
from doc_assets_tests.support.manifests.rendering import Manifest, load
from doc_assets_tests.support.manifests.workloads import Pod, named, of_kind, run_pods, template_pods

NODE, OUTSIDE = Address("10.0.0.7"), Address("203.0.113.9")


def test_every_configuration_keeps_every_rule(manifests: list[Manifest]) -> None:
    assert {rule.__name__: broken for rule in RULES if (broken := list(rule(manifests)))} == {}


def webserver(manifests: list[Manifest]) -> Manifest:
    return named(manifests, "Deployment", "doc-assets-webserver")


def spec_of(workload: Manifest) -> dict[str, Any]:
    return workload["spec"]["template"]["spec"]


def everybody(manifests: list[Manifest]) -> dict[str, Pod]:
    """One pod of each component, runs and plain Jobs too."""
    plain = template_pods([manifest for path in PLAIN for manifest in load(path)])
    return {pod.component: pod for pod in [*template_pods(manifests), *run_pods(manifests), *plain]}


def stranger(labels: dict[str, str] | None = None, *, namespace: str = "elsewhere", mark: str = "") -> Pod:
    marks = {"kubernetes.io/metadata.name": namespace} | ({mark: "true"} if mark else {})
    return Pod("stranger", namespace, labels or {}, {}, marks)


# Who connects to PostgreSQL, to the API server, and to sources.
WITH_DATABASE = {
    *("webserver", "daemon", "code-location", "exporter", "schema", "run", "migration", "rollback", "validation"),
}
WITH_API = {"webserver", "daemon", "exporter", "migration", "rollback", "validation"}
WITH_SOURCES = {"run", "migration", "code-location"}


def test_every_pod_is_covered_in_both_directions(manifests: list[Manifest]) -> None:
    for name, pod in everybody(manifests).items():
        for direction in ("Ingress", "Egress"):
            assert covered(manifests, pod, direction), (name, direction)


def test_flows_are_those_that_the_environments_imply(local: list[Manifest]) -> None:
    """A pod with a database URL reaches the database, one with a token the API server, and so on; nobody else does."""
    pods = everybody(local)
    with_secret = {
        name
        for name, pod in pods.items()
        for container in pod.containers
        for source in container.get("envFrom", ())
        if source.get("secretRef", {}).get("name", "").startswith("doc-assets-database")
    }
    assert with_secret == WITH_DATABASE
    assert {name for name, pod in pods.items() if pod.has_token} == WITH_API
    for name, pod in pods.items():
        assert allowed(local, pod, pods["postgres"], 5432) == (name in WITH_DATABASE), name
        assert allowed(local, pod, NODE, 6443) == (name in WITH_API), name
        assert allowed(local, pod, OUTSIDE, 22) == (name in WITH_SOURCES), name
        assert allowed(local, pod, OUTSIDE, 80) == (name in WITH_SOURCES), name
        assert allowed(local, pod, OUTSIDE, 443) == (name in WITH_SOURCES | WITH_API), name
        assert allowed(local, pod, pods["code-location"], 3030) == (name in ("webserver", "daemon")), name
        assert not allowed(local, pod, pods["webserver"], 3000), name
        assert not allowed(local, pod, pods["exporter"], 9464), name
        assert not allowed(local, pod, OUTSIDE, 25), name


def test_names_resolve_wherever_the_dns_server_is(manifests: list[Manifest]) -> None:
    dns = [stranger(labels, namespace="kube-system") for labels in ({"k8s-app": "kube-dns"}, {"app": "other-dns"})]
    servers: list[Peer] = [*dns, Address("169.254.20.10")]
    for name, pod in everybody(manifests).items():
        for server in servers:
            assert allowed(manifests, pod, server, 53, "UDP"), name
            assert allowed(manifests, pod, server, 53, "TCP"), name
        assert not allowed(manifests, pod, stranger(), 53, "UDP"), name


def test_the_database_may_be_outside_in_production(production: list[Manifest]) -> None:
    for name, pod in everybody(production).items():
        assert allowed(production, pod, OUTSIDE, 5432) == (name in WITH_DATABASE), name


def test_strangers_reach_what_their_namespace_is_labelled_for(local: list[Manifest]) -> None:
    pods = everybody(local)
    users = stranger(mark="doc-assets/webserver-client")
    scrapers = [stranger(namespace="monitoring"), stranger(mark="doc-assets/metrics-client")]
    ports = {"webserver": 3000, "exporter": 9464, "code-location": 3030, "postgres": 5432}
    for component, port in ports.items():
        assert not allowed(local, stranger(), pods[component], port)
        assert allowed(local, users, pods[component], port) == (component == "webserver")
        for scraper in scrapers:
            assert allowed(local, scraper, pods[component], port) == (component == "exporter")


def test_every_policy_selects_somebody(manifests: list[Manifest]) -> None:
    pods = list(everybody(manifests).values())
    for policy in of_kind(manifests, "NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        assert any(selects(selector, pod.labels) for pod in pods), policy["metadata"]["name"]
        for rule in selector.get("matchExpressions", ()):
            unknown = set(rule["values"]) - {pod.component for pod in pods} - {"postgres"}
            assert not unknown, (policy["metadata"]["name"], unknown)


def test_a_priority_is_given_in_production_only(local: list[Manifest], production: list[Manifest]) -> None:
    assert not any("priorityClassName" in pod.spec for pod in policies.pods_of(local))
    given = {pod.component: pod.spec["priorityClassName"] for pod in policies.pods_of(production)}
    assert given.pop("run") == "doc-assets-run"
    assert set(given.values()) == {"doc-assets"}
    values = {one["metadata"]["name"]: one["value"] for one in of_kind(production, "PriorityClass")}
    assert values["doc-assets"] > values["doc-assets-run"]


def test_production_stands_a_node_that_goes(production: list[Manifest]) -> None:
    deployment = webserver(production)
    assert deployment["spec"]["replicas"] >= 2
    spread = {one["topologyKey"]: one["whenUnsatisfiable"] for one in spec_of(deployment)["topologySpreadConstraints"]}
    assert spread == {
        "kubernetes.io/hostname": "ScheduleAnyway", "topology.kubernetes.io/zone": "ScheduleAnyway",
    }  # fmt: skip
