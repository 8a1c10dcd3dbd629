"""The tree of a source: its own order, index pages as their folders, bounded, and items of crates by module."""

from __future__ import annotations

import pytest

from doc_assets.errors import NotFound
from doc_assets.serving.answers import ContentsNode
from doc_assets.serving.service import Service
from doc_assets.serving.sources.contents import build_tree, find, listed
from doc_assets.store.browse.contents import ListedDocument


def document(path: str, order: int | None = None, item: str | None = None, part: int = 0) -> ListedDocument:
    return ListedDocument(
        1, path, part, 2 if item else 1, f"Title of {item or path}", order, "fn" if item else None, item
    )


PAGES = [document("b/2-last.md", 9), document("b/10-first.md", 3), document("b/index.md", 2), document("a/z.md"),
         document("a/y.md"), document("intro.md", 1)]  # fmt: skip


def shape(nodes: tuple[ContentsNode, ...]) -> list[object]:
    return [(node.name, *shape(node.children)) if node.children else node.name for node in nodes]


def test_pages_stand_in_the_order_of_the_source_and_an_index_page_is_its_folder() -> None:
    tree = build_tree("t", "s", PAGES)
    nodes = listed(tree, depth=5, most=100)
    assert shape(nodes) == ["intro.md", ("b", "10-first.md", "2-last.md"), ("a", "y.md", "z.md")]
    folder = nodes[1]
    assert (folder.title, folder.id, folder.documents) == ("Title of b/index.md", "t/s/b/index.md", 3)


def test_names_without_a_place_are_sorted_as_people_sort_them() -> None:
    tree = build_tree("t", "s", [document(f"{name}.md") for name in ("c10", "c9", "B", "a")])
    assert shape(listed(tree, 1, 9)) == ["a.md", "B.md", "c9.md", "c10.md"]


def test_a_listing_is_bounded_and_counts_what_it_leaves_out() -> None:
    tree = build_tree("t", "s", PAGES)
    nodes = listed(tree, depth=1, most=100)
    assert [(node.name, node.left_out) for node in nodes] == [("intro.md", 0), ("b", 2), ("a", 2)]
    assert len(listed(tree, depth=5, most=2)) == 2
    assert shape(listed(tree, depth=5, most=4)) == ["intro.md", "b", "a"]


def test_items_of_a_crate_stand_below_their_modules() -> None:
    items = [document("c.json", item=path, part=n) for n, path in enumerate(["tokio", "tokio::fs", "tokio::fs::read"])]
    tree = build_tree("rust", "tokio", [*items, document("c.json", item="tokio::fs", part=3)])
    (file,) = listed(tree, 9, 99)
    assert shape((file,)) == [("c.json", ("tokio", ("fs", "read"), "fs"))]
    found = find(tree, "c.json/tokio/fs/read")
    assert found is not None and found.id == "rust/tokio/c.json@fn.tokio::fs::read"
    assert tree.documents == 4


def test_the_service_lists_a_folder_of_what_is_live(service: Service) -> None:
    answer = service.contents("rust", "tokio", depth=1)
    assert answer.documents == 27 and answer.left_out == 2  # the two items of crate.json
    assert (
        service.contents("rust", "tokio", under="crate.json", depth=3).children[0].children[0].title == "Struct Runtime"
    )
    with pytest.raises(NotFound, match="leave 'under' out"):
        service.contents("rust", "tokio", under="nowhere")
    with pytest.raises(NotFound, match="did you mean 'tokio'"):
        service.contents("rust", "tokyo")
