"""The part of kustomize that ``k8s/`` uses, read strictly: a field that is not implemented here is an error.

CI has no kubectl. Where kubectl exists, ``test_manifests`` compares the result with ``kubectl kustomize``. Patches are
in ``patching``, rules for the rendered objects in ``policies`` and the tests.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from doc_assets_tests.support.manifests.patching import RenderError, patched

Manifest = dict[str, Any]

CLUSTER_SCOPED = {"Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding", "StorageClass"}
_FIELDS = {
    *("apiVersion", "kind", "namespace", "resources", "components", "labels", "images", "patches"),
    *("configMapGenerator", "secretGenerator", "generatorOptions", "configurations"),
}
_TEMPLATED = {"Deployment", "StatefulSet", "Job"}


@dataclass
class Rendered:
    """Objects that a kustomization has produced so far, and the fields beside ``image`` that name images."""

    objects: list[Manifest] = field(default_factory=list)
    image_fields: list[dict[str, str]] = field(default_factory=list)


def render(folder: Path) -> list[Manifest]:
    """Return the objects that ``kubectl kustomize`` prints for a folder, in no particular order.

    Raises:
        RenderError: The kustomization has a field that is not implemented here, or contradicts itself.
    """
    done = _accumulated(folder.resolve(), Rendered()).objects
    names = [identity(manifest) for manifest in done]
    if len(set(names)) != len(names):
        raise RenderError(f"{folder}: {sorted(name for name in names if names.count(name) > 1)} more than once")
    return done


def load(path: Path) -> list[Manifest]:
    """Return the objects of a file of manifests, each with apiVersion, kind and a name."""
    found = [document for document in read_yaml(path) if document is not None]
    for manifest in found:
        if not {"apiVersion", "kind", "metadata"} <= set(manifest):
            raise RenderError(f"{path}: no object of Kubernetes: {str(manifest)[:80]}")
    return found


def read_yaml(path: Path) -> list[Any]:
    """Return the documents of a YAML file, without what readers disagree on: keys given twice, ``on`` and ``yes``."""
    try:
        return list(yaml.load_all(path.read_text(), _Loader))
    except (OSError, yaml.YAMLError) as error:
        raise RenderError(f"{path}: {error}") from error


def identity(manifest: Manifest) -> tuple[str, str, str]:
    """Return kind, namespace and name, which identify an object."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


