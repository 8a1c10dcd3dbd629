"""The catalogue that is made for a folder covers it and loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import (
    initial_catalogue,
    load_catalogue,
)
from doc_assets.errors import CatalogueError
from doc_assets.sources.preflight import problems
from doc_assets_tests.support.catalogue_files import documents


def test_the_initial_catalogue_of_a_folder_covers_it_and_loads(tmp_path: Path) -> None:
    root = documents(
        tmp_path / "docs",
        {
            "rust/Crate Tokio/a.md": 10,
            "rust/big/a.md": 9_000_000,
            "rust/big/b.md": 9_000_000,
            "rust/big.1/c.md": 1,
            "Best-Practices/Ünïcode/a.md": 5,
            "rust/loose.md": 1,
            ".git/config": 1,
        },
    )
    output = tmp_path / "catalogue" / "sources.yaml"
    output.parent.mkdir()
    text = initial_catalogue(root, output)
    assert text == initial_catalogue(root, output)
    output.write_text(text)
    catalogue = load_catalogue(output)
    assert problems(catalogue) == []
    assert [p.name for p in catalogue.partitions()] == [
        "rust/big.1",
        "rust/big.2",
        "rust/crate-tokio",
        "best_practices/unicode",
        "rust/big.1-2",
    ]
    assert catalogue.partitions()[2].source.location == "../docs/rust/Crate Tokio"
    assert "# Not covered, since it is not in such a folder: rust/loose.md" in text
    assert "sources.yaml" not in text


def test_products_side_by_side_are_told_apart_by_the_one_that_has_versions(tmp_path: Path) -> None:
    portal = {"kubernetes/acme-docs/public/" + path: 1 for path in ("one/v1.2/a.md", "two/b.md", "how-guides/c.md")}
    root = documents(tmp_path, {**portal, "kubernetes/acme-repo/content/v1.2/a.md": 1})
    path = tmp_path / "sources.yaml"
    path.write_text(initial_catalogue(root, path))
    docs, repo = load_catalogue(path).types["kubernetes"].sources
    paths = ("public/one/v1.2/a.md", "public/two/b.md", "public/how-guides/c.md")
    assert [docs.facts(p)["product"] for p in paths] == ["one", "two", "acme"]
    assert repo.folder_attributes == {}


def test_a_folder_of_another_layout_is_refused_with_the_layout(tmp_path: Path) -> None:
    documents(tmp_path, {"rust/a.md": 1})
    with pytest.raises(CatalogueError, match="<doc_type>/<source>"):
        initial_catalogue(tmp_path, None)
    with pytest.raises(CatalogueError, match="cannot be listed"):
        initial_catalogue(tmp_path / "absent", None)


def test_without_an_output_file_locations_are_absolute(tmp_path: Path) -> None:
    documents(tmp_path, {"rust/a/a.md": 1})
    assert f"location: {tmp_path / 'rust' / 'a'}" in initial_catalogue(tmp_path, None)
