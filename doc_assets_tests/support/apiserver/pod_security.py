"""Pod Security Standard "restricted": why a pod spec would be refused, in the admission plugin's words."""

from __future__ import annotations

from collections.abc import Iterator

from doc_assets_tests.support.apiserver.answers import Json
from doc_assets_tests.support.manifests.pod_security import VOLUMES

ENFORCE = "pod-security.kubernetes.io/enforce"


def violations(spec: Json) -> list[str]:
    """Empty for a pod spec that is "restricted"."""
    return [f"{what} ({why})" for what, why in _violations(spec)]


def containers_of(spec: Json) -> list[Json]:
    """Init containers first."""
    return [*(spec.get("initContainers") or ()), *spec["containers"]]


def _violations(spec: Json) -> Iterator[tuple[str, str]]:
    pod, containers = spec.get("securityContext") or {}, containers_of(spec)
    contexts = {container["name"]: container.get("securityContext") or {} for container in containers}
    if host := [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]:
        yield "host namespaces", ", ".join(f"{key}=true" for key in host)
    if named := _quoted(name for name, context in contexts.items() if context.get("privileged")):
        yield "privileged", f"{named} must not set securityContext.privileged=true"
    if named := _quoted(n for n, context in contexts.items() if context.get("allowPrivilegeEscalation") is not False):
        yield "allowPrivilegeEscalation != false", f"{named} must set securityContext.allowPrivilegeEscalation=false"
    if named := _quoted(name for name, context in contexts.items() if not _capable_of_nothing(context)):
        yield "unrestricted capabilities", f'{named} must set securityContext.capabilities.drop=["ALL"]'
    for volume in spec.get("volumes") or ():
        if other := set(volume) - {"name"} - VOLUMES:
            yield (
                "restricted volume types",
                f'volume "{volume["name"]}" uses restricted volume type "{min(other)}"',
            )
    if named := _quoted(n for n, c in contexts.items() if not c.get("runAsNonRoot", pod.get("runAsNonRoot"))):
        yield "runAsNonRoot != true", f"pod or {named} must set securityContext.runAsNonRoot=true"
    if named := _quoted(n for n, c in contexts.items() if c.get("runAsUser", pod.get("runAsUser")) == 0):
        yield "runAsUser=0", f"{named} must not set runAsUser=0"
    if named := _quoted(n for n, c in contexts.items() if not _confined(c.get("seccompProfile"), pod)):
        needed = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        yield "seccompProfile", f"pod or {named} must set {needed}"


def _quoted(names: Iterator[str]) -> str:
    found = [f'"{name}"' for name in names]
    return f"container{'s' if len(found) > 1 else ''} {', '.join(found)}" if found else ""


def _capable_of_nothing(context: Json) -> bool:
    capabilities = context.get("capabilities") or {}
    return "ALL" in (capabilities.get("drop") or ()) and set(capabilities.get("add") or ()) <= {"NET_BIND_SERVICE"}


def _confined(own: Json | None, pod: Json) -> bool:
    profile = own or pod.get("seccompProfile") or {}
    return profile.get("type") in ("RuntimeDefault", "Localhost")
