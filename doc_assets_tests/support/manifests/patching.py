"""Patches as kustomize applies them: RFC 6902, and strategic merges.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from doc_assets_tests.support.apiserver.patches import json_patched, merged
from doc_assets_tests.support.apiserver.selectors import matches_labels
from doc_assets_tests.support.manifests.schemas import schema_of

Manifest = dict[str, Any]


class RenderError(Exception):
    """A kustomization has a field that is not implemented, or contradicts itself."""


def patched(objects: list[Manifest], text: str, entry: Mapping[str, Any], *, where: Path) -> list[Manifest]:
    """Return the objects with one entry of ``patches:`` applied.

    Raises:
        RenderError: It selects nothing, does not fit, or has a field that is not implemented.
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
            try:
                objects[index] = _with(objects[index], patch)
            except (LookupError, TypeError, ValueError) as error:
                raise RenderError(f"{where}: the patch for {target} does not fit: {error!r}") from error
    return objects


def _with(manifest: Manifest, patch: Any) -> Manifest:
    if isinstance(patch, list):
        return json_patched(manifest, patch)
    # The patch of a target keeps the name of what it patches.
    identity = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}
    metadata = {**patch.get("metadata", {}), "name": manifest["metadata"]["name"]}
    return merged(manifest, {**patch, **identity, "metadata": metadata}, schema_of(manifest))


def _target_of(patch: Any, where: Path) -> dict[str, str]:
    if isinstance(patch, list):
        raise RenderError(f"{where}: a JSON patch without a target")
    return {"kind": patch["kind"], "name": re.escape(patch["metadata"]["name"])}


def _selects(target: Mapping[str, str], manifest: Manifest) -> bool:
    if unknown := set(target) - {"kind", "name", "labelSelector"}:
        raise RenderError(f"{', '.join(sorted(unknown))} of a patch's target is not understood")
    return (
        re.fullmatch(target.get("kind", ".*"), manifest["kind"]) is not None
        and re.fullmatch(target.get("name", ".*"), manifest["metadata"]["name"]) is not None
        and matches_labels(target.get("labelSelector", ""), manifest["metadata"].get("labels", {}))
    )
