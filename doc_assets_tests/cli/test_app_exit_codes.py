"""Exit codes of the command line: 2 for misuse and for what does not exist, 1 for refusals and outages."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doc_assets.cli import db, main, output
from doc_assets.runtime import log_context
from doc_assets.settings import LogSettings, Settings, layers
from doc_assets.store.schema.opening import open_store
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.memory_partitions import Shelf

Run = Callable[..., tuple[int, str]]
NEVER_LOADED = "test/absent was never loaded here"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs ``doc-assets`` in this process; its exit code and what it printed on stderr, on one line."""
    # What options before the command set is kept for the process: here for a test.
    monkeypatch.setattr(layers, "_flags", {})
    monkeypatch.setattr(os, "environ", dict(os.environ))

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), " ".join(capsys.readouterr().err.replace("│", " ").split())

    yield command
    output.messages.quiet = False
    log_context.configure(LogSettings())


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[Shelf]:
    """Partition ``test/shelf`` with two published snapshots, the second live, in a database of its own."""
    with (
        new_database(server_url) as url,
        open_store(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})) as store,
    ):
        shelf = Shelf(store)
        shelf.publish_versions(2)
        yield shelf


@pytest.fixture
def shelf(filled: Shelf, tmp_path, monkeypatch) -> Shelf:
    """The one that ``run`` finds through the environment."""
    (tmp_path / "sources.yaml").write_text(
        "types:\n  test:\n    sources:\n      - {name: shelf, kind: directory, location: .}\n"
    )
    places = {"DATABASE_URL": filled.store.url, "HOME": tmp_path, "CATALOGUE": tmp_path / "sources.yaml"}
    for name, value in places.items():
        monkeypatch.setenv(f"DOC_ASSETS_{name}", str(value))
    return filled


