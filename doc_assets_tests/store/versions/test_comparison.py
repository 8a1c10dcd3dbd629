"""What differs between two snapshots, in a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.errors import Misuse, NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import lifecycle, publication
from doc_assets.store.versions.comparison import Comparison, DocumentChange, compare
from doc_assets.store.versions.rollback import rollback
from doc_assets.store.versions.text_diff import patch
from doc_assets_tests.support.library import Library, WordModel, page

PARTITION = "rust/std"


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


def differences(library: Library, before: Mapping, after: Mapping) -> Comparison:
    """Of two snapshots that were live one after the other."""
    library.publish(PARTITION, before)
    library.publish(PARTITION, after)
    return compare(library.store, PARTITION)


def rejected(path: str, reason: str) -> FileRecord:
    return FileRecord(path, 1, b"\1" * 32, "rejected", reason)


def long_page(title: str, *words: str) -> StoredDocument:
    return page(title, *(f"passage about {word}" for word in words))


def test_every_way_in_which_a_document_differs_is_told_by_its_status(library: Library):
    kept, moved, copied = long_page("Kept", "a"), long_page("Moved", "b", "c"), long_page("Copied", "d")
    found = differences(
        library,
        {
            "kept.md": kept,
            "changed.md": long_page("Changed", "one", "two", "three"),
            "gone.md": long_page("Gone", "x", "y"),
            "old/moved.md": moved,
            "copied.md": copied,
        },
        {
            "kept.md": kept,
            "changed.md": long_page("Changed", "one", "three", "four", "five"),
            "added.md": long_page("Added", "p", "q", "r"),
            "new/moved.md": moved,
            "copied.md": copied,
            "copy.md": copied,
        },
    )
    assert found.documents == (
        DocumentChange("added", "added.md", None, 3, 0, 0),
        DocumentChange("changed", "changed.md", None, 2, 1, 2),
        DocumentChange("copied", "copy.md", "copied.md", 0, 0, 1),
        DocumentChange("removed", "gone.md", None, 0, 2, 0),
        DocumentChange("moved", "new/moved.md", "old/moved.md", 0, 0, 2),
    )
    assert (found.unchanged, found.outcomes, found.settings) == (2, (), ())
    gained = found.summary["chunks_added"] - found.summary["chunks_removed"]
    assert gained == found.after.chunks - found.before.chunks == 2


def test_the_way_back_is_the_mirror_image(library: Library):
    found = differences(
        library,
        {"a.md": long_page("A", "a", "b"), "b.md": long_page("B", "c")},
        {"a.md": long_page("A", "a", "c", "c"), "new.md": long_page("New", "n")},
    )
    back = compare(library.store, PARTITION, "live", "previous")
    assert [c.status for c in found.documents] == ["changed", "removed", "added"]
    assert (found.documents[0].chunks_added, found.documents[0].chunks_removed) == (2, 1), "a passage that stands twice"
    assert [(c.path, c.chunks_removed, c.chunks_added) for c in back.documents] == [
        (c.path, c.chunks_added, c.chunks_removed) for c in found.documents
    ]


def test_a_snapshot_does_not_differ_from_itself_whatever_it_is_called(library: Library):
    library.publish(PARTITION, {"a.md": long_page("A", "a"), "b.md": long_page("A", "a")})
    live = library.publish(PARTITION, {"a.md": long_page("A", "b"), "b.md": long_page("A", "b")})
    for name in (str(live), "live", "now"):
        found = compare(library.store, PARTITION, "live", name)
        assert (found.documents, found.outcomes, found.unchanged) == ((), (), 2)


def test_files_that_swap_their_content_are_changed_and_a_move_prefers_the_same_name(library: Library):
    one, two = long_page("One", "a"), long_page("Two", "b")
    found = differences(library, {"1.md": one, "2.md": two}, {"1.md": two, "2.md": one})
    assert [(c.status, c.chunks_added, c.chunks_removed) for c in found.documents] == [("changed", 1, 1)] * 2
    twice = {"a/x.md": one, "a/y.md": one, "b/z.md": one}
    library.publish(PARTITION, twice)
    library.publish(PARTITION, {"c/y.md": one, "c/x.md": one})
    found = compare(library.store, PARTITION)
    assert [(c.status, c.origin, c.path) for c in found.documents] == [
        ("removed", None, "b/z.md"),
        ("moved", "a/x.md", "c/x.md"),
        ("moved", "a/y.md", "c/y.md"),
    ]
    assert found.summary["chunks_removed"] == 0, "its content is still there"


def test_an_outcome_that_changed_is_told_with_its_reason(library: Library):
    one = long_page("One", "a", "b")
    found = differences(
        library,
        {"a.md": one, "broken.md": rejected("broken.md", "no text"), "same.md": rejected("same.md", "noise")},
        {"a.md": rejected("a.md", "not UTF-8"), "broken.md": one, "same.md": rejected("same.md", "other noise")},
    )
    assert [(o.path, o.before, o.after, o.reason) for o in found.outcomes] == [
        ("a.md", "loaded", "rejected", "not UTF-8"),
        ("broken.md", "rejected", "loaded", None),
    ]
    assert [(c.status, c.path, c.origin) for c in found.documents] == [
        ("removed", "a.md", None),
        ("copied", "broken.md", "a.md"),
    ]


def test_another_recipe_and_other_addresses_are_named_by_what_differs(library: Library):
    old, new = {"chunker": 1, "parsers": {"html": 1, "rst": 1}}, {"chunker": 2, "parsers": {"html": 1, "rst": 3}}
    library.publish(PARTITION, {"a.md": long_page("A", "a")}, recipe=json.dumps(old))
    library.publish(PARTITION, {"a.md": long_page("A", "a")}, recipe=json.dumps(new), base_url="https://docs.example/")
    assert compare(library.store, PARTITION).settings == (
        "recipe chunker: 1 → 2",
        "recipe parsers.rst: 1 → 3",
        "addresses below: none → https://docs.example/",
    )


def test_only_snapshots_of_the_partition_with_their_manifest_are_compared(library: Library):
    other = library.publish("ebpf/kernel", {"a.md": long_page("A", "a")})
    with pytest.raises(NotFound, match=r"nothing of ebpf/kernel was replaced yet"):
        compare(library.store, "ebpf/kernel")
    with pytest.raises(NotFound, match=rf"nothing of ebpf/kernel was live before snapshot {other} was first published"):
        compare(library.store, "ebpf/kernel", "previous")
    first = library.publish(PARTITION, {"a.md": long_page("A", "a")})
    with pytest.raises(NotFound, match=r"is one of ebpf/kernel, not of rust/std"):
        compare(library.store, PARTITION, str(other))
    with pytest.raises(NotFound, match="was never loaded"):
        compare(library.store, "rust/absent")
    with pytest.raises(Misuse, match="is no moment"):
        compare(library.store, PARTITION, "the last one")
    lease = library.stage(PARTITION, {"b.md": long_page("B", "b")})
    with pytest.raises(NotFound, match="has not finished"):
        compare(library.store, PARTITION, "live", str(lease.snapshot))
    with library.store.connect() as connection, connection.transaction():
        lifecycle.reject(connection, lease)
    found = compare(library.store, PARTITION, "live", str(lease.snapshot))
    assert (found.after.status, found.summary["added"], found.summary["removed"]) == ("rejected", 1, 1)
    with library.store.connect() as connection, connection.transaction():
        publication.move(connection, {2: None}, "rollback")
    with pytest.raises(NotFound, match=r"nothing of rust/std is live"):
        compare(library.store, PARTITION, str(first), "live")


def test_after_a_rollback_the_difference_is_what_the_rollback_changed(library: Library):
    old, new = (library.publish(PARTITION, {"a.md": long_page("A", word)}) for word in ("alpha", "beta"))
    found = compare(library.store, PARTITION)
    assert (found.before.id, found.after.id) == (old, new)
    rollback(library.store, PARTITION)
    found = compare(library.store, PARTITION)
    assert (found.before.id, found.after.id) == (new, old)


def test_the_patch_of_a_document_shows_its_lines_under_its_old_and_its_new_path(library: Library):
    text = long_page("A", "alpha", "beta")
    found = differences(
        library,
        {"a.md": text, "m.md": long_page("M", "m"), "d.md": long_page("D", "d")},
        {"a.md": long_page("A", "alpha", "gamma"), "n.md": long_page("M", "m")},
    )
    lines = list(patch(library.store, found, "a.md"))
    assert lines[0].startswith("--- a/a.md") and lines[1].startswith("+++ b/a.md")
    assert "-passage about beta" in lines and "+passage about gamma" in lines and " passage about alpha" in lines
    assert list(patch(library.store, found, "n.md")) == []
    gone = list(patch(library.store, found, "d.md"))
    assert gone[1].startswith("+++ /dev/null") and "-title: D" in gone
    with pytest.raises(NotFound, match="does not differ"):
        list(patch(library.store, found, "absent.md"))
