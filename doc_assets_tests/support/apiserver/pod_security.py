"""Pod Security Standard "restricted", field by field, written from the standard's text.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ - the controls of "baseline" first, as there; their
names are those of its tables. Init containers are covered; ephemeral ones are never in a manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import Json

ENFORCE = "pod-security.kubernetes.io/enforce"
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
# The admission plugin's words for a control, where tests meet it.
_ADMISSION = {
    "Host Namespaces": ("host namespaces", "{}=true"),
    "Privileged Containers": ("privileged", "{} must not set securityContext.privileged=true"),
    "Volume Types": ("restricted volume types", 'volume "{}" uses restricted volume type "{}"'),
    "Privilege Escalation": (
        *("allowPrivilegeEscalation != false", "{} must set securityContext.allowPrivilegeEscalation=false"),
    ),
    "Capabilities": ("unrestricted capabilities", '{} must set securityContext.capabilities.drop=["ALL"]'),
    "Running as Non-root": ("runAsNonRoot != true", "pod or {} must set securityContext.runAsNonRoot=true"),
    "Running as Non-root user": ("runAsUser=0", "{} must not set runAsUser=0"),
    "Seccomp": (
        "seccompProfile",
        'pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
}


@dataclass(frozen=True)
class _Violation:
    """A control that is broken: by a container, or by the pod in the named fields."""

    control: str
    container: str = ""
    fields: tuple[str, ...] = ()


def violations(spec: Json) -> list[str]:
    """Return what the standard forbids of a pod spec, each with its container; empty for one that is restricted."""
    return [
        ": ".join(filter(None, (broken.container, broken.control, " is a ".join(broken.fields))))
        for broken in _violations(spec)
    ]


def refusals(spec: Json) -> list[str]:
    """Return the same in the words of the admission plugin, each control once."""
    found: dict[str, list[_Violation]] = {}
    for broken in _violations(spec):
        found.setdefault(broken.control, []).append(broken)
    return [_refusal(control, places) for control, places in found.items()]


def _refusal(control: str, places: list[_Violation]) -> str:
    what, why = _ADMISSION.get(control, (control, "{}"))
    if names := ", ".join(f'"{broken.container}"' for broken in places if broken.container):
        names = f"containers {names}" if len(places) > 1 else f"container {names}"
        return f"{what} ({why.format(names)})"
    return f"{what} ({', '.join(why.format(*broken.fields) for broken in places)})"


def containers_of(spec: Json) -> list[Json]:
    """Return the containers of a pod spec, init containers first."""
    return [*(spec.get("initContainers") or ()), *spec["containers"]]


def _violations(spec: Json) -> Iterator[_Violation]:
    context = spec.get("securityContext") or {}
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield _Violation("Host Namespaces", fields=(key,))
    for sysctl in context.get("sysctls") or ():
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield _Violation("Sysctls", fields=(sysctl["name"],))
    for volume in spec.get("volumes") or ():
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield _Violation("Volume Types", fields=(volume["name"], min(kinds)))
    yield from map(_Violation, _of_context(context))
    for container in containers_of(spec):
        own = container.get("securityContext") or {}
        for control in (*_of_context(own), *_of_container(container, own), *_of_both({**context, **own})):
            yield _Violation(control, container["name"])


def _of_context(context: Json) -> Iterator[str]:
    """Yield the controls that the pod's security context may break, and each container's."""
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "HostProcess"
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type", "") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "SELinux"
    if (context.get("appArmorProfile") or {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield "AppArmor"


def _of_container(container: Json, context: Json) -> Iterator[str]:
    if context.get("privileged"):
        yield "Privileged Containers"
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        yield "Host Ports"
    handlers = [*(container.get(name) or {} for name in _PROBES), *(container.get("lifecycle") or {}).values()]
    if any((handler.get(kind) or {}).get("host") for handler in handlers for kind in ("httpGet", "tcpSocket")):
        yield "Host Probes / Lifecycle Hooks"
    if context.get("procMount", "Default") != "Default":
        yield "/proc Mount Type"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "Privilege Escalation"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "Capabilities"


def _of_both(context: Json) -> Iterator[str]:
    """Yield the controls that the pod's security context may meet for its containers."""
    if context.get("runAsNonRoot") is not True:
        yield "Running as Non-root"
    if context.get("runAsUser") == 0:
        yield "Running as Non-root user"
    if (context.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "Seccomp"