MISUSE = {
    "rollback test/shelf --to soon": "'soon' is no snapshot",
    "rollback --as-of soon": "'soon' is no moment",
    "manifest test/shelf --as-of 2999-01-01": "in the future",
    "show nonsense": "'nonsense' is no snapshot",
    "history --since soon": "'soon' is no moment",
    "search": "the query is empty",
    "search x --mode text --as-of soon": "'soon' is no moment",
    "search x --mode text --where crate": "is not FIELD=VALUE",
    "search x --mode sound": "'sound'",
    "search x -k 0": "-k",
    "gc --keep -1": "--keep",
    "db roles --reader a --loader a": "cannot both be 'a'",
    "evaluate absent.jsonl": "cannot be read as a file of questions",
    "migrate --space nobody@fp8": "'fp8' is no precision",
    "no-such-command": "No such command",
    "migrate -p test/shelf -t other": "test/shelf is of type test, not of other",
    "gc test/shelf -t other": "test/shelf is of type test, not of other",
    "validate test/shelf -t other": "test/shelf is of type test, not of other",
    "duplicates -p test/shelf -t other": "test/shelf is of type test, not of other",
    "quarantine list test/shelf -t other": "test/shelf is of type test, not of other",
    "history test/shelf -t other": "test/shelf is of type test, not of other",
    "snapshots -p test/shelf -t other": "test/shelf is of type test, not of other",
    "show test/shelf -p test/other": "give one partition: test/shelf or test/other",
    "manifest": "which partition? Give TYPE/KEY",
    "diff": "which partition? Give TYPE/KEY",
    "show": "which partition? Give TYPE/KEY",
    "quarantine show test/shelf": "which file?",
    "quarantine show": "which file?",
}
NOT_FOUND = {
    "rollback test/absent": NEVER_LOADED,
    "rollback absent": "partition absent was never loaded",
    "rollback test/shelf --to 99": "no published snapshot 99",
    "rollback test/absent --as-of 1h": NEVER_LOADED,
    "rollback --type absent --as-of 1h": "nothing of type 'absent' was ever loaded",
    "rollback --run 12345678": "no run 12345678 changed what is live",
    "manifest test/absent": "test/absent was never loaded here",
    "manifest test/shelf --as-of 99": "snapshot 99 does not exist",
    "manifest test/shelf --as-of 2000-01-01": "nothing of test/shelf was live on",
    "show test/absent": NEVER_LOADED,
    "show 99": "snapshot 99 does not exist",
    "diff test/absent": NEVER_LOADED,
    "diff test/shelf 99": "snapshot 99 does not exist",
    "diff test/shelf --patch absent.md": "'absent.md' does not differ",
    "snapshots test/absent": NEVER_LOADED,
    "history test/absent": NEVER_LOADED,
    "quarantine list -p test/absent": NEVER_LOADED,
    "quarantine show test/absent a.md": NEVER_LOADED,
    "quarantine show test/shelf absent.md": "no snapshot of test/shelf knows 'absent.md'",
    "quarantine retry test/absent": NEVER_LOADED,
    "discard test/absent": NEVER_LOADED,
    "discard 99": "snapshot 99 does not exist",
    "validate 99": "snapshot 99 does not exist",
    "validate --partition test/absent": "'test/absent' is not live",
    "validate --type absent": "nothing of type 'absent' is live",
    "search x --mode text --type absent": "of type absent",
    "search x --mode text --source absent": "of source absent",
    "search x --mode text --where colour=red": "unknown field 'colour'",
    "search x --mode text --as-of 99": "snapshot 99 does not exist",
    "search x --mode text --as-of 2000-01-01": "nothing was live on",
    "gc --partition test/absent": NEVER_LOADED,
    "gc --type absent": "nothing of type 'absent' was ever loaded",
    "spaces drop 99": "no embedding space 99",
    "migrate --space 99": "no embedding space 99",
    "migrate --partition test/absent": "no partition 'test/absent'",
    "migrate --type absent": "no type 'absent'",
    "duplicates --type absent": "nothing is live of absent",
    "duplicates test/shel": "(did you mean 'test/shelf'?)",
    "history -t tset": "nothing of type 'tset' was ever loaded here (did you mean 'test'?): there are test",
    "snapshots -t tset": "(did you mean 'test'?)",
    "quarantine list -t tset": "(did you mean 'test'?)",
    "rollback -p test/shel": "(did you mean 'test/shelf'?)",
    "manifest shelf": "partition shelf was never loaded here (did you mean 'test/shelf'?)",
    "validate -t tset": "(did you mean 'test'?)",
    "migrate -t tset": "(did you mean 'test'?)",
    "search x --mode text -t tset": "(did you mean 'test'?)",
    "search x --mode text --source shel": "(did you mean 'shelf'?): there are test/shelf",
    "db client no-such-program": "no program 'no-such-program'",
}


