"""All combinations of overlays and components, rendered once per session."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from doc_assets_tests.support.manifests.configurations import CONFIGURATIONS, K8S
from doc_assets_tests.support.manifests.rendering import Manifest, render


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a kustomization of an overlay, components and further lines."""

    def write(overlay: str, *components: str, more: str = "") -> Path:
        folder = tmp_path_factory.mktemp("kustomization").resolve()
        # Kustomize takes relative paths only.
        above = Path(os.path.relpath(K8S, folder))
        lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
        lines += ["resources:", f"  - {above}/overlays/{overlay}"]
        lines += ["components:", *(f"  - {above}/components/{name}" for name in components)] if components else []
        (folder / "kustomization.yaml").write_text("\n".join([*lines, more, ""]))
        return folder

    return write


@pytest.fixture(scope="session", params=CONFIGURATIONS, ids="+".join)
def configuration(request: pytest.FixtureRequest, folder_of: Callable[..., Path]) -> Path:
    """Return the folder of each configuration in turn."""
    return folder_of(*request.param)


@pytest.fixture(scope="session")
def manifests(configuration: Path) -> list[Manifest]:
    """Return the objects of each configuration; tests must not change them."""
    return render(configuration)


@pytest.fixture(scope="session")
def _overlays() -> dict[str, list[Manifest]]:
    return {name: render(K8S / "overlays" / name) for name in ("local", "production")}


@pytest.fixture
def local(_overlays: dict[str, list[Manifest]]) -> list[Manifest]:
    """Return the overlay local; tests may change it."""
    return copy.deepcopy(_overlays["local"])


@pytest.fixture
def production(_overlays: dict[str, list[Manifest]]) -> list[Manifest]:
    """Return the overlay production; tests may change it."""
    return copy.deepcopy(_overlays["production"])
