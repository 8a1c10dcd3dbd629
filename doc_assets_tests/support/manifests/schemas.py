"""The OpenAPI schemas of Kubernetes 1.36, read strictly: a field that is not known is an error.

The same files as ``kubernetes_validate.validate`` uses, which reads the 1.6 MB that all kinds share for every object
anew; here once.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

import jsonschema
from referencing import Registry, Resource

from doc_assets_tests.support.manifests.rendering import Manifest

FOLDER = files("kubernetes_validate") / "kubernetes-json-schema" / "v1.36.0-local-strict"


def problems(manifest: Manifest) -> list[str]:
    """What is wrong with an object, each with its place; empty if Kubernetes 1.36 would decode it.

    Raises:
        FileNotFoundError: Kubernetes 1.36 has no such kind.
    """
    errors = _validator(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest)
    return [f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message[:200]}" for error in errors]


@functools.cache
def _validator(api_version: str, kind: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], version) if part)
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=_definitions())


@functools.cache
def _definitions() -> Registry:
    return Resource.from_contents(json.loads((FOLDER / "_definitions.json").read_text())) @ Registry()