def test_what_no_code_expected_is_one_line_and_a_traceback_for_those_who_debug(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("two\nlines")

    monkeypatch.setattr(db.roles, "roles_sql", fail)
    code, said = run("db", "roles")
    assert (code, said.partition(";")[0]) == (1, "error: TypeError: two lines") and "--log-level debug" in said
    assert "Traceback" not in said and "Traceback" in run("--log-level", "DEBUG", "db", "roles")[1]


def test_a_full_disk_under_stdout_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        said = "error: stdout cannot be written, so that the result is lost: No space left on device"
        assert run("db", "roles") == run("--help") == (1, said)


@pytest.mark.parametrize("command", ["nosuch", "--nosuch", "db nosuch", "db roles --nosuch", "search x -k 0"])
def test_misuse_is_logged_as_json_where_messages_are(run: Run, command: str) -> None:
    code, said = run("--log-format", "json", *command.split())
    assert (code, json.loads(said)["level"]) == (2, "error")


def test_what_cannot_be_written_is_misuse(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "documents" / "ebpf" / "notes").mkdir(parents=True)
    code, said = run("catalogue", "init", str(tmp_path / "documents"), "-o", str(tmp_path / "absent" / "x.yaml"))
    assert (code, "cannot be written (No such file or directory)" in said) == (2, True), said
    monkeypatch.setenv("DOC_ASSETS_HOME", "/dev/null/home")
    code, said = run("db", "upgrade")
    assert (code, "DOC_ASSETS_HOME names another one" in said) == (2, True), said


@pytest.mark.parametrize(("command", "sentence"), [*MISUSE.items(), *NOT_FOUND.items()])
def test_misuse_and_what_does_not_exist_end_with_two_and_name_it(
    run: Run, shelf: Shelf, command: str, sentence: str
) -> None:
    code, said = run(*(command.split() if command != "search" else ["search", " "]))
    assert (code, sentence in said) == (2, True), said


# Commands that need a store; `exporter` replaces the process.
_OF_A_STORE = (
    *("status", "status --watch", "history", "snapshots", "show 1", "diff test/shelf", "manifest test/shelf"),
    *("duplicates", "search x", "search x --mode text", "search x --around section", "fetch test/shelf/a.md"),
    *("resolve x", "serve", "mcp", "spaces", "quarantine list", "db check", "db url"),
    *("validate", "gc", "rollback test/shelf", "retire test/shelf", "discard 1", "spaces drop 1"),
)


@pytest.mark.parametrize("command", _OF_A_STORE)
def test_what_needs_a_store_makes_none_and_says_where_it_looked(
    run: Run, command: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("DATABASE_URL", "HOME", "CATALOGUE"):
        monkeypatch.delenv(f"DOC_ASSETS_{name}", raising=False)
    code, said = run(*command.split())
    assert code == 2 and f"no store here: neither {tmp_path / 'here'} nor a folder above it has" in said, said
    assert not [*tmp_path.rglob("*")][1:]
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "named"))
    code, said = run(*command.split())
    assert code == 2 and f"no store in {tmp_path / 'named'}" in said and not (tmp_path / "named").exists()


@pytest.mark.parametrize(
    "command",
    ["manifest", "show", "diff", "snapshots", "history", "validate", "duplicates", "quarantine list", "gc --dry-run"],
)
def test_a_partition_is_named_by_an_argument_or_by_the_option(run: Run, shelf: Shelf, command: str) -> None:
    assert [run(*command.split(), *way)[0] for way in (["test/shelf"], ["-p", "test/shelf"])] == [0, 0]


def test_a_refusal_ends_with_one_and_names_the_way(run: Run, shelf: Shelf) -> None:
    first, live = (str(snapshot) for snapshot in sorted(shelf_snapshots(shelf)))
    for command, sentence in {
        f"discard {live}": "doc-assets rollback test/shelf",
        f"discard {first}": "doc-assets gc removes old ones",
        "spaces drop 1": "doc-assets migrate --space",
    }.items():
        code, said = run(*command.split())
        assert (code, sentence in said) == (1, True), said


def test_damaged_rows_end_with_one(run: Run, shelf: Shelf) -> None:
    with shelf.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET size = size + 1")
        code, said = run("rollback", "test/shelf")
        connection.execute("UPDATE snapshot_file SET size = size - 1")
    assert (code, "nothing was moved" in said) == (1, True), said


def test_an_empty_store_refuses_with_one(run: Run, store, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    for command in ("search x --mode text", "rollback --as-of 1h"):
        code, said = run(*command.split())
        assert (code, "doc-assets migrate" in said) == (1, True), said


@pytest.mark.parametrize("command", ["rollback test/shelf", "validate", "search x", "gc", "db upgrade", "snapshots"])
def test_an_unreachable_database_ends_with_one(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", "postgresql://x@127.0.0.1:9/x")
    code, said = run(*command.split())
    assert (code, "PostgreSQL cannot be reached" in said) == (1, True), said


def shelf_snapshots(shelf: Shelf) -> list[int]:
    """Ids of its snapshots."""
    with shelf.store.connect() as connection:
        return [row[0] for row in connection.execute("SELECT id FROM snapshot").fetchall()]
