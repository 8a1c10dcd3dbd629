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

# What is written after the name of a source, and what the loader says of it.
MISTAKES = {
    "kind": ("kind: gti", ":4: types.rust.sources[0].kind: 'gti' is not a kind of source", "did you mean 'git'?"),
    "no kind": ("location: x", "types.rust.sources[0].kind: the key is needed: one of directory, archive, git, crate"),
    "key": ("kind: directory, locaton: x", "sources[0].locaton: unknown key; did you mean 'location'?", "exclude"),
    "absent": ("kind: directory", ":4: types.rust.sources[0].location: the key is needed: Folder"),
    "number": ("kind: directory, location: x, shards: 0", "sources[0].shards: 0 ", "greater than or equal to 1"),
    "text": ("kind: directory, location: x, attributes: {version: 1.10}", "attributes.version: 1.1 ", "in quotes"),
    "format": ("kind: directory, location: x, format: markdwn", "sources[0].format: 'markdwn' is not a format"),
    "glob": ("kind: directory, location: x, include: ['../*']", "include: '../*'", "without '..'"),
    "glob set": ("kind: directory, location: x, include: ['[z-a]*']", "include: '[z-a]*' is not a glob"),
    "scheme": ("kind: git, location: 'ext::sh -c x'", "location", "is needed"),
    "option": ("kind: git, location: '--upload-pack=x'", "location", "is needed"),
    "ref": ("kind: git, location: x, ref: --exec", "sources[0].ref: '--exec'", "Branch, tag"),
    "subfolder": ("kind: git, location: x, subfolders: [../up]", "subfolders: '../up': a folder or file inside"),
    "duplicate key": ("kind: git, kind: git, location: x", "sources[0].kind: the key stands here and in line 4"),
}


def documents(root: Path, files: dict[str, int]) -> Path:
    for name, size in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
    return root
