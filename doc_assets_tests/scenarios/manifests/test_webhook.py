"""The component that takes pushes: the database and nothing else, with the role that loads and a secret of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from doc_assets.settings import WebhookSettings
from doc_assets_tests.support.manifests.network import Address, allowed
from doc_assets_tests.support.manifests.rendering import Manifest, render
from doc_assets_tests.support.manifests.workloads import Pod, environment, named, template_pods

ELSEWHERE = Address("203.0.113.9")


@pytest.fixture(scope="module")
def production(folder_of: Callable[..., Path]) -> list[Manifest]:
    return render(folder_of("production", "webhook"))


@pytest.fixture
def webhook(production: list[Manifest]) -> Pod:
    return next(pod for pod in template_pods(production) if pod.component == "webhook")


def test_only_what_ends_tls_in_front_reaches_it_and_it_reaches_no_other_service(
    production: list[Manifest], webhook: Pod
) -> None:
    marked = {"kubernetes.io/metadata.name": "ingress", "doc-assets/webhook-client": "true"}
    assert allowed(production, Pod("ingress", "ingress", {}, {}, marked), webhook, 8701)
    unmarked = Pod("ingress", "ingress", {}, {}, {"kubernetes.io/metadata.name": "ingress"})
    others = [pod for pod in template_pods(production) if pod.component != "webhook"]
    assert others
    for source in (unmarked, *others, ELSEWHERE):
        assert not allowed(production, source, webhook, 8701)
    for port in (22, 80, 443, 6443):
        assert not allowed(production, webhook, ELSEWHERE, port), port
    for other in others:
        assert not allowed(production, webhook, other, 3000), other.component
    selector = named(production, "NetworkPolicy", "doc-assets-to-database")["spec"]["podSelector"]
    assert "webhook" in selector["matchExpressions"][0]["values"]


def test_it_has_the_role_that_loads_its_secret_in_a_folder_and_no_token_of_the_cluster(
    production: list[Manifest], webhook: Pod
) -> None:
    sources = [source for container in webhook.containers for source in container.get("envFrom", ())]
    assert {source["secretRef"]["name"] for source in sources if "secretRef" in source} == {"doc-assets-database"}
    assert webhook.spec["automountServiceAccountToken"] is False and not webhook.has_token
    given = {name: str(value) for name, value in environment(production, webhook).items()}
    container = next(one for one in webhook.containers if one["name"] == "webhook")
    file = WebhookSettings.from_environment(given).secret_file
    folder = next(mount for mount in container["volumeMounts"] if mount["mountPath"] == str(file and file.parent))
    assert "subPath" not in folder, "a file that is mounted alone never changes"
