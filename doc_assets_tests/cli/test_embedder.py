"""``doc-assets embedder check``: exit 1 names the bound that was not kept, and the options that exclude each other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from doc_assets.cli import main
from doc_assets.search import contenders
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.two_embedders import Broken, openable_models, publish_many_pages


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["doc-assets", "embedder", "check", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        read = capsys.readouterr()
        return int(ended.value.code or 0), read.out, read.err

    return command


def test_an_equal_precision_passes_and_a_broken_one_ends_with_1_and_names_the_bound(
    run, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    publish_many_pages(Library(store, WordModel()))
    question = {"doc_type": "rust", "query": "the lock is fair", "relevant": ["rust/std/mutex.md"]}
    (asked := tmp_path / "questions.jsonl").write_text(json.dumps(question))
    side = openable_models(monkeypatch)
    sides = [(side(Broken(noise)), side(WordModel())) for noise in (0, 1.0)]
    monkeypatch.setattr(contenders, "contenders", lambda *_: sides.pop(0))
    code, printed, _ = run("--seed", "1", "--questions", str(asked), "--json")
    found = json.loads(printed)
    assert (code, found["passed"], found["overlap"], found["retrieval"]["hybrid"]["worse"]) == (0, True, 1, 0)
    code, printed, said = run("--seed", "1", "--questions", str(asked))
    assert code == 1
    assert "words (bf16, torch, verbatim) against words (fp32, torch, verbatim): 35 chunks" in printed
    assert "FAILED" in printed
    assert "at least 0.95 is needed" in said and "overlap@10 is 0." in said


def test_two_spaces_of_a_store_leave_no_choice_of_a_folder_or_a_model(run) -> None:
    for option in ("--folder", "--reference", "--reading"):
        code, _, said = run("--against", "1", option, "x")
        assert code == 2
        assert "leave out --folder, --reference and --reading" in said
