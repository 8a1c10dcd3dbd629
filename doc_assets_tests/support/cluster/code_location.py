"""The code location of the manifests, in this process."""

from __future__ import annotations

import sys

import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from doc_assets import definitions

LOCATION = "doc_assets"


def code_location(image: str, patch: pytest.MonkeyPatch) -> InProcessCodeLocationOrigin:
    """Load the definitions anew, for the catalogue that the environment names."""
    # Dagster keeps the file's module by its name; an earlier cluster of this process had another catalogue.
    patch.delitem(sys.modules, "definitions", raising=False)
    target = LoadableTargetOrigin(python_file=definitions.__file__)
    return InProcessCodeLocationOrigin(target, container_image=image, location_name=LOCATION)
