"""Environment and command line of a container, composed as the kubelet does."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from doc_assets_tests.support.apiserver.answers import CONFIG_MAPS, SECRETS, Json
from doc_assets_tests.support.apiserver.pod_security import containers_of
from doc_assets_tests.support.apiserver.state import State
from doc_assets_tests.support.apiserver.validation import whole_units

_REFERENCE = re.compile(r"\$(?:\$|\(([^()$]*)\))")


class ConfigError(Exception):
    """A container cannot be created yet, because an object or key that it refers to does not exist."""


def data_of(state: State, kind: str, namespace: str, reference: Json) -> dict[str, bytes] | None:
    """Return the data of a ConfigMap or Secret; None for an optional one that does not exist.

    Raises:
        ConfigError: It does not exist.
    """
    name = reference.get("name") or reference["secretName"]
    resource = SECRETS if kind == "secret" else CONFIG_MAPS
    found = state.get(resource, namespace, name)
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{kind} "{name}" not found')
    encoded, plain = ("data", "stringData") if kind == "secret" else ("binaryData", "data")
    data = {key: base64.b64decode(value) for key, value in (found.get(encoded) or {}).items()}
    return data | {key: value.encode() for key, value in (found.get(plain) or {}).items()}


def environment_of(state: State, pod: Json, container: Json) -> dict[str, str]:
    """Return the variables of ``envFrom`` and ``env``.

    Raises:
        ConfigError: A ConfigMap, Secret or key does not exist.
    """
    namespace = pod["metadata"]["namespace"]
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for kind, key in (("configmap", "configMapRef"), ("secret", "secretRef")):
            if key in source and (held := data_of(state, kind, namespace, source[key])) is not None:
                variables.update({source.get("prefix", "") + name: value.decode() for name, value in held.items()})
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            value = _value_from(state, pod, container, variable["valueFrom"])
            if value is None:
                continue
        else:
            value = expanded(variable.get("value") or "", variables)
        variables[variable["name"]] = value
    return variables


def command_line(container: Json, variables: Mapping[str, str]) -> list[str]:
    """Return command and arguments with ``$(NAME)`` replaced.

    The image's entry point ``tini --`` is left out: it passes signals on and changes nothing else.
    """
    return [expanded(part, variables) for part in (*(container.get("command") or ()), *(container.get("args") or ()))]


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(NAME)``; ``$$`` is a dollar sign, and an unknown name stays as written."""

    def value(found: re.Match[str]) -> str:
        if found[1] is None:
            return "$"
        return variables.get(found[1], found[0])

    return _REFERENCE.sub(value, text)


def field_of(pod: Json, path: str) -> str:
    """Return the value of a field path of the downward API, such as ``metadata.labels['name']``."""
    if found := re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path):
        return (pod["metadata"].get(found[1]) or {}).get(found[2], "")
    held: object = pod
    for step in path.split("."):
        held = held.get(step, "") if isinstance(held, dict) else ""
    return str(held)


def _value_from(state: State, pod: Json, container: Json, source: Json) -> str | None:
    if reference := source.get("fieldRef"):
        return field_of(pod, reference["fieldPath"])
    if reference := source.get("resourceFieldRef"):
        return resource_of(pod, reference.get("containerName") or container["name"], reference)
    kind, key = ("secret", "secretKeyRef") if "secretKeyRef" in source else ("configmap", "configMapKeyRef")
    reference = source[key]
    held = data_of(state, kind, pod["metadata"]["namespace"], reference)
    if held is None or (reference["key"] not in held and reference.get("optional")):
        return None
    if reference["key"] not in held:
        where = f"{'Secret' if kind == 'secret' else 'ConfigMap'} {pod['metadata']['namespace']}/{reference['name']}"
        raise ConfigError(f"couldn't find key {reference['key']} in {where}")
    return held[reference["key"]].decode()


def resource_of(pod: Json, container: str, reference: Json) -> str:
    """Return a limit or request of a container, in units of the divisor, rounded up."""
    kind, _, name = reference["resource"].partition(".")
    (resources,) = (c.get("resources") or {} for c in containers_of(pod["spec"]) if c["name"] == container)
    held = (resources.get(kind) or {}).get(name) or (resources.get("limits") or {}).get(name) or 0
    return str(whole_units(held, reference.get("divisor") or 1))
