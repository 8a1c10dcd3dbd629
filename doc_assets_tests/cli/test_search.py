"""``doc-assets search`` and the lists print stored texts, paths and errors letter by letter, piped or on a terminal."""

from __future__ import annotations

import json
import sys

import pytest

from doc_assets.cli import main, output
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets_tests.support.memory_partitions import Shelf, page

# Each line breaks something in rich's markup or its emoji codes.
LISTING = """docker run --rm \\
\t--mac-address 12:34:56:89:ab:cd \\
    --label "[bold]:smile:[/bold]" \\\\
  -v 'C:\\[i]\\' :ab: \\[/]  two  blanks
echo {0} %s "漢字" # end \\"""
TITLE = "Run [red]it[/red] as :rocket: 89:ab:cd \\"
PATH = "odd [b]/:ab:\\[x]/name\tof\n\x1b[31ma page\\.md"


@pytest.fixture
def shelf(store: Store, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    shelf = Shelf(store)
    shelf.publish({PATH: page(TITLE, LISTING), "long.md": page("long", "\n".join(f"longpage {n}" for n in range(10)))})
    return shelf


@pytest.fixture(params=[False, True], ids=["piped", "terminal"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def command(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        monkeypatch.setattr(sys.stdout, "isatty", lambda: request.param, raising=False)
        monkeypatch.setattr(output.results, "_width", 400 if request.param else 40)
        with pytest.raises(SystemExit) as ended:
            main()
        read = capsys.readouterr()
        assert not ended.value.code, read.err
        return read.out

    return command


def test_a_result_holds_the_lines_of_its_chunk_as_they_are_stored(run, shelf: Shelf) -> None:
    said = run("search", "docker", "--mode", "text")
    stored = json.loads(run("search", "docker", "--mode", "text", "--json"))[0]["text"]
    assert "docker run --rm \\\n" in stored and "89:ab:cd" in stored
    lines = said.split("\n")
    assert lines[0].startswith(f"1. {TITLE}")
    assert lines[1] == "   test/shelf/odd [b]/:ab:\\[x]/name\tof␊␛[31ma page\\.md"
    assert "\n".join(f"   {line}" for line in stored.split("\n")) in said
    assert "and 2 more lines (--json prints all)" in run("search", "longpage", "--mode", "text")


def test_lists_hold_paths_and_errors_as_they_are_stored(run, shelf: Shelf) -> None:
    error = "[Errno 2] :ab: no 'x\\' " + "word " * 60 + "\udcff\0[/]"
    with shelf.store.connect() as connection:
        history.record(connection, "load", "failed", error=error)
    assert "│ odd [b]/:ab:\\[x]/name␉of␊␛[31ma page\\.md " in run("manifest", "test/shelf")
    rows = json.loads(run("history", "--failed", "--json"))
    assert rows[0]["error"] == error.replace("\udcff\0", "\\udcff\\0")
    said = run("history", "--failed")
    assert "[Errno 2] :ab: no 'x\\' word" in said and said.count("word") == 60
