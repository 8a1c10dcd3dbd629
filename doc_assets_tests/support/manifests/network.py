"""NetworkPolicies as the API defines them: which connections they allow. Addresses are those behind Services."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from doc_assets_tests.support.apiserver.selectors import selects
from doc_assets_tests.support.manifests.rendering import Manifest
from doc_assets_tests.support.manifests.workloads import Pod, of_kind


@dataclass(frozen=True)
class Address:
    """A peer that is no pod: a node, a server outside."""

    ip: str


Peer = Pod | Address


def allowed(manifests: Iterable[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Return whether a connection is allowed out of its source and into its target."""
    policies = of_kind(manifests, "NetworkPolicy")
    return _passes(policies, "Egress", source, target, port, protocol) and _passes(
        policies, "Ingress", target, source, port, protocol
    )


def covered(manifests: Iterable[Manifest], pod: Pod, direction: str) -> bool:
    """Return whether any policy restricts a pod in a direction; otherwise everything is allowed."""
    return bool(_policies_of(of_kind(manifests, "NetworkPolicy"), pod, direction))


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
        # The addresses of pods are unknown before they run; network plugins differ on whether blocks match them.
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
