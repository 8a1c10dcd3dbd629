"""Catalogue files: a sound one, what is said of one with a mistake, and folders to make one for."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import (
    Catalogue,
    load_catalogue,
)
from doc_assets.errors import CatalogueError


def load(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return load_catalogue(path)


def mistake(tmp_path: Path, text: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(str(tmp_path), "")


SOUND = """\
types:
  rust:
    description: Crates
    sources:
      - {name: book, kind: git, location: "https://example.org/book", subfolders: [src/]}
      - {name: tokio, kind: crate, weight: 40, shards: 2}
      - {name: std, kind: directory, location: std, weight: 30, attributes: {product: std}}
  ebpf:
    sources:
      - {name: kernel, kind: archive, location: kernel.tar.gz, weight: 90}
"""


def documents(root: Path, files: dict[str, int]) -> Path:
    for name, size in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
    return root
