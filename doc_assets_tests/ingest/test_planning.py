"""A plan says what the load after it does, parses nothing that is known, and hands over what it parsed."""

from __future__ import annotations

import pytest

from doc_assets.ingest.loader import Loader
from doc_assets.ingest.planning import DocumentChanges, PartitionPlan, Planner, compare
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import SmallSource, guide, load

COUNTS = (
    *("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks", "embedded", "reused", "tokens"),
    *("tokens_embedded", "bytes"),
)


def plan_of(loader: Loader, source: SmallSource) -> PartitionPlan:
    return Planner(loader).plan(loader.survey(source.partition, source.catalogue))


def parsed_by(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the loader's workers parse from now on."""
    paths: list[str] = []
    parse = loader.parse_pool.parse

    def recorded(tasks):
        tasks = list(tasks)
        paths.extend(task.file.path for task in tasks)
        return parse(iter(tasks))

    monkeypatch.setattr(loader.parse_pool, "parse", recorded)
    return paths


def test_a_plan_says_what_the_load_does_and_writes_nothing(source, loader: Loader, store: Store, monkeypatch):
    source.write_guides(4)
    source.write("copy.md", guide(1))
    source.write("same-content.md", guide(2).replace("# Guide 2\n", "# Guide 2\n\n"))
    source.write("empty.md", "")
    source.write("broken.ipynb", "{")
    paths = parsed_by(loader, monkeypatch)
    plan = plan_of(loader, source)
    with store.connect() as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM snapshot) + (SELECT count(*) FROM chunk)"
        ).fetchone() == (0,)
    assert plan.changes == DocumentChanges(added=4) and plan.refusal is None
    assert [(file.path, bool(file.reason)) for file in plan.rejected] == [("broken.ipynb", True)]
    paths.clear()
    result = load(loader, store, source)
    assert [getattr(plan.result, name) for name in COUNTS] == [getattr(result, name) for name in COUNTS]
    # What is rejected is parsed again; all else was taken over from the plan, whose archive is gone then.
    assert paths == ["broken.ipynb"]
    assert list((loader.settings.home / "planned").iterdir()) == []


def test_only_what_is_not_stored_is_parsed_and_each_document_counts_by_what_happens_to_it(
    source, loader: Loader, store: Store, monkeypatch
):
    source.write_guides(6)
    load(loader, store, source)
    assert plan_of(loader, source).result.result == "unchanged"
    source.write("guide-00.md", guide(70))
    source.write("new.md", guide(80))
    (source.root / "guide-01.md").rename(source.root / "moved.md")
    (source.root / "guide-02.md").unlink()
    paths = parsed_by(loader, monkeypatch)
    plan = plan_of(loader, source)
    assert plan.changes == DocumentChanges(added=1, changed=1, moved=1, removed=1, unchanged=3)
    assert sorted(paths) == ["guide-00.md", "moved.md", "new.md"] and plan.files_parsed == 3
    result = load(loader, store, source)
    assert [getattr(plan.result, name) for name in COUNTS] == [getattr(result, name) for name in COUNTS]


def test_a_guard_that_will_refuse_is_named_before(source, loader: Loader, store: Store):
    source.write_guides(40)
    load(loader, store, source)
    for path in sorted(source.root.iterdir())[:30]:
        path.unlink()
    plan = plan_of(loader, source)
    assert plan.changes.removed == 30
    assert plan.refusal is not None and "30 of 40 live documents" in plan.refusal
    allowed = Planner(loader, allow_deletions=True).plan(loader.survey(source.partition, source.catalogue))
    assert allowed.refusal is None


def test_a_chunk_that_two_partitions_share_is_to_embed_once(source, loader: Loader):
    source.write_guides(2)
    planner, survey = Planner(loader), loader.survey(source.partition, source.catalogue)
    first, second = planner.plan(survey), planner.plan(survey)
    assert first.result.embedded == first.result.chunks == len(planner.sample) > 0
    assert (second.result.embedded, second.result.reused) == (0, second.result.chunks)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"a": (b"1", b"2")}, DocumentChanges(added=2)),
        ({"a": (b"1",)}, {"b": (b"1",)}, DocumentChanges(moved=1)),
        ({"a": (b"1",)}, {"a": (b"1",), "b": (b"1",)}, DocumentChanges(added=1, unchanged=1)),
        ({"a": (b"1", b"2", b"3")}, {"a": (b"1", b"4")}, DocumentChanges(changed=1, removed=1, unchanged=1)),
        ({"a": (b"1",), "b": (b"2",)}, {}, DocumentChanges(removed=2)),
    ],
)
def test_documents_are_matched_by_path_then_by_content(before, after, expected):
    assert compare(before, after) == expected
