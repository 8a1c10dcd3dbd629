"""A small catalogue of all six types, and a library that loads nothing but tells what was asked of it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from doc_assets.catalogue import Catalogue, DirectorySource, DocType
from doc_assets.dagster.build import build_defs
from doc_assets_tests.support.fake_library import TYPES, FakeLibrary


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Two sources per type, the lighter one first, and one of three shards."""

    def source(name: str, **values: object) -> DirectorySource:
        return DirectorySource.model_validate({"kind": "directory", "name": name, "location": "docs", **values})

    types = {
        name: DocType(description=None, sources=(source("small", weight=10), source("large", weight=1_000)))
        for name in TYPES
    }
    types["rust"] = DocType(
        description=None, sources=(source("tokio", weight=10), source("std", weight=3_000, shards=3))
    )
    return Catalogue(types, tmp_path)


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def definitions(catalogue: Catalogue, library: FakeLibrary) -> dg.Definitions:
    return build_defs(catalogue=catalogue, resources={"doc_assets": library})