class _Loader(yaml.CSafeLoader):
    """Loads plain values; YAML 1.1's further words for true and false, and keys given twice, are errors."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    if len(set(keys)) != len(keys):
        raise yaml.YAMLError(f"a key is given twice{node.start_mark}")
    return yaml.CSafeLoader.construct_mapping(loader, node, deep=True)


def _boolean(loader: _Loader, node: yaml.ScalarNode) -> bool:
    if node.value not in ("true", "false"):
        raise yaml.YAMLError(f"{node.value!r} is true or false to some readers only{node.start_mark}")
    return node.value == "true"


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:bool", _boolean)


def _accumulated(folder: Path, given: Rendered) -> Rendered:
    """Apply a kustomization to the given objects: those below for a component, none for all others."""
    (kustomization,) = read_yaml(folder / "kustomization.yaml")
    _require(kustomization, _FIELDS, folder)
    done = copy.deepcopy(given)
    for name in kustomization.get("resources", ()):
        place = folder / name
        if place.is_dir():
            below = _accumulated(place.resolve(), Rendered())
            done.objects += below.objects
            done.image_fields += below.image_fields
        else:
            done.objects += load(_inside(folder, name))
    for name in kustomization.get("components", ()):
        done = _accumulated((folder / name).resolve(), done)
    for name in kustomization.get("configurations", ()):
        (configuration,) = read_yaml(_inside(folder, name))
        _require(configuration, {"images"}, folder / name)
        done.image_fields += configuration["images"]
    _generate(kustomization, folder, done.objects)
    for patch in kustomization.get("patches", ()):
        text = patch["patch"] if "patch" in patch else _inside(folder, patch["path"]).read_text()
        done.objects = patched(done.objects, text, patch, where=folder)
    if "namespace" in kustomization:
        _place(done.objects, kustomization["namespace"])
    for labels in kustomization.get("labels", ()):
        _require(labels, {"pairs", "includeTemplates"}, folder)
        _label(done.objects, labels["pairs"], templates=labels.get("includeTemplates", False))
    for image in kustomization.get("images", ()):
        _require(image, {"name", "newName", "newTag", "digest"}, folder)
        _set_image(done, image)
    return done


def _require(given: Mapping[str, Any], known: set[str], where: Path) -> None:
    if unknown := set(given) - known:
        raise RenderError(f"{where}: {', '.join(sorted(unknown))} is not understood")


def _inside(folder: Path, name: str) -> Path:
    """Return a path below a folder; kustomize reads no file from outside of it."""
    path = folder / name
    if not path.resolve().is_relative_to(folder):
        raise RenderError(f"{folder}: {name} lies outside")
    return path


def _generate(kustomization: Manifest, folder: Path, objects: list[Manifest]) -> None:
    options = kustomization.get("generatorOptions", {})
    _require(options, {"disableNameSuffixHash"}, folder)
    for kind in ("ConfigMap", "Secret"):
        for entry in kustomization.get(f"{kind[0].lower()}{kind[1:]}Generator", ()):
            _require(entry, {"name", "namespace", "behavior", "files", "literals", "options"}, folder)
            own = entry.get("options", {})
            _require(own, {"disableNameSuffixHash", "labels", "annotations"}, folder)
            if not {**options, **own}.get("disableNameSuffixHash"):
                raise RenderError(f"{folder}: {entry['name']} would get a suffix, which no name in a string follows")
            _put(_generated(kind, entry, dict(_pairs(entry, folder))), entry.get("behavior", "create"), objects)


def _generated(kind: str, entry: Mapping[str, Any], data: dict[str, str]) -> Manifest:
    if kind == "Secret":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    marks = {
        name: dict(entry["options"][name]) for name in ("labels", "annotations") if entry.get("options", {}).get(name)
    }
    metadata = {"name": entry["name"]} | ({"namespace": entry["namespace"]} if "namespace" in entry else {}) | marks
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data} | (
        {"type": "Opaque"} if kind == "Secret" else {}
    )


def _pairs(entry: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    for literal in entry.get("literals", ()):
        key, _, value = literal.partition("=")
        if not key or value[:1] in ("'", '"'):
            raise RenderError(f"{folder}: the literal {literal!r} is quoted, or has no key")
        yield key, value
    for file in entry.get("files", ()):
        key, _, path = file.rpartition("=")
        yield key or Path(path).name, _inside(folder, path).read_text()


def _put(made: Manifest, behavior: str, objects: list[Manifest]) -> None:
    same = [manifest for manifest in objects if identity(manifest) == identity(made)]
    if (behavior == "create") == bool(same):
        raise RenderError(f"{identity(made)} cannot be the object of behavior {behavior}: there are {len(same)}")
    if behavior == "create":
        objects.append(made)
        return
    (there,) = same
    there["data"] = {**(there["data"] if behavior == "merge" else {}), **made["data"]}
    for marks in ("labels", "annotations"):
        if marks in made["metadata"]:
            there["metadata"][marks] = {**there["metadata"].get(marks, {}), **made["metadata"][marks]}


def _place(objects: Iterable[Manifest], namespace: str) -> None:
    accounts = {manifest["metadata"]["name"] for manifest in objects if manifest["kind"] == "ServiceAccount"}
    for manifest in objects:
        if manifest["kind"] == "Namespace":
            manifest["metadata"]["name"] = namespace
        elif manifest["kind"] not in CLUSTER_SCOPED:
            manifest["metadata"]["namespace"] = namespace
        for subject in manifest.get("subjects", ()):
            if subject["name"] in accounts:
                subject["namespace"] = namespace


def _label(objects: Iterable[Manifest], pairs: Mapping[str, str], *, templates: bool) -> None:
    for manifest in objects:
        if "volumeClaimTemplates" in manifest.get("spec", {}) or manifest["kind"] in ("CronJob", "DaemonSet"):
            raise RenderError(f"{identity(manifest)}: labels of its templates are not understood")
        places = (
            [manifest, manifest["spec"]["template"]] if templates and manifest["kind"] in _TEMPLATED else [manifest]
        )
        for place in places:
            metadata = place.setdefault("metadata", {})
            metadata["labels"] = {**metadata.get("labels", {}), **pairs}


def _set_image(done: Rendered, image: Mapping[str, str]) -> None:
    matching = re.compile(rf"{re.escape(image['name'])}(:[\w.{{}}-]*)?(@sha256:[\w.{{}}-]*)?")

    def replaced(value: str) -> str:
        match = matching.fullmatch(value)
        if match is None:
            return value
        name = image.get("newName", image["name"])
        if "digest" in image:
            return f"{name}@{image['digest']}"
        if "newTag" in image:
            return f"{name}:{image['newTag']}"
        return name + "".join(part or "" for part in match.groups())

    for manifest in done.objects:
        for container in _containers(manifest):
            container["image"] = replaced(container["image"])
        for place in done.image_fields:
            _require(place, {"kind", "path"}, Path(manifest["kind"]))
            if place["kind"] == manifest["kind"]:
                *parents, last = place["path"].split("/")
                for node in _nodes(manifest, parents):
                    if isinstance(node.get(last), str):
                        node[last] = replaced(node[last])


def _containers(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("containers", "initContainers") and isinstance(value, list):
                yield from value
            else:
                yield from _containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from _containers(value)


def _nodes(node: Any, keys: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item, keys)
    elif not keys:
        yield node
    elif isinstance(node, Mapping) and keys[0] in node:
        yield from _nodes(node[keys[0]], keys[1:])
