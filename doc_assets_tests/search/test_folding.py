"""Near duplicates in a real PostgreSQL: one of them is found, and the others are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.document.records import StoredDocument
from doc_assets.search.search import SearchResult, search
from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import near_duplicate_links
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.loading import SmallSource
from doc_assets_tests.support.near_duplicates import article, linked


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def ask(library: Library, query: str = "gadgets and widget3", **options: object) -> list[SearchResult]:
    return search(library.store, library.model, query, mode="text", **options)  # pyrefly: ignore[bad-argument-type]


def places(results: list[SearchResult]) -> list[str]:
    return [f"{p.source}/{p.path}" for p in results]


def test_near_duplicates_are_one_result_with_the_others_told_and_the_next_takes_the_free_place(
    library: Library,
) -> None:
    library.publish("ebpf/rst", {"maps.rst": article("Maps")}, base_url="https://docs.example/")
    library.publish("ebpf/html", {"maps.html": article("Maps", changed=1)})
    library.publish("ebpf/other", {"more.md": article("More gadgets", changed=9)})
    found = ask(library, k=2)
    assert places(found) == ["rst/maps.rst", "other/more.md"] or places(found) == ["html/maps.html", "other/more.md"]
    (also,) = found[0].also_in
    assert {f"{also.source}/{also.path}", places(found)[0]} == {"rst/maps.rst", "html/maps.html"}
    assert 0.7 <= also.similarity < 1
    assert "https://docs.example/maps.rst" in (found[0].url, also.url)
    assert found[1].also_in == ()


def test_a_near_duplicate_is_never_told_to_be_the_same_document(library: Library) -> None:
    # Equal words in other metadata: the estimate of their similarity is 1.
    library.publish("ebpf/a", {"one.md": article("Maps"), "two.md": article("Maps", licence="MIT")})
    (found,) = ask(library)
    assert [also.similarity for also in found.also_in] == [0.999]


def test_pages_of_one_template_under_other_titles_are_each_shown(library: Library) -> None:
    library.publish("ebpf/docs", {f"{name}.md": article(f"Helper bpf_{name}") for name in ("peek", "pop", "push")})
    assert len(ask(library)) == 3
    assert linked(library) == set()


def test_several_files_of_a_document_are_told_and_those_of_other_types_only_where_they_are_searched(
    library: Library,
) -> None:
    library.publish("ebpf/a", {"one.md": article("Maps"), "two.md": article("Maps")})
    library.publish("rust/b", {"three.md": article("Maps")})
    (found,) = ask(library)
    assert [(also.source, also.path, also.similarity) for also in found.also_in] == [
        ("a", "two.md", 1),
        ("b", "three.md", 1),
    ]
    (found,) = ask(library, types=["ebpf"])
    assert [also.path for also in found.also_in] == ["two.md"]
    assert linked(library) == {
        frozenset(("ebpf/a/one.md", "ebpf/a/two.md")),
        frozenset(("ebpf/a/one.md", "rust/b/three.md")),
    }


def test_a_file_that_holds_both_is_not_told_to_be_also_in_itself(library: Library) -> None:
    library.publish("rust/json", {"crate.json": [article("Maps"), article("Maps", 1)]})
    library.publish("rust/html", {"maps.html": article("Maps", 2)})
    (found,) = ask(library)
    assert {found.path, *(also.path for also in found.also_in)} == {"crate.json", "maps.html"}
    assert len(found.also_in) == 1


def test_keep_all_shows_each_document_of_its_source_and_others_still_fold(library: Library) -> None:
    library.publish("ebpf/kept", {"a.md": article("Maps"), "b.md": article("Maps", 1)}, near_duplicates="keep_all")
    library.publish("ebpf/plain", {"c.md": article("Maps", 2)})
    found = ask(library)
    assert {*places(found)} >= {"kept/a.md", "kept/b.md"}
    assert "plain/c.md" in places(found) or [also.path for p in found for also in p.also_in] == ["c.md"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (article("Maps", first="gadgets gadgets widget3 answer"), article("Maps", first="nothing to see")),
        # Found by none of its words: the result that corresponds is shown.
        (article("Maps", first="zebra crossing"), article("Maps", first="horse")),
        # The same document in both folders.
        (article("Maps", first="zebra"), article("Maps", first="zebra")),
    ],
)
def test_prefer_newest_shows_the_highest_version(library: Library, old: StoredDocument, new: StoredDocument) -> None:
    files = {"v1.9/maps.md": old, "v1.10/maps.md": new, "v1.2/maps.md": article("Maps", 1)}
    library.publish("kubernetes/talos", files, near_duplicates="prefer_newest")
    for query in ("gadgets widget3 answer", "zebra"):
        if query == "zebra" and "zebra" not in old.text:
            continue
        (found,) = ask(library, query)
        assert found.path == "v1.10/maps.md"
        assert {also.path for also in found.also_in} == {"v1.9/maps.md", "v1.2/maps.md"}
        assert found.text in new.text


def test_versions_of_other_sources_do_not_compare(library: Library) -> None:
    library.publish("rust/a", {"v1/maps.md": article("Maps", first="zebra")}, near_duplicates="prefer_newest")
    library.publish("rust/b", {"v9/maps.md": article("Maps", 1)}, near_duplicates="prefer_newest")
    assert places(ask(library, "zebra")) == ["a/v1/maps.md"]


def test_of_versions_of_one_product_the_newest_is_shown_unless_a_version_is_asked_for(library: Library) -> None:
    old = article("Maps", first="zebra", product="cilium", version="1.9")
    library.publish("kubernetes/old", {"maps.md": old})
    library.publish("kubernetes/new", {"maps.md": article("Maps", 1, product="cilium", version="1.10")})
    library.publish("kubernetes/else", {"maps.md": article("Maps", 2, product="talos", version="2.0")})
    (found,) = ask(library, "zebra")
    assert places([found]) == ["new/maps.md"]
    assert {also.source for also in found.also_in} == {"old", "else"}
    assert places(ask(library, "zebra", where={"version": "1.9"})) == ["old/maps.md"]


def test_prefer_source_shows_the_preferred_one_where_it_is_there(library: Library) -> None:
    policy = "prefer_source ebpf/rst"
    html = {"maps.html": article("Maps", first="zebra"), "alone.html": article("Alone", changed=12, first="zebra")}
    library.publish("ebpf/html", html, near_duplicates=policy)
    library.publish("ebpf/rst", {"maps.rst": article("Maps", 1)})
    assert {*places(ask(library, "zebra"))} == {"rst/maps.rst", "html/alone.html"}


def test_what_does_not_meet_the_filter_is_told_and_not_shown(library: Library) -> None:
    files = {
        "v1/maps.md": article("Maps", first="zebra", product="a", version="1"),
        "v2/maps.md": article("Maps", 1, product="b", version="2"),
    }
    library.publish("rust/a", files, near_duplicates="prefer_newest")
    assert places(ask(library, "zebra")) == ["a/v2/maps.md"]
    (found,) = ask(library, "zebra", where={"product": "a"})
    assert found.path == "v1/maps.md"
    assert [also.path for also in found.also_in] == ["v2/maps.md"]


def test_what_is_not_live_is_not_told(library: Library) -> None:
    library.publish("ebpf/rst", {"maps.rst": article("Maps")})
    library.publish("ebpf/html", {"maps.html": article("Maps", 1)})
    library.publish("ebpf/html", {"else.html": article("Else", 12)})
    (found,) = ask(library)
    assert found.also_in == ()
    assert linked(library) == set()


def test_very_many_that_are_alike_have_no_more_links_than_allowed_each(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicate_links, "_MAX_CANDIDATES", 3)
    library.publish("rust/stubs", {f"{i}.md": article("Moved", version=f"{i}") for i in range(30)})
    assert 27 <= len(linked(library)) <= 90
    assert len(ask(library)) < 30


def test_every_policy_of_the_catalogue_can_be_stored(tmp_path: Path, library: Library) -> None:
    source = SmallSource(tmp_path)
    for n, policy in enumerate(("keep_all", "prefer_best", "prefer_newest", "prefer_source  ebpf/linux-bpf_6.1")):
        written = source.catalogue.partitions()[0].source
        checked = type(written).model_validate({**written.model_dump(), "near_duplicates": policy})
        library.publish(f"rust/p{n}", {"a.md": article(f"A{n}")}, near_duplicates=checked.near_duplicates)
    assert len(ask(library)) == 4
