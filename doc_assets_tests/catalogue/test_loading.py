"""Properties of the catalogue: what is allowed, how mistakes are told, and what the catalogues of the project hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from doc_assets.catalogue import (
    CrateSource,
    DirectorySource,
    GitSource,
    load_catalogue,
)
from doc_assets.errors import CatalogueError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.preflight import problems
from doc_assets.sources.walk import read, walk
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.catalogue_files import MISTAKES, SOUND, load, mistake
from doc_assets_tests.support.loading import SmallSource


def test_a_sound_catalogue_gives_typed_sources_and_starts_relative_locations_at_its_own_folder(tmp_path: Path) -> None:
    catalogue = load(tmp_path, SOUND)
    book, tokio, std = catalogue.types["rust"].sources
    assert isinstance(book, GitSource)
    assert book.subfolders == ("src",)
    assert isinstance(tokio, CrateSource)
    assert tokio.location == "https://docs.rs/crate/tokio/latest/json.gz"
    assert isinstance(std, DirectorySource)
    assert std.attributes == {"product": "std"}
    assert catalogue.directory == tmp_path


def test_what_the_catalogue_excludes_is_in_no_source_but_one_that_includes_it_by_the_same_glob(tmp_path: Path) -> None:
    text = SOUND.replace("location: std", 'location: std, exclude: [old/], include: ["*.md", CHANGELOG.md]')
    catalogue = load(tmp_path, f"exclude: [AGENTS.md, CHANGELOG.md]\n{text}")
    book, _, std = catalogue.types["rust"].sources
    assert book.exclude == ("AGENTS.md", "CHANGELOG.md")
    assert std.exclude == ("old/", "AGENTS.md")
    assert "exclude: '../x'" in mistake(tmp_path, f"exclude: [../x]\n{text}")


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_line_key_and_what_is_allowed(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doc_assets.catalogue.source_keys.format_names", lambda: ["html", "markdown"])
    source, *expected = MISTAKES[case]
    said = mistake(tmp_path, f"types:\n  rust:\n    sources:\n      - {{name: a, {source}}}\n")
    assert said.startswith("/sources.yaml:4: types.rust.sources[0]")
    for part in expected:
        assert part in said


def test_every_mistake_is_told_at_its_own_line(tmp_path: Path) -> None:
    said = mistake(tmp_path, SOUND.replace("shards: 2", "shard: 2").replace("name: kernel", "name: Kernel"))
    assert [line.split(": ")[0] for line in said.splitlines()] == ["/sources.yaml:6", "/sources.yaml:10"]


def test_two_sources_cannot_make_the_same_partition(tmp_path: Path) -> None:
    assert ":7: types.rust.sources[2].name: 'tokio' is already" in mistake(
        tmp_path, SOUND.replace("name: std", "name: tokio")
    )
    assert "'tokio.1' is already" in mistake(tmp_path, SOUND.replace("name: std", "name: tokio.1"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a mapping with the key 'types' is needed"),
        ("- a", "a mapping with the key 'types' is needed"),
        ("types: {}", "types: "),
        ("types: {Rust: {sources: [{name: a, kind: crate}]}}", "'Rust' cannot name a type"),
        ("types: {rust: {sources: []}}", "types.rust.sources: "),
        ("types: {rust: {sources: [", ":1: not YAML"),
        ("types: !!python/tuple [a, b]", "could not determine a constructor"),
        ("types: &a {rust: *a}", "types"),
        ("types: {rust: {sources: [{name: a, kind: crate, version: 2020-13-45}]}}", "in quotes"),
        ("typs: {}\n", "did you mean 'types'"),
    ],
)
def test_what_is_no_catalogue_is_an_error_and_never_a_traceback(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in mistake(tmp_path, text)


def test_an_absent_catalogue_says_which_command_writes_one(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"doc-assets catalogue init DIR -o sources\.yaml"):
        load_catalogue(tmp_path / "sources.yaml")


SIX = {"rust", "jupyter", "kubernetes", "defi", "ebpf", "best_practices"}


@pytest.mark.parametrize("file", ["sources.yaml", "examples/sources.yaml"])
def test_the_catalogues_of_the_project_cover_the_six_types(file: str) -> None:
    catalogue = load_catalogue(ROOT / file)
    assert set(catalogue.types) == SIX
    assert problems(catalogue) == []
    assert len(catalogue.partitions()) >= 8


def test_the_default_catalogue_names_only_upstream_addresses_and_licences_by_spdx() -> None:
    for partition in load_catalogue(ROOT / "sources.yaml").partitions():
        assert partition.source.location.startswith("https://"), partition.name
        if partition.source.licence is not None:
            assert canonicalize_license_expression(partition.source.licence) == partition.source.licence, partition.name


def test_the_examples_hold_what_a_load_meets_in_practice(tmp_path: Path) -> None:
    catalogue = load_catalogue(ROOT / "examples" / "sources.yaml")
    contents: list[tuple[str, bytes]] = []
    for partition in catalogue.partitions():
        fetched = fetch(partition.source, base=catalogue.directory, cache=tmp_path)
        for file in walk(fetched.root, partition, fetched.left_out):
            assert file.outcome is None, file
            contents.append((f"{partition.name}/{file.path}", read(file, 10_000)))
    assert len(contents) >= 30
    assert {Path(path).suffix for path, _ in contents} >= {
        ".8",
        ".md",
        ".mdx",
        ".rst",
        ".ipynb",
        ".html",
        ".json",
        ".txt",
    }
    texts = [data for _, data in contents]
    assert any(texts.count(data) > 1 for data in texts if data), "an exact duplicate"
    assert b"" in texts, "an empty file"
    assert any(b'http-equiv="refresh"' in data for data in texts), "a redirect page"
    assert any(b'"nbformat": 3' in data for data in texts)


@pytest.mark.parametrize("policy", ["prefer_newst", "prefer_source", "prefer_source rst", "prefer_source a/b/c", ""])
def test_a_policy_that_is_none_is_an_error_that_lists_them(tmp_path: Path, policy: str) -> None:
    source = SmallSource(tmp_path)
    source.catalogue_path.write_text(source.catalogue_path.read_text() + f"        near_duplicates: '{policy}'\n")
    with pytest.raises(CatalogueError, match=r"keep_all, prefer_best, prefer_newest, prefer_source TYPE/SOURCE are"):
        load_catalogue(source.catalogue_path)
