"""A pod's volumes as folders, and the paths below its mounts as paths into them.

A container here is a process without a mount namespace of its own, which needs rights that a test has not. So what is
mounted lies in a folder of the pod, and every path in the container's variables and arguments that starts with a mount
path is rewritten into it: ``DAGSTER_HOME=/opt/dagster/dagster_home`` becomes ``<folder>/opt/dagster/dagster_home``. The
folder that a single file is mounted into (``subPath``) counts as mounted. A path below a mount that this machine has,
as a test's own files below ``/tmp``, stays; so does what files say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doc_assets_tests.support.apiserver.answers import Json
from doc_assets_tests.support.apiserver.environment import ConfigError, data_of, field_of, resource_of
from doc_assets_tests.support.apiserver.state import State

_PATH = re.compile(r"(?<![\w./$-])/[\w./+@-]+")


@dataclass(frozen=True)
class Mounts:
    """Where a container finds what is mounted.

    Attributes:
        root: Stands for ``/`` in the container.
        prefixes: The paths that are found below it.
    """

    root: Path
    prefixes: tuple[str, ...]

    def rewritten(self, text: str) -> str:
        """The text with paths below a mount pointing into the pod's folder."""
        return _PATH.sub(lambda found: self._place(found[0]), text)

    def _place(self, path: str) -> str:
        for prefix in self.prefixes:
            below = path.startswith(prefix.rstrip("/") + "/")
            if path.rstrip("/") == prefix or (below and not Path(path).exists()):
                return f"{self.root}{path}"
        return path


def make_volumes(state: State, pod: Json, folder: Path, claims: Path) -> dict[str, Path]:
    """One folder per volume; ``claims`` keeps those of PersistentVolumeClaims beyond the pod.

    Raises:
        ConfigError: A ConfigMap or Secret is not there.
    """
    volumes = {}
    for volume in pod["spec"].get("volumes") or ():
        place = folder / "volumes" / volume["name"]
        if claim := volume.get("persistentVolumeClaim"):
            place = claims / claim["claimName"]
        place.mkdir(parents=True, exist_ok=True)
        for name, content in _files(state, pod, volume):
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        volumes[volume["name"]] = place
    return volumes


def mount(container: Json, volumes: dict[str, Path], root: Path) -> Mounts:
    """Lays the container's mounts out below ``root``."""
    prefixes = set()
    for given in container.get("volumeMounts") or ():
        source, path = volumes[given["name"]], given["mountPath"].rstrip("/")
        if sub := given.get("subPath"):
            source = source / sub
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not source.exists():
            source.mkdir(parents=True)  # as the kubelet does for a subPath that is not there
        target.symlink_to(source)
        prefixes.add(path)
        if source.is_file():
            prefixes.add(str(Path(path).parent))
    return Mounts(root, tuple(sorted(prefixes, key=len, reverse=True)))


def _files(state: State, pod: Json, volume: Json) -> Iterator[tuple[str, bytes]]:
    if "configMap" in volume:
        yield from _picked(state, pod, "configmap", volume["configMap"])
    elif "secret" in volume:
        yield from _picked(state, pod, "secret", volume["secret"])
    elif "downwardAPI" in volume:
        yield from _told(pod, volume["downwardAPI"])
    for source in (volume.get("projected") or {}).get("sources") or ():
        for kind in ("configMap", "secret"):
            if kind in source:
                yield from _picked(state, pod, kind.lower(), source[kind])
        if "downwardAPI" in source:
            yield from _told(pod, source["downwardAPI"])


def _picked(state: State, pod: Json, kind: str, source: Json) -> Iterator[tuple[str, bytes]]:
    held = data_of(state, kind, pod["metadata"]["namespace"], source)
    if held is None:
        return
    if not (items := source.get("items")):
        yield from held.items()
        return
    for item in items:
        if item["key"] in held:
            yield item["path"], held[item["key"]]
        elif not source.get("optional"):
            raise ConfigError(f"references non-existent {kind} key: {item['key']}")


def _told(pod: Json, source: Json) -> Iterator[tuple[str, bytes]]:
    for item in source.get("items") or ():
        if reference := item.get("fieldRef"):
            yield item["path"], field_of(pod, reference["fieldPath"]).encode()
        elif reference := item.get("resourceFieldRef"):
            yield item["path"], resource_of(pod, reference["containerName"], reference).encode()
