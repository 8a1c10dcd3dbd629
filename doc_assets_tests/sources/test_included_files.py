"""What a document may read beside itself: inside the source only, within bounds, and every look remembered."""

import os

import pytest

from doc_assets.catalogue.globs import Selection
from doc_assets.sources.included_files import MAX_INCLUDED_BYTES, IncludedFiles, SourceNeighbours
from doc_assets.sources.walk import Scope
from doc_assets_tests.support.git_upstream import pointer_to


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.txt").write_text("outside")
    root = tmp_path / "source"
    (root / "listings").mkdir(parents=True)
    (root / "listings" / "main.rs").write_text("fn main() {}")
    (root / ".env").write_text("TOKEN=1")
    (root / "up.txt").symlink_to("../secret.txt")
    (root / "upward").symlink_to("..")
    (root / "same.rs").symlink_to("listings/main.rs")
    os.mkfifo(root / "pipe")
    (root / "large.txt").write_bytes(b"x" * (MAX_INCLUDED_BYTES + 1))
    return root


def test_a_file_of_the_source_is_read_also_through_a_link_inside_it(root):
    neighbours = SourceNeighbours(root)
    assert neighbours.read("listings/main.rs") == neighbours.read("same.rs") == b"fn main() {}"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "listings/../../secret.txt",
        "/secret.txt",
        "up.txt",
        "upward/secret.txt",
        ".env",
        "pipe",
        "large.txt",
        "listings",
        "absent.rs",
        "",
        "a\0b",
        "x" * 300,
    ],
)
def test_nothing_else_is_read_and_the_look_is_remembered(root, path):
    neighbours = SourceNeighbours(root)
    assert neighbours.read(path) is None
    assert neighbours.requested == {path: None}


def test_the_digest_moves_when_an_included_file_changes_appears_or_goes(root):
    neighbours = SourceNeighbours(root)
    neighbours.read("listings/main.rs")
    neighbours.read("SUMMARY.md")
    seen = [neighbours.digest]
    assert IncludedFiles(root).digest(neighbours.requested) == neighbours.digest
    (root / "SUMMARY.md").write_text("# Summary")
    seen.append(IncludedFiles(root).digest(neighbours.requested))
    (root / "listings" / "main.rs").write_text("fn main() { run() }")
    seen.append(IncludedFiles(root).digest(neighbours.requested))
    (root / "listings" / "main.rs").unlink()
    seen.append(IncludedFiles(root).digest(neighbours.requested))
    assert len(set(seen)) == 4


def test_only_what_the_source_takes_is_a_document_and_a_change_of_that_is_noticed(root):
    (root / "a.ipynb").write_text("{}")
    (root / "b.ipynb").write_bytes(pointer_to(b"the notebook"))
    takes = Scope(Selection(("*.ipynb",), ()))
    neighbours = SourceNeighbours(root, scope=takes)
    assert [neighbours.document(path) for path in ("a.ipynb", "b.ipynb", "same.rs", "../secret.txt")] == [
        b"{}",
        *[None] * 3,
    ]
    assert neighbours.problem is None and neighbours.requested.keys() == {
        "./a.ipynb",
        "./b.ipynb",
        "./same.rs",
        "./../secret.txt",
    }
    excluded = Scope(Selection(("*.ipynb",), ("a.ipynb",)))
    elsewhere = Scope(Selection(("*",), ()), frozenset(("listings",)))
    assert SourceNeighbours(root, scope=excluded).document("a.ipynb") is None
    assert SourceNeighbours(root, scope=elsewhere).document("a.ipynb") is None
    assert IncludedFiles(root, scope=takes).digest(neighbours.requested) == neighbours.digest
    assert IncludedFiles(root, scope=excluded).digest(neighbours.requested) != neighbours.digest


def test_a_document_is_asked_for_within_the_limits_of_a_load(root):
    limited = SourceNeighbours(root, max_document_bytes=MAX_INCLUDED_BYTES + 1, max_lookups=1)
    assert limited.document("large.txt") is not None and limited.document("same.rs") is None
    assert SourceNeighbours(root).document("large.txt") is None


def test_a_file_that_looks_at_nothing_has_no_digest(root):
    assert SourceNeighbours(root).digest is None


def test_what_a_document_may_read_is_limited(root):
    for name in ("a", "b", "c"):
        (root / name).write_bytes(b"x" * 10)
    single = SourceNeighbours(root, max_bytes=9)
    assert single.read("a") is None
    together = SourceNeighbours(root, max_all_bytes=25)
    assert [together.read(name) is not None for name in ("a", "b", "c", "a")] == [True, True, False, True]
    looks = SourceNeighbours(root, max_lookups=2)
    assert [looks.read(name) is not None for name in ("a", "absent", "b", "a")] == [True, False, False, True]
    assert list(looks.requested) == ["a", "absent"]


def test_a_pointer_is_not_included_and_the_document_lacks_it(root):
    (root / "part.md").write_bytes(pointer_to(b"the part"))
    neighbours = SourceNeighbours(root)
    assert neighbours.read("listings/main.rs") is not None and neighbours.problem is None
    assert neighbours.read("part.md") is None
    assert str(neighbours.problem).startswith("it includes part.md, a Git LFS pointer, not the document of 8 bytes")
    assert IncludedFiles(root).digest(neighbours.requested) == neighbours.digest


def test_the_navigation_files_of_a_folder_are_one_look_which_moves_when_one_appears(root):
    neighbours = SourceNeighbours(root)
    assert neighbours.navigation("listings") == neighbours.navigation("") == frozenset()
    seen = [neighbours.digest]
    assert neighbours.requested == {"listings/": None, "/": None}
    for name in ("listings/.pages", "SUMMARY.md", "main.txt"):
        (root / name).write_text("title: x\n")
        seen.append(IncludedFiles(root).digest(neighbours.requested))
    assert len(set(seen)) == 3 and seen[2] == seen[3]
    assert neighbours.navigation("listings") == {".pages"} and neighbours.navigation("") == {"SUMMARY.md"}
    assert neighbours.read("listings/.pages") == b"title: x\n"


@pytest.mark.parametrize("folder", ["..", "upward", "listings/..", "absent", "a\0b", "same.rs", ".git"])
def test_no_folder_outside_of_the_source_is_listed(root, folder):
    (root.parent / "SUMMARY.md").write_text("- [A](a.md)\n")
    assert SourceNeighbours(root).navigation(folder) == frozenset()


def test_a_folder_is_listed_again_only_after_it_has_changed(root, monkeypatch):
    (root / "listings" / "SUMMARY.md").write_text("- [A](a.md)\n")
    os.utime(root / "listings", (1, 1))
    assert SourceNeighbours(root).navigation("listings") == {"SUMMARY.md"}
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", lambda path: pytest.fail(f"{path} is listed again"))
        assert SourceNeighbours(root).navigation("listings") == {"SUMMARY.md"}
    (root / "listings" / "SUMMARY.md").unlink()
    assert SourceNeighbours(root).navigation("listings") == frozenset()
