"""``doc-assets search`` with the version, scope, width and budget of the API."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from doc_assets.cli import main
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

CATALOGUE = "types: {rust: {sources: [{name: tokio, kind: directory, location: .}]}}\nscopes: {async: [rust]}\n"


@pytest.fixture
def run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "sources.yaml").write_text(CATALOGUE)
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "sources.yaml"))
    library = Library(store, WordModel())
    sections = {"": "Tasks are green.", "Spawn": "Spawn a task.\n\nJoin the task.", "Odd": "An escape \x1b[31m here."}
    for version in ("1.39.0", "1.40.0"):
        facts = {"crate": "tokio", "crate_version": version}
        page = guide("Tasks", sections | {"Version": f"{version} words {version}"}, **facts)
        library.publish(f"rust/tokio-{version[2:4]}", {"tasks.md": page})

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        read = capsys.readouterr()
        return int(ended.value.code or 0), read.out, read.err

    return command


def test_a_search_takes_version_scope_width_and_budget_of_the_api(run) -> None:
    _, out, err = run("search", "spawn task", "--mode", "text", "--version", "1.39.9", "--around", "section")
    assert "rust/tokio-39/tasks.md" in out and "Join the task." in out and "tokio-40" not in out
    assert "tokio has no version 1.39.9: 1.39.0, the nearest below, is searched" in err
    answer = json.loads(run("search", "task", "--mode", "text", "--scope", "async", "--json")[1])
    assert answer["hits"] and answer["tokenizer"] == "estimate"
    code, _, err = run("search", "task", "--scope", "asinc")
    assert code == 2 and "did you mean 'async'" in err
    code, _, err = run("search", "task", "-k", "51", "--scope", "async")
    assert code == 2 and "less than or equal to 50" in err
