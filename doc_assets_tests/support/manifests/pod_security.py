"""Pod Security Standard "restricted", field by field, written from the standard's text.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ - the controls of "baseline" first, as there; their
names are those of its tables. It covers init containers; ephemeral ones are never in a manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from doc_assets_tests.support.manifests.workloads import Pod

SAFE_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"),
    "image",
}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def violations(pod: Pod) -> list[str]:
    """What the standard forbids of a pod, each with its container; empty if it may run in a restricted namespace."""
    found = list(_of_pod(pod.spec))
    for container in pod.containers:
        found += [f"{container['name']}: {problem}" for problem in _of_container(container, pod.spec)]
    return found


def _of_pod(spec: dict[str, Any]) -> Iterator[str]:
    context = spec.get("securityContext", {})
    yield from (f"Host Namespaces: {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "HostProcess"
    for sysctl in context.get("sysctls", ()):
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield f"Sysctls: {sysctl['name']}"
    for volume in spec.get("volumes", ()):
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield f"Volume Types: {volume['name']} is a {min(kinds)}"
    yield from _labels_of_kernel(context)


def _of_container(container: dict[str, Any], spec: dict[str, Any]) -> Iterator[str]:
    own, of_pod = container.get("securityContext", {}), spec.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    if own.get("windowsOptions", {}).get("hostProcess"):
        yield "HostProcess"
    if own.get("privileged"):
        yield "Privileged Containers"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "Host Ports"
    if any(_host_of(handler) for handler in _handlers(container)):
        yield "Host Probes / Lifecycle Hooks"
    if own.get("procMount", "Default") != "Default":
        yield "/proc Mount Type"
    yield from _labels_of_kernel(own)
    if own.get("allowPrivilegeEscalation") is not False:
        yield "Privilege Escalation"
    if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "Capabilities"
    if own.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True:
        yield "Running as Non-root"
    if own.get("runAsUser", of_pod.get("runAsUser")) == 0:
        yield "Running as Non-root user"
    profile = own.get("seccompProfile", of_pod.get("seccompProfile", {}))
    if profile.get("type") not in ("RuntimeDefault", "Localhost"):
        yield "Seccomp"


def _labels_of_kernel(context: dict[str, Any]) -> Iterator[str]:
    """SELinux and AppArmor, which pod and container may both set."""
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "SELinux"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield "AppArmor"


def _handlers(container: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield from (container[name] for name in _PROBES if name in container)
    yield from container.get("lifecycle", {}).values()


def _host_of(handler: dict[str, Any]) -> str | None:
    return handler.get("httpGet", {}).get("host") or handler.get("tcpSocket", {}).get("host")
