"""A source that is cut into shards or renamed: its old partition is named everywhere until it is taken down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.errors import PublicationRefused
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.result import LoadResult
from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, guide, load, loader_for, settings_for

OLD = "best_practices/guides"
SHARDS = ["best_practices/guides.1", "best_practices/guides.2"]


def run(*arguments: str, code: int = 0):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result


def as_json(*arguments: str, code: int = 0):
    return json.loads(run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def source(tmp_path: Path) -> SmallSource:
    source = SmallSource(tmp_path / "work")
    source.write_guides(6)
    return source


@pytest.fixture
def loader(source: SmallSource, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Six guides are live; commands read their catalogue."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(source.catalogue_path))
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "home"))
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    load(loader, store, source)
    return loader


def rewrite(source: SmallSource, was: str, now: str) -> None:
    text = source.catalogue_path.read_text()
    assert was in text
    source.catalogue_path.write_text(text.replace(was, now))


def load_all(loader: Loader, source: SmallSource) -> list[LoadResult]:
    """Load every partition of the catalogue, as ``migrate`` does."""
    results = []
    for partition in source.catalogue.partitions():
        with loader.stage(loader.survey(partition, source.catalogue), run_id="test") as staged:
            results.append(staged.publish(audit(loader.store, staged.snapshot)))
    return results


def test_what_is_live_twice_after_a_change_of_shards_is_named_until_it_is_taken_down(source, loader, store):
    rewrite(source, "kind: directory\n", "kind: directory\n        shards: 2\n")
    assert [result.embedded for result in load_all(loader, source)] == [0, 0]

    (left,) = as_json("status")["left_catalogue"]
    assert (left["partition"], left["documents"], left["elsewhere"], left["also_in"]) == (OLD, 6, 6, SHARDS)
    assert "cut into 2 shards now" in left["reason"] and left["command"] == f"doc-assets retire {OLD}"
    assert as_json("catalogue", "check")["left_catalogue"] == [left]
    for command in (["catalogue", "check"], ["status"], ["migrate", "--dry-run"]):
        printed = " ".join(run(*command).output.split())
        assert OLD in printed and f"doc-assets retire {OLD}" in printed, command
    assert run("migrate", "--dry-run").stderr.count(f"doc-assets retire {OLD}") == 1
    assert as_json("migrate", "--dry-run")["left_catalogue"] == [left]

    found = search(store, loader.embedder, "subject2", mode="text")
    assert [(hit.source, hit.path, hit.also_in) for hit in found] == [("guides", "guide-02.md", ())]
    assert all(check["passed"] for check in as_json("validate"))

    done = as_json("retire", "--left-catalogue", "--yes")
    assert [(row["partition"], row["result"]) for row in done["partitions"]] == [(OLD, "unpublished")]
    assert as_json("status")["left_catalogue"] == as_json("catalogue", "check")["left_catalogue"] == []
    assert "doc-assets retire" not in run("migrate", "--dry-run").output
    assert as_json("retire", "--left-catalogue", "--yes")["partitions"] == []
    again = search(store, loader.embedder, "subject2", mode="text")
    assert [hit.path for hit in again] == ["guide-02.md"]


def test_fewer_shards_a_new_name_and_another_type_are_told_apart(source, loader, store):
    rewrite(source, "kind: directory\n", "kind: directory\n        shards: 4\n")
    load_all(loader, source)
    run("retire", OLD, "--yes")
    rewrite(source, "shards: 4", "shards: 2")
    assert {one["partition"]: one["reason"] for one in as_json("status")["left_catalogue"]} == {
        f"{OLD}.{i}": "its source is cut into 2 shards now: best_practices/guides.1, best_practices/guides.2"
        for i in (3, 4)
    }
    rewrite(source, "shards: 2", "shards: 1")
    reasons = {one["reason"] for one in as_json("status")["left_catalogue"]}
    assert reasons == {f"its source has no shards any more: {OLD}"}
    rewrite(source, "name: guides", "name: guide")
    reasons = {one["reason"] for one in as_json("status")["left_catalogue"]}
    assert reasons == {"type 'best_practices' has no source 'guides' (did you mean 'guide'?)"}
    rewrite(source, "best_practices:", "practices:")
    (reason,) = {one["reason"] for one in as_json("status")["left_catalogue"]}
    assert reason.startswith("it has no type 'best_practices'")


def test_a_shard_that_hands_pages_to_another_is_refused_with_the_reason(source, loader, store):
    for i in range(6, 24):
        source.write(f"guide-{i:02d}.md", guide(i))
    rewrite(source, "kind: directory\n", "kind: directory\n        shards: 2\n")
    load_all(loader, source)
    rewrite(source, "shards: 2", "shards: 3")
    with pytest.raises(PublicationRefused, match=r"guides\.1: .* its source has other shards now.*--allow-deletions"):
        load_all(loader, source)


def test_a_partition_that_is_still_listed_is_warned_of_and_loaded_again(source, loader, store):
    taken_down = run("retire", OLD, "--yes")
    assert "still in the catalogue" in taken_down.stderr and "doc-assets rollback --run" in taken_down.stderr
    assert as_json("status")["live"] == [] and "nothing is live" in run("validate").stderr
    assert [result.embedded for result in load_all(loader, source)] == [0]
    assert [row["partition"] for row in as_json("status")["live"]] == [OLD]


def test_the_wrong_catalogue_takes_nothing_down(source, loader, store):
    rewrite(source, "name: guides", "name: handbook")
    refused = run("retire", "--left-catalogue", code=1)
    assert "lists none of the 1 live partitions" in " ".join(refused.stderr.split())
    assert [row["partition"] for row in as_json("status")["live"]] == [OLD]
    assert as_json("retire", "*", "--dry-run")["partitions"][0]["result"] == "unpublished"


@pytest.mark.parametrize("arguments", [[], [OLD, "--left-catalogue"], ["best_practices/absent"], ["rust/*"]])
def test_a_wrong_name_or_none_is_misuse(loader, arguments):
    run("retire", *arguments, code=2)


def test_a_check_without_a_database_says_so(source, loader, store, monkeypatch, tmp_path):
    for url in ("postgresql://x@127.0.0.1:9/x", ""):
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
        monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "new home"))
        checked = as_json("catalogue", "check")
        assert checked["left_catalogue"] is None and checked["not_compared"]
        assert "not compared with what is live" in run("catalogue", "check").stderr
    assert not (tmp_path / "new home").exists()


def test_an_old_partition_whose_page_changed_meanwhile_is_still_told_by_what_is_live_twice(source, loader, store):
    rewrite(source, "name: guides", "name: handbook")
    rewrite(source, "location: guides", "location: guides\n        deletion_guard: 1")
    source.write("guide-00.md", guide(70))
    load_all(loader, source)
    (left,) = as_json("status")["left_catalogue"]
    assert (left["documents"], left["elsewhere"], left["also_in"]) == (6, 5, ["best_practices/handbook"])
