"""The command line: JSON shapes that machines rely on, exit codes, results on stdout and the rest on stderr."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import SmallSource, guide

TOTALS = {
    *("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks", "embedded", "reused", "tokens"),
    *("bytes", "seconds", "documents_per_minute", "peak_rss_bytes"),
}


# What takes seconds to import, and few commands need.
PROGRAM = """
import sys
from doc_assets.cli import app, main
seldom = {"alembic", "dagster", "mcp", "openvino", "sqlalchemy", "starlette", "torch"}
assert not (found := seldom & {*sys.modules}), found
main()
"""


class CommandLine:
    """Runs ``doc-assets`` on a database and home of its own: loads in a process of their own, the rest in this one.

    A process takes 2.4 s of CPU to import what commands need; that exit codes reach the shell is shown by a few.
    """

    def __init__(self, folder: Path, database_url: str, converted: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("DOC_ASSETS_", "DAGSTER_"))},
            "DOC_ASSETS_DATABASE_URL": database_url,
            "DOC_ASSETS_HOME": str(folder / "home"),
            "DOC_ASSETS_THREADS": "1",
            "DOC_ASSETS_CONVERTED_MODELS": str(converted / "models"),
            "PYTHONPATH": str(ROOT),
        }

    def process(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        self.errors = done.stderr
        return done.stdout

    def run(self, *arguments: str, code: int = 0) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            done = CliRunner().invoke(app, [*arguments])
        assert done.exit_code == code, done.output
        self.errors = done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int = 0):
        return as_documented(arguments, json.loads(self.run(*arguments, "--json", code=code)))

    def load(self, *arguments: str):
        return as_documented(("migrate",), json.loads(self.process("migrate", *arguments, "--json")))


def as_documented(arguments: tuple[str, ...], value: Any) -> Any:
    """The value that a command printed, whose keys are those of docs/json.md."""
    said = "plan" if "--dry-run" in arguments and arguments[0] == "migrate" else " ".join(arguments)
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/json.md").read_text(), re.MULTILINE)
    known = [(place, keys) for name, place, keys in rows if f"{said} ".startswith(f"{name.split(' P')[0]} ")]
    assert known, f"docs/json.md lacks {said}"
    for place, keys in known:
        found = value if isinstance(value, list) else [value]
        for name in re.findall("`([^`]+)`", place):
            below = [one[name] for one in found[:1] if one[name] is not None]
            found = below[0] if below and isinstance(below[0], list) else below
        for one in found[:1]:
            assert set(one) == set(re.findall("`([^`]+)`", keys)), (said, place)
    return value


@pytest.fixture
def source(tmp_path) -> SmallSource:
    return SmallSource(tmp_path / "work")


@pytest.fixture
def cli(source, database_url, converted_home) -> CommandLine:
    return CommandLine(source.folder, database_url, converted_home)


def tutorial() -> list[list[str]]:
    """The command lines of docs/tutorial.md about documents of one's own, each in words."""
    own = (ROOT / "docs/tutorial.md").read_text().split("## Load your own documents")[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", own, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_the_tutorial_leads_from_a_folder_to_an_answer_and_back(cli, tmp_path):
    """Line by line, as it stands; between the lines, what other pages say of the same commands."""
    lines = iter(tutorial())
    page = (ROOT / "docs/tutorial.md").read_text()
    folder = cli.folder / next(lines)[2]
    assert folder == cli.folder / "notes/team/handbook"
    folder.mkdir(parents=True)
    [(name, text)] = re.findall(r"with a file `(\S+)`:\n\n```markdown\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    document = cli.folder / name
    for path in (document, folder / "copy.md"):
        path.write_text(text)
    (folder / "guide.md").write_text(guide(2))
    (folder / "empty.md").write_text("")
    cli.run(*next(lines)[1:])  # catalogue init
    for export, variable in ((next(lines), "DOC_ASSETS_CATALOGUE"), (next(lines), "DOC_ASSETS_HOME")):
        name, value = export[1].split("=")
        assert (export[0], name) == ("export", variable)
        cli.environment[name] = value.replace("$PWD", str(cli.folder))

    plan = cli.json("migrate", "--dry-run")
    assert [row["result"] for row in plan["partitions"]] == ["planned"]
    printed = cli.run("plan", "-o", "next.plan")
    assert "documents: 2 added\n" in printed and printed.endswith("to do it: doc-assets migrate --plan next.plan\n")
    assert cli.json("snapshots") == []
    assert next(lines) == ["doc-assets", "migrate"]
    first = cli.load("--plan", "next.plan")
    cli.run("migrate", "--plan", "next.plan", code=1)  # what is live is not what the plan was made for
    assert "snapshot 1 is live, and none was" in cli.errors
    assert set(first["totals"]) >= TOTALS
    assert set(first["partitions"][0]) >= TOTALS | {"doc_type", "partition", "snapshot", "digest", "result"}
    totals = first["totals"]
    assert (totals["files"], totals["loaded"], totals["duplicate"], totals["skipped"]) == (4, 2, 1, 1)
    assert totals["embedded"] == totals["chunks"] == plan["totals"]["embedded"] > 0
    assert [check["passed"] for check in first["checks"]] == [True] * 6
    again = cli.json("migrate")
    assert [row["result"] for row in again["partitions"]] == ["unchanged"] and again["totals"]["embedded"] == 0
    assert again["partitions"][0]["digest"] == first["partitions"][0]["digest"]

    question = next(lines)[1:]
    found = cli.json(*question)
    place = {"doc_type", "source", "path", "heading", "score", "text", "url"}
    assert set(found[0]) == place | {"also_in", "metadata", "licence", "document", "ordinal", "passages", "confidence"}
    assert (found[0]["path"], found[0]["source"], len(found)) == ("copy.md", "handbook", 1)
    assert "1. On call > Wake somebody" in cli.run(*question)
    assert cli.json("search", "pager", "--source", "handbook", "--where", "product=none") == []

    for path in (document, folder / "copy.md"):
        path.write_text(text.replace("30 minutes", "15 minutes"))
    assert "documents: 1 changed" in cli.run(*next(lines)[1:])  # plan
    assert next(lines) == ["doc-assets", "migrate"]
    cli.load("--type", "team", "--partition", "team/handbook", "--parallel", "1")
    assert "oncall.md" in cli.run(*next(lines)[1:])  # diff; the copy has changed with it
    rows = cli.json("snapshots", "team/handbook")
    assert {"partition", "id", "status", "digest", "documents", "chunks", "created_at", "run_id"} <= set(rows[0])
    assert len(rows) == 2 and rows[0]["run_id"]
    manifest = {row["path"]: row for row in cli.json("manifest", "team/handbook")}
    assert set(manifest["empty.md"]) == {"path", "outcome", "reason", "document", "chunks"}
    assert manifest["empty.md"]["outcome"] == "skipped" and manifest["empty.md"]["reason"]

    back = cli.json(*next(lines)[1:])  # rollback
    assert back["digest"] == first["partitions"][0]["digest"] and set(back) >= {"from", "to", "digest", "seconds"}
    assert "30 minutes" in cli.run(*next(lines)[1:])  # search
    assert all(row["passed"] for row in cli.json(*next(lines)[1:]))  # validate
    assert [row["action"] for row in cli.json(*next(lines)[1:])][:2] == ["validate", "rollback"]  # history
    assert list(lines) == []
    assert cli.json("status")["running"] == []

    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        json.dumps({"id": "1", "doc_type": "team", "query": "load2", "relevant": ["team/handbook/guide.md"]})
    )
    figures = cli.json("evaluate", str(questions), "--mode", "text")
    assert figures["questions"] == 1 and figures["text"]["hit@5"] == 1.0


def test_misuse_ends_with_two_and_a_failure_with_one(cli, source):
    assert cli.run("migrate", "--partition", "best_practices/absent", code=2) == ""
    assert "guides" in cli.errors
    cli.run("migrate", "--type", "absent", code=2)
    cli.process("no-such-command", code=2)
    assert "No such command" in cli.errors
    cli.run("migrate", "--catalogue", "absent.yaml", code=2)
    assert "catalogue init" in cli.errors
    assert cli.run("rollback", "best_practices/guides", code=2) == ""
    cli.run("manifest", "best_practices/guides", code=2)


def test_a_catalogue_is_written_for_a_folder_and_found_sound(cli, source, tmp_path):
    folder = tmp_path / "documents" / "ebpf" / "notes"
    folder.mkdir(parents=True)
    (folder / "page.md").write_text("# Maps\n\nA map is shared.\n")
    text = cli.run("catalogue", "init", str(tmp_path / "documents"))
    assert "ebpf:" in text and "notes" in text
    cli.run("catalogue", "init", str(tmp_path / "documents"), "-o", "made.yaml")
    checked = cli.json("catalogue", "check", "--catalogue", "made.yaml")
    assert checked["problems"] == [] and checked["partitions"][0]["partition"] == "ebpf/notes"
    cli.run("catalogue", "init", str(tmp_path / "documents"), "-o", "made.yaml", code=2)
    source.root.rename(source.folder / "moved")
    assert cli.json("catalogue", "check", code=1)["problems"]


def test_the_database_commands_say_where_it_is_and_whether_it_is_sound(cli):
    assert cli.run("db", "url").strip() == cli.environment["DOC_ASSETS_DATABASE_URL"]
    assert cli.json("db", "check", code=1)["problems"] == ["the database is blank: run doc-assets db upgrade"]
    cli.run("db", "upgrade")
    assert cli.json("db", "check")["problems"] == []


def test_every_command_explains_itself(cli):
    commands = cli.run("--help")
    for name in ("migrate", "validate", "rollback", "snapshots", "manifest", "status", "history", "search", "evaluate"):
        assert name in commands


def test_a_command_explains_itself_where_a_setting_is_mistyped_and_refuses_to_run(cli, monkeypatch):
    cli.environment["DOC_ASSETS_HOMES"] = "/elsewhere"
    for arguments, code in (["status", "--help"], 0), (["status"], 2):
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        cli.run(*arguments, code=code)
    assert "did you mean DOC_ASSETS_HOME?" in cli.errors
