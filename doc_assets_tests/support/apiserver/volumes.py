"""Volumes of a pod as folders, and the paths below its mounts rewritten into them.

A mount namespace needs rights that tests lack. Therefore a pod's mounts are in a folder of its own, and each path below
a mount path in a container's variables and arguments is rewritten into it: ``DAGSTER_HOME=/opt/dagster/dagster_home``
becomes ``<folder>/opt/dagster/dagster_home``. The folder of a file mounted by ``subPath`` counts as mounted. Paths that
exist on this machine, such as a test's own files below ``/tmp``, stay; the content of files stays too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doc_assets_tests.support.apiserver.answers import Json
from doc_assets_tests.support.apiserver.environment import ConfigError, data_of
from doc_assets_tests.support.apiserver.state import State

_PATH = re.compile(r"(?<![\w./$-])/[\w./+@-]+")


@dataclass(frozen=True)
class Mounts:
    """The mounts of a container.

    Attributes:
        root: Folder that stands for ``/`` in the container.
        prefixes: Paths that are found below it.
    """

    root: Path
    prefixes: tuple[str, ...]

    def rewritten(self, text: str) -> str:
        """Return the text with each path below a mount rewritten into the pod's folder."""
        return _PATH.sub(lambda found: self._place(found[0]), text)

    def _place(self, path: str) -> str:
        for prefix in self.prefixes:
            below = path.startswith(prefix.rstrip("/") + "/")
            if path.rstrip("/") == prefix or (below and not Path(path).exists()):
                return f"{self.root}{path}"
        return path


def make_volumes(state: State, pod: Json, folder: Path) -> dict[str, Path]:
    """Create a folder per volume.

    Raises:
        ConfigError: A ConfigMap or Secret does not exist.
    """
    volumes = {}
    for volume in pod["spec"].get("volumes") or ():
        place = volumes[volume["name"]] = folder / "volumes" / volume["name"]
        place.mkdir(parents=True, exist_ok=True)
        for name, content in _files(state, pod, volume):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    return volumes


def mount(container: Json, volumes: dict[str, Path], root: Path) -> Mounts:
    """Create the container's mounts below ``root``."""
    prefixes = set()
    for given in container.get("volumeMounts") or ():
        source, path = volumes[given["name"]], given["mountPath"].rstrip("/")
        if sub := given.get("subPath"):
            source = source / sub
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not source.exists():
            source.mkdir(parents=True)  # as a kubelet does for a subPath that does not exist
        target.symlink_to(source)
        prefixes.add(path)
        if source.is_file():
            prefixes.add(str(Path(path).parent))
    return Mounts(root, tuple(sorted(prefixes, key=len, reverse=True)))


def _files(state: State, pod: Json, volume: Json) -> Iterator[tuple[str, bytes]]:
    kind = "configMap" if "configMap" in volume else "secret"
    source = volume.get(kind) or {}
    held = (data_of(state, kind.lower(), pod["metadata"]["namespace"], source) if source else None) or {}
    for item in source.get("items") or [{"key": key, "path": key} for key in held]:
        if item["key"] in held:
            yield item["path"], held[item["key"]]
        elif not source.get("optional"):
            raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
