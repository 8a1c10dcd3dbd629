"""Surroundings in a folder of a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from doc_assets.doctor import Surroundings
from doc_assets.settings import ClusterSettings, Settings

Around = Callable[..., Surroundings]


@pytest.fixture
def around(tmp_path: Path) -> Around:
    """Returns surroundings with a home, a catalogue and a root in the folder of the test, and settings as given."""

    def surroundings(environment: dict[str, str] | None = None, **settings: object) -> Surroundings:
        own = Settings(home=tmp_path / "home", catalogue=tmp_path / "sources.yaml")
        # Without it a doc-assets.toml above the working directory would count.
        variables = {"DOC_ASSETS_SETTINGS": "none"} if environment is None else environment
        changed = replace(own, **settings)  # pyrefly: ignore[bad-argument-type]
        return Surroundings(changed, ClusterSettings(None, "docs", tmp_path), variables, root=tmp_path)

    return surroundings
