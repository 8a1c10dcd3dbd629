"""The component that serves readers: it reaches the database and nothing else, and reads with a role of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doc_assets.serving.http.access import Networks, require_safe_address
from doc_assets.settings import ServeSettings
from doc_assets_tests.support.manifests import policies
from doc_assets_tests.support.manifests.network import Address, allowed
from doc_assets_tests.support.manifests.rendering import Manifest, render
from doc_assets_tests.support.manifests.workloads import Pod, environment, named, template_pods

OUTSIDE, NODE = Address("203.0.113.9"), Address("10.0.0.7")
BOTH_ORDERS = [("private-ca", "serve"), ("serve", "private-ca")]


@pytest.fixture(scope="module")
def local(folder_of: Callable[..., Path]) -> list[Manifest]:
    return render(folder_of("local", "serve"))


@pytest.fixture
def pods(local: list[Manifest]) -> Iterator[dict[str, Pod]]:
    yield {pod.component: pod for pod in template_pods(local)}


def stranger(**marks: str) -> Pod:
    return Pod("stranger", "elsewhere", {}, {}, {"kubernetes.io/metadata.name": "elsewhere"} | marks)


def test_it_reaches_the_database_and_nothing_else(local: list[Manifest], pods: dict[str, Pod]) -> None:
    serve = pods["serve"]
    assert allowed(local, serve, pods["postgres"], 5432)
    for port in (22, 80, 443, 5432, 6443):
        assert not allowed(local, serve, OUTSIDE, port), port
        assert not allowed(local, serve, NODE, port), port
    for other, port in (("webserver", 3000), ("code-location", 3030), ("exporter", 9464)):
        assert not allowed(local, serve, pods[other], port)


def test_it_is_reached_from_labelled_namespaces_alone(local: list[Manifest], pods: dict[str, Pod]) -> None:
    for mark in ("doc-assets/serve-client", "doc-assets/metrics-client"):
        assert allowed(local, stranger(**{mark: "true"}), pods["serve"], 8700)
    for source in (stranger(), stranger(**{"doc-assets/webserver-client": "true"}), pods["webserver"], OUTSIDE):
        assert not allowed(local, source, pods["serve"], 8700)


def test_it_has_the_role_of_readers_and_no_token_of_the_cluster(pods: dict[str, Pod]) -> None:
    serve = pods["serve"]
    secrets = {
        source["secretRef"]["name"]
        for container in serve.containers
        for source in container.get("envFrom", ())
        if "secretRef" in source
    }
    assert secrets == {"doc-assets-database-reader"}
    assert serve.spec["automountServiceAccountToken"] is False and not serve.has_token


def test_its_settings_let_it_listen_to_others(local: list[Manifest], pods: dict[str, Pod]) -> None:
    given = {name: str(value) for name, value in environment(local, pods["serve"]).items()}
    container = next(one for one in pods["serve"].containers if one["name"] == "serve")
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    settings = ServeSettings.from_environment(given)
    assert settings.token_file is not None and str(settings.token_file.parent) in mounts
    assert "10.1.2.3" in Networks(settings.proxies) and "203.0.113.9" not in Networks(settings.proxies)
    require_safe_address(container["args"][container["args"].index("--host") + 1], settings)


def test_where_the_database_is_production_says_for_it_too(folder_of: Callable[..., Path]) -> None:
    production = render(folder_of("production", "serve"))
    selector = named(production, "NetworkPolicy", "doc-assets-to-database")["spec"]["podSelector"]
    assert "serve" in selector["matchExpressions"][0]["values"]


@pytest.mark.parametrize("components", BOTH_ORDERS, ids="+".join)
def test_a_private_authority_is_mounted_once_in_any_order(
    components: tuple[str, ...], folder_of: Callable[..., Path]
) -> None:
    deployment = named(render(folder_of("production", *components)), "Deployment", "doc-assets-serve")
    spec = deployment["spec"]["template"]["spec"]
    assert [volume["name"] for volume in spec["volumes"]].count("ca") == 1
    for container in (*spec["initContainers"], *spec["containers"]):
        assert [mount["mountPath"] for mount in container["volumeMounts"]].count("/etc/doc-assets/ca") == 1


def test_the_autoscaler_owns_the_number_of_pods(folder_of: Callable[..., Path]) -> None:
    manifests = render(folder_of("production", "serve", "serve-autoscaling"))
    deployment = named(manifests, "Deployment", "doc-assets-serve")
    assert "replicas" not in deployment["spec"]
    deployment["spec"]["replicas"] = 2
    assert "doc-assets-serve: an apply sets back what its autoscaler has chosen" in [
        *policies.rollouts_are_deliberate(manifests)
    ]
    manifests.remove(deployment)
    assert any("is not there" in one for one in policies.rollouts_are_deliberate(manifests))
