"""``rollback`` and ``discard`` on the command line: which options go together, what is printed, what machines read."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.errors import DocAssetsError, PartitionLocked, Refused
from doc_assets.store.partitions.partitions import partition_id_of, partition_lock
from doc_assets.store.versions.retirement import retire
from doc_assets.store.versions.rollback import WouldTakeDown
from doc_assets_tests.support.memory_partitions import Shelf, version


@pytest.fixture
def shelves(store, database_url, monkeypatch) -> list[Shelf]:
    """Two partitions with three snapshots each."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    shelves = [Shelf(store, "one"), Shelf(store, "two")]
    for shelf in shelves:
        shelf.publish_versions(3)
    return shelves


def run(*arguments: str, code: int = 0, typed: str = ""):
    result = CliRunner().invoke(app, list(arguments), input=typed)
    ended = result.exception.__context__ if result.exception else None  # typer.Exit, raised from the error
    if ended is not None and code == 0 and isinstance(ended.__cause__, DocAssetsError):
        raise ended.__cause__
    assert result.exit_code == code, result.output
    return result


def as_json(*arguments: str):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "what is to go back"),
        (["--to", "3"], "what is to go back"),
        (["--type", "test"], "needs --as-of"),
        (["test/one", "--type", "test", "--as-of", "1h"], "not both"),
        (["test/one", "--to", "1", "--as-of", "1h"], "both say where to"),
        (["test/one", "--run", "12345678"], "give --run alone"),
        (["--run", "12345678", "--as-of", "1h"], "give --run alone"),
        (["--as-of", "soon"], "is no moment"),
        (["--as-of", "2999-01-01"], "in the future"),
    ],
)
def test_options_that_make_no_sense_together_are_misuse(arguments, sentence):
    printed = " ".join(run("rollback", *arguments, code=2).output.replace("│", " ").split())
    assert sentence in printed


def test_one_partition_goes_back_and_a_run_takes_that_back(shelves):
    plan = as_json("rollback", "test/one", "--dry-run")
    assert (plan["dry_run"], plan["run_id"], plan["result"]) == (True, None, "published")
    back = as_json("rollback", "test/one")
    assert (back["partition"], back["from"], back["to"]) == ("test/one", plan["from"], plan["to"])
    assert back["digest"] == plan["digest"] and back["run_id"] and back["seconds"] > 0
    again = as_json("rollback", "--run", back["run_id"][:8])
    assert [(row["from"], row["to"]) for row in again["partitions"]] == [(back["to"], back["from"])]
    assert as_json("rollback", "test/one", "--to", str(back["from"]))["result"] == "unchanged"
    printed = run("rollback", "test/one", "--to", str(back["to"])).output
    assert f"test/one: snapshot {back['from']} → {back['to']}, digest {back['digest'][:16]}… proven" in printed
    assert "doc-assets rollback --run" in printed and "undoes it" in printed


def test_a_type_and_the_store_go_back_to_a_moment_whose_time_zone_is_said(shelves, store):
    with store.connect() as connection:
        moments = connection.execute("SELECT at FROM publication ORDER BY id").fetchall()
    when = moments[3][0].isoformat()  # the first load of the second partition
    whole = as_json("rollback", "--as-of", when, "--dry-run")
    rows = as_json("rollback", "--type", "test", "--as-of", when)
    assert rows["as_of"] == whole["as_of"] and rows["partitions"] == whole["partitions"]
    assert [row["result"] for row in rows["partitions"]] == ["unchanged", "published"]
    before = moments[0][0].replace(tzinfo=None)
    printed = run("rollback", "--as-of", f"{before.year - 1}-01-01", "--yes").output
    assert "taken down: nothing was live before" in printed and "2 of 2 partitions moved, 2 of them" in printed
    assert f"as of {before.year - 1}-01-01 00:00:00 " in printed
    assert "nothing of type 'absent' was ever" in run("rollback", "-t", "absent", "--as-of", "1h", code=2).output


def test_nothing_live_is_taken_down_without_a_yes(shelves, store, monkeypatch):
    def live() -> list:
        with store.connect() as connection:
            return connection.execute("SELECT name, published_snapshot_id FROM partition ORDER BY id").fetchall()

    before = live()
    commands = (["rollback", "--as-of", "2000-01-01"], ["retire", "test/*"])
    for command in commands:
        with pytest.raises(
            Refused, match=r"^2 of 2 partitions would be taken down, with 6 live documents: test/one, t"
        ):
            run(*command)
        assert [row["result"] for row in as_json(*command, "--dry-run")["partitions"]] == ["unpublished"] * 2
    monkeypatch.setattr("doc_assets.cli.consent.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    for command in commands:
        with pytest.raises(Refused, match="nothing was moved"):
            run(*command, typed="\n")
    assert live() == before
    run("retire", "test/one", typed="y\n")
    assert [snapshot is None for _, snapshot in live()] == [True, False]
    # What is down already needs no consent, and who agreed to one partition did not agree to another.
    asked = run("retire", "test/*", typed="\n", code=1).stderr
    assert "1 of 2 partitions would be taken down, with 3 live documents: test/two. Take them down?" in asked
    with pytest.raises(WouldTakeDown):
        retire(store, ("test/*",), may_take_down=["test/one"])
    run("retire", "test/*", "--yes")
    assert [snapshot for _, snapshot in live()] == [None, None]


def test_discard_says_what_it_dropped_and_what_it_left_alone(shelves, store):
    left = [shelf.leave({"moving.md": version(9)}) for shelf in shelves]
    run("discard", code=2), run("discard", "test/one", "--all", code=2)
    with (
        store.connect("the holder") as connection,
        partition_lock(connection, partition_id_of(connection, "test/one"), "test/one"),
    ):
        done = as_json("discard", "--all")
        with pytest.raises(PartitionLocked, match="the holder"):
            run("discard", str(left[0]))
    assert [(row["partition"], row["snapshot"], row["status"]) for row in done["dropped"]] == [
        ("test/two", left[1], "staging")
    ]
    assert "test/one" in done["held"][0]
    assert "1 snapshot discarded" in run("discard", "test/one").output
    with pytest.raises(Refused, match="discarded before"):
        run("discard", str(left[0]))
