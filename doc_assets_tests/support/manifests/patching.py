"""Patches as kustomize applies them: JSON 6902, and strategic merges of the lists that ``k8s/`` patches.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

# By which key the items of a list are told apart (x-kubernetes-patch-merge-key of the OpenAPI specification).
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "topologySpreadConstraints": "topologyKey",
}
# Replaced as a whole.
_ATOMIC = {"args", "command", "egress", "ingress", "envFrom", "tolerations", "rules"}


class RenderError(Exception):
    """A kustomization that is not understood, or contradicts itself."""


def patched(objects: list[Manifest], text: str, entry: Mapping[str, Any], *, where: Path) -> list[Manifest]:
    """The objects with one entry of ``patches:`` applied.

    Raises:
        RenderError: It selects nothing, or uses something that is not understood.
    """
    if unknown := set(entry) - {"path", "patch", "target"}:
        raise RenderError(f"{where}: {', '.join(sorted(unknown))} of a patch is not understood")
    for patch in [document for document in yaml.safe_load_all(text) if document is not None]:
        target = entry["target"] if "target" in entry else _target_of(patch, where)
        hits = [index for index, manifest in enumerate(objects) if _selects(target, manifest)]
        if not hits:
            raise RenderError(f"{where}: the patch for {target} finds nothing")
        objects = list(objects)
        for index in hits:
            changed = copy.deepcopy(objects[index])
            if isinstance(patch, list):
                for operation in patch:
                    _operate(changed, operation, where)
            else:
                body = {key: value for key, value in patch.items() if key not in ("apiVersion", "kind")}
                metadata = {key: value for key, value in body.pop("metadata", {}).items() if key != "name"}
                changed = _merged(changed, body | ({"metadata": metadata} if metadata else {}), where)
            objects[index] = changed
    return objects


def _target_of(patch: Any, where: Path) -> dict[str, str]:
    if isinstance(patch, list):
        raise RenderError(f"{where}: a JSON patch without a target")
    return {"kind": patch["kind"], "name": re.escape(patch["metadata"]["name"])}


def _selects(target: Mapping[str, str], manifest: Manifest) -> bool:
    if unknown := set(target) - {"kind", "name", "labelSelector"}:
        raise RenderError(f"{', '.join(sorted(unknown))} of a patch's target is not understood")
    labels = manifest["metadata"].get("labels", {})
    wanted = dict(pair.split("=") for pair in target["labelSelector"].split(",")) if "labelSelector" in target else {}
    return (
        re.fullmatch(target.get("kind", ".*"), manifest["kind"]) is not None
        and re.fullmatch(target.get("name", ".*"), manifest["metadata"]["name"]) is not None
        and wanted.items() <= labels.items()
    )


def _operate(manifest: Manifest, operation: Mapping[str, Any], where: Path) -> None:
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:])
    node: Any = manifest
    for part in parents:
        node = node[int(part) if isinstance(node, list) else part]
    match operation["op"], node:
        case "add", list():
            node.insert(len(node) if last == "-" else int(last), operation["value"])
        case "replace", list():
            node[int(last)] = operation["value"]
        case "remove", list():
            del node[int(last)]
        case "add", dict():
            node[last] = operation["value"]
        case "replace", dict() if last in node:
            node[last] = operation["value"]
        case "remove", dict() if last in node:
            del node[last]
        case _:
            raise RenderError(f"{where}: {operation} is not understood, or finds nothing")


def _merged(there: Any, patch: Any, where: Path, name: str = "") -> Any:
    if isinstance(patch, Mapping) and isinstance(there, Mapping):
        if any(key.startswith("$") for key in patch):
            raise RenderError(f"{where}: directives of a patch are not understood")
        done = {**there}
        for key, value in patch.items():
            if value is None:
                done.pop(key, None)
            else:
                done[key] = _merged(there[key], value, where, key) if key in there else value
        return done
    if not (isinstance(patch, list) and isinstance(there, list)) or name in _ATOMIC:
        return patch
    if name not in _MERGE_KEYS:
        raise RenderError(f"{where}: how items of {name!r} are merged is not understood")
    key = _MERGE_KEYS[name]
    changes = {item[key]: item for item in patch}
    known = {item[key] for item in there}
    # Items that were not there come first, as kustomize has it.
    added = [item for item in patch if item[key] not in known]
    return added + [_merged(item, changes[item[key]], where) if item[key] in changes else item for item in there]
