"""Facts and site of a source, as the catalogue states them."""

from __future__ import annotations

from pathlib import Path

from doc_assets_tests.support.catalogue_files import SOUND, load, mistake


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
