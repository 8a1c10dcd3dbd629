"""The OpenAPI schemas of Kubernetes 1.36, read strictly: an unknown field is an error.

``kubernetes_validate.validate`` reads the same files, but parses the 1.6 MB that all kinds share for every object; here
they are parsed once.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

FOLDER = files("kubernetes_validate") / "kubernetes-json-schema" / "v1.36.0-local-strict"


def problems(manifest: dict[str, Any]) -> list[str]:
    """Return what is wrong with an object, each with its place; empty if Kubernetes 1.36 would decode it.

    Raises:
        FileNotFoundError: Kubernetes 1.36 has no such kind.
    """
    errors = _validator(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest)
    return [f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message[:200]}" for error in errors]


def first_problem(manifest: dict[str, Any]) -> ValidationError | None:
    """Return the error that explains best why an object is not valid, or None.

    Raises:
        FileNotFoundError: Kubernetes 1.36 has no such kind.
    """
    return best_match(_validator(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest))


def schema_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object's kind; empty for a custom resource, of which Kubernetes has none."""
    try:
        return _validator(manifest["apiVersion"], manifest["kind"]).schema
    except FileNotFoundError:
        return {}


def property_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the schema of a property; empty if the schema does not describe it."""
    if reference := schema.get("$ref"):
        schema = _definitions()["$defs"][reference.rpartition("/")[2]]
    return schema.get("properties", {}).get(name, {})


@functools.cache
def _validator(api_version: str, kind: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], version) if part)
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    registry = Resource.from_contents(_definitions()) @ Registry()
    return jsonschema.Draft202012Validator(schema, registry=registry)


@functools.cache
def _definitions() -> dict[str, Any]:
    return json.loads((FOLDER / "_definitions.json").read_text())
