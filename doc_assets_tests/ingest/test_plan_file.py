"""A plan file holds for as long as nothing that it rests on moves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from doc_assets.errors import NotFound, Refused
from doc_assets.ingest.plan_file import PlanFile, PlannedPartition, basis
from doc_assets_tests.support.loading import guide, load

THEN = PlannedPartition(7, "source", "terms", {"a.md": (3, "aa"), "b.md": (4, None)})


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (dataclasses.replace(THEN, source="other"), "its entry in the catalogue has changed"),
        (dataclasses.replace(THEN, terms="other"), "its recipe has changed"),
        (dataclasses.replace(THEN, live=8), "snapshot 8 is live, and 7 was"),
        (dataclasses.replace(THEN, live=None), "snapshot none is live, and 7 was"),
        (dataclasses.replace(THEN, files={}), "its source is what is live, and was not"),
        (
            dataclasses.replace(THEN, files={**THEN.files, "a.md": (3, "ab"), "c.md": (1, "c")}),
            "2 of its files .*a.md, c.md",
        ),
        ("the source cannot be fetched", "the source cannot be fetched"),
        (None, "it is not in the catalogue any more"),
    ],
)
def test_what_moved_since_the_plan_is_named_and_refused(tmp_path: Path, now, said: str):
    path = tmp_path / "next.plan"
    PlanFile("2026-11-30T08:00:00+00:00", None, False, {"rust/a": THEN}).write(path)
    plan = PlanFile.read(path)
    plan.refuse_moved(path, {"rust/a": THEN, "rust/other": THEN})
    with pytest.raises(Refused, match=f"(?s)nothing was loaded.*rust/a: {said}.*doc-assets plan -o"):
        plan.refuse_moved(path, {} if now is None else {"rust/a": now})


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"doc_assets_plan": 99}', '{"doc_assets_plan": 1, "partitions": 3}'])
def test_another_file_is_no_plan(tmp_path: Path, text: str):
    (tmp_path / "x").write_text(text)
    with pytest.raises(Refused, match="doc-assets plan -o"):
        PlanFile.read(tmp_path / "x")
    with pytest.raises(NotFound):
        PlanFile.read(tmp_path / "absent")


def test_a_source_rests_on_the_bytes_of_its_files(source, loader, store):
    source.write_guides(2)

    def now() -> PlannedPartition:
        survey = loader.survey(source.partition, source.catalogue)
        return basis(loader.settings, source.catalogue, {}, [survey])[source.partition.name]

    first = now()
    assert first == now() and set(first.files) == {"guide-00.md", "guide-01.md"}
    source.write("guide-01.md", guide(1).replace("why", "how"))  # as long as before
    assert first != now()
    load(loader, store, source)
    assert now().files == {}
