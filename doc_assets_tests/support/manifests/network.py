"""What NetworkPolicies let through, as the API describes it; addresses are those that Services lead to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from doc_assets_tests.support.manifests.rendering import Manifest
from doc_assets_tests.support.manifests.workloads import Pod, of_kind


@dataclass(frozen=True)
class Address:
    """Somebody who is no pod: a node, a server outside."""

    ip: str


Peer = Pod | Address


def allowed(manifests: Iterable[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection is let out of its source and into its target."""
    policies = of_kind(manifests, "NetworkPolicy")
    return _passes(policies, "Egress", source, target, port, protocol) and _passes(
        policies, "Ingress", target, source, port, protocol
    )


def covered(manifests: Iterable[Manifest], pod: Pod, direction: str) -> bool:
    """Whether any policy restricts a pod in a direction; otherwise everything is let through."""
    return bool(_policies_of(of_kind(manifests, "NetworkPolicy"), pod, direction))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A label selector; an empty one selects everything."""
    for rule in selector.get("matchExpressions", ()):
        value, there = labels.get(rule["key"]), rule["key"] in labels
        holds = {
            "In": there and value in rule.get("values", ()),
            "NotIn": value not in rule.get("values", ()),
            "Exists": there,
            "DoesNotExist": not there,
        }
        if not holds[rule["operator"]]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def _policies_of(policies: Iterable[Manifest], pod: Pod, direction: str) -> list[Manifest]:
    return [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"], pod.labels)
    ]


def _passes(policies: list[Manifest], direction: str, at: Peer, other: Peer, port: int, protocol: str) -> bool:
    if isinstance(at, Address):
        return True
    mine = _policies_of(policies, at, direction)
    rules = [rule for policy in mine for rule in policy["spec"].get(direction.lower(), ())]
    peers = "to" if direction == "Egress" else "from"
    return not mine or any(
        (peers not in rule or any(_is(peer, other, at.namespace) for peer in rule[peers]))
        and ("ports" not in rule or any(_opens(given, port, protocol) for given in rule["ports"]))
        for rule in rules
    )


def _opens(given: Mapping[str, Any], port: int, protocol: str) -> bool:
    if given.get("protocol", "TCP") != protocol:
        return False
    return "port" not in given or given["port"] <= port <= given.get("endPort", given["port"])


def _is(peer: Mapping[str, Any], other: Peer, namespace: str) -> bool:
    if "ipBlock" in peer:
        # Addresses of pods are not known before they run; plugins differ on whether blocks match them.
        block = peer["ipBlock"]
        return isinstance(other, Address) and (
            ipaddress.ip_address(other.ip) in ipaddress.ip_network(block["cidr"])
            and not any(ipaddress.ip_address(other.ip) in ipaddress.ip_network(cut) for cut in block.get("except", ()))
        )
    if isinstance(other, Address):
        return False
    there = (
        selects(peer["namespaceSelector"], other.namespace_labels)
        if "namespaceSelector" in peer
        else other.namespace == namespace
    )
    return there and selects(peer.get("podSelector", {}), other.labels)
