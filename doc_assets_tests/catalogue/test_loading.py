"""Properties of the catalogue: what is allowed, how mistakes are told, which partitions come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import (
    Catalogue,
    CrateSource,
    DirectorySource,
    GitSource,
    initial_catalogue,
    load_catalogue,
)
from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.inference import attributes_of
from doc_assets.errors import CatalogueError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.preflight import problems
from doc_assets.sources.walk import read, walk
from doc_assets_tests.support import ROOT


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


def test_partitions_are_heaviest_first_and_those_of_unknown_weight_last_in_file_order(tmp_path: Path) -> None:
    catalogue = load(tmp_path, SOUND)
    assert [p.id for p in catalogue.partitions()] == [
        "ebpf/kernel",
        "rust/std",
        "rust/tokio.1",
        "rust/tokio.2",
        "rust/book",
    ]
    assert [p.key for p in catalogue.partitions("rust")] == ["std", "tokio.1", "tokio.2", "book"]


def test_every_path_belongs_to_exactly_one_shard_and_always_the_same(tmp_path: Path) -> None:
    shards = [p for p in load(tmp_path, SOUND).partitions("rust") if p.source.name == "tokio"]
    paths = [f"docs/{i}.md" for i in range(200)] + ["ü\\xff.md"]
    owners = [[p.shard for p in shards if p.holds(path)] for path in paths]
    assert all(len(owner) == 1 for owner in owners)
    assert {owner[0] for owner in owners} == {1, 2}
    # Written down: another hash would move the documents of every sharded source that is loaded already.
    assert [owner[0] for owner in owners[:8]] == [1, 1, 1, 1, 1, 1, 1, 2]


def test_an_unknown_partition_names_those_that_were_meant(tmp_path: Path) -> None:
    catalogue = load(tmp_path, SOUND)
    assert catalogue.find_partition("rust/tokio.2").shard == 2
    with pytest.raises(CatalogueError, match=r"did you mean rust/tokio\.1, rust/tokio\.2"):
        catalogue.find_partition("rust/tokio")
    with pytest.raises(CatalogueError, match="did you mean ebpf/kernel"):
        catalogue.find_partition("rust/kernel")
    with pytest.raises(CatalogueError, match=r"'rst' .*did you mean 'rust'"):
        catalogue.partitions("rst")


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
    "subfolder": ("kind: git, location: x, subfolders: [../up]", "subfolders: '../up': a folder inside"),
    "duplicate key": ("kind: git, kind: git, location: x", "sources[0].kind: the key stands here and in line 4"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_line_key_and_what_is_allowed(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doc_assets.catalogue.model.format_names", lambda: ["html", "markdown"])
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
        ("types: !!python/object/apply:os.system [exit]", "could not determine a constructor"),
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


@pytest.mark.parametrize(
    ("glob", "taken", "not_taken"),
    [
        ("**/*", ["a", "a/b.md", "a\nb"], []),
        ("**/*.md", ["a.md", "x/y/a.md"], ["a.mdx", "a.md/b.txt"]),
        ("*.md", ["a.md", "x/a.md"], ["a.rst"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md"]),
        ("docs/", ["docs/a", "docs/x/a", "x/docs/a"], ["docs", "docs2/a"]),
        ("docs/**", ["docs/a", "docs/x/a"], ["x/docs/a"]),
        ("a[!0-9]?.md", ["abc.md"], ["a1c.md", "ab.md", "a/c.md"]),
        ("a+(b).md", ["a+(b).md"], ["aab.md"]),
    ],
)
def test_globs_mean_what_the_documentation_says(glob: str, taken: list[str], not_taken: list[str]) -> None:
    selection = Selection((glob,), ())
    assert [path for path in taken if not selection.takes(path)] == []
    assert [path for path in not_taken if selection.takes(path)] == []


def documents(root: Path, files: dict[str, int]) -> Path:
    for name, size in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
    return root


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
    assert [p.id for p in catalogue.partitions()] == [
        "rust/big.1",
        "rust/big.2",
        "rust/crate-tokio",
        "best_practices/unicode",
        "rust/big.1-2",
    ]
    assert catalogue.partitions()[2].source.location == "../docs/rust/Crate Tokio"
    assert "# Not covered, since it is not in such a folder: rust/loose.md" in text
    assert "sources.yaml" not in text


def test_a_file_has_the_facts_of_its_source_and_of_the_innermost_folder_that_has_some(tmp_path: Path) -> None:
    text = SOUND.replace(
        "attributes: {product: std}",
        "licence: MIT, attributes: {product: std, team: a}, folder_attributes: {a/: {product: x}, a/b: {product: y}}",
    )
    source = load(tmp_path, text).types["rust"].sources[2]
    assert source.facts("a.md") == {"licence": "MIT", "product": "std", "team": "a"}
    assert [source.facts(path)["product"] for path in ("a/c.md", "a/b/c.md", "ab/c.md", "x/a/c.md")] == [
        "x",
        "y",
        "std",
        "std",
    ]
    for folder in ("/a", "a//b", "../a", "''"):
        assert "a folder inside the source" in mistake(tmp_path, text.replace("a/: {product: x}", f"{folder}: {{}}"))


def test_a_crates_pages_are_on_docs_rs_unless_the_catalogue_names_another_site(tmp_path: Path) -> None:
    book, tokio, _ = load(tmp_path, SOUND).types["rust"].sources
    assert book.site.base_url is None
    assert (tokio.site.base_url, tokio.site.pages) == ("https://docs.rs/tokio/latest/", "rustdoc")
    text = SOUND.replace("weight: 40", "base_url: 'https://docs.example/', pages: pretty, strip: src/")
    site = load(tmp_path, text).types["rust"].sources[1].site
    assert (site.base_url, site.pages, site.strip) == ("https://docs.example/", "pretty", "src/")
    assert "'mdbook', 'sphinx'" in mistake(tmp_path, text.replace("pretty", "mdbok"))


@pytest.mark.parametrize(
    ("doc_type", "folder", "expected"),
    [
        ("rust", "crate-serde-json", {"crate": "serde_json"}),
        ("rust", "crate-tokio-1.24.2", {"crate": "tokio", "crate_version": "1.24.2"}),
        ("rust", "std-rustdoc", {"crate": "std"}),
        ("rust", "rustdoc-json", {}),
        ("rust", "async-book", {}),
        ("kubernetes", "talos-docs", {"product": "talos"}),
        ("kubernetes", "talos_docs_v1.14", {"product": "talos", "version": "1.14"}),
        ("kubernetes", "Linkerd", {"product": "linkerd"}),
        ("kubernetes", "istio-io-site", {"product": "istio"}),
        ("defi", "meteora-dlmm-sdk", {"protocol": "meteora"}),
        ("ebpf", "linux-bpf-rst", {"product": "linux"}),
        ("ebpf", "bpf-developer-tutorial", {}),
        ("ebpf", "some-long-name", {}),
        ("best_practices", "google-styleguide", {}),
        ("databases", "postgres-docs", {"product": "postgres"}),
        ("databases", "docs", {}),
    ],
)
def test_a_folders_name_tells_crate_product_and_protocol_or_nothing(
    doc_type: str, folder: str, expected: dict[str, str]
) -> None:
    assert attributes_of(doc_type, folder) == expected


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


def test_check_finds_absent_locations_and_globs_without_a_match(tmp_path: Path) -> None:
    documents(tmp_path, {"std/a.md": 1})
    catalogue = load(tmp_path, SOUND.replace("location: std", "location: std, include: ['*.rst']"))
    assert [problem.split(" ")[0] for problem in problems(catalogue)] == ["rust/std:", "ebpf/kernel:"]


def test_check_finds_a_preferred_source_that_is_not_there(tmp_path: Path) -> None:
    documents(tmp_path, {"std/a.md": 1})
    found = []
    for preferred in ("ebpf/kernel", "ebpf/kernl"):
        text = SOUND.replace("location: std", f"location: std, near_duplicates: prefer_source {preferred}")
        found.append([p for p in problems(load(tmp_path, text)) if "prefer_source" in p])
    assert found == [
        [],
        ["rust/std: prefer_source ebpf/kernl: there is no such source here; a source is written TYPE/SOURCE"],
    ]


SIX = {"rust", "jupyter", "kubernetes", "defi", "ebpf", "best_practices"}


@pytest.mark.parametrize("file", ["sources.yaml", "examples/sources.yaml"])
def test_the_catalogues_of_the_project_cover_the_six_types(file: str) -> None:
    catalogue = load_catalogue(ROOT / file)
    assert set(catalogue.types) == SIX
    assert problems(catalogue) == []
    assert len(catalogue.partitions()) >= 8


def test_the_default_catalogue_names_only_upstream_addresses() -> None:
    for partition in load_catalogue(ROOT / "sources.yaml").partitions():
        assert partition.source.location.startswith("https://"), partition.id


def test_the_examples_hold_what_a_load_meets_in_practice(tmp_path: Path) -> None:
    catalogue = load_catalogue(ROOT / "examples" / "sources.yaml")
    contents: list[tuple[str, bytes]] = []
    for partition in catalogue.partitions():
        fetched = fetch(partition.source, base=catalogue.directory, cache=tmp_path)
        for file in walk(fetched.root, partition, fetched.left_out):
            assert file.outcome is None, file
            contents.append((f"{partition.id}/{file.path}", read(file, 10_000)))
    assert len(contents) >= 30
    assert {Path(path).suffix for path, _ in contents} == {".md", ".mdx", ".rst", ".ipynb", ".html", ".json", ".txt"}
    texts = [data for _, data in contents]
    assert any(texts.count(data) > 1 for data in texts if data), "an exact duplicate"
    assert b"" in texts, "an empty file"
    assert any(b'http-equiv="refresh"' in data for data in texts), "a redirect page"
    assert any(b'"nbformat": 3' in data for data in texts)
