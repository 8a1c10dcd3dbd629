"""A report goes to a file, whole or not at all, and where it goes is known before a load begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from doc_assets.cli import report_file
from doc_assets.cli.history import history
from doc_assets.cli.migrate import migrate
from doc_assets.cli.report_file import require_writable, write_report
from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.history.history import record


def test_a_place_that_takes_no_file_is_misuse(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent" / "report.html"):
        with pytest.raises(typer.BadParameter, match="cannot be written"):
            require_writable(path, "--report")
    require_writable(tmp_path / "report.html", "--report")


def test_a_load_is_not_begun_that_could_not_write_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doc_assets.cli.migrate.open_store", lambda *_: pytest.fail("the store was opened"))
    nothing: dict[str, Any] = {
        "names": [],
        "catalogue": None,
        "types": [],
        "partitions": [],
        "limit": None,
        "space": None,
    }
    with pytest.raises(typer.BadParameter, match="cannot be written"):
        migrate(**nothing, dry_run=False, report=tmp_path / "absent" / "report.html")
    with pytest.raises(typer.BadParameter, match="leave out --dry-run"):
        migrate(**nothing, dry_run=True, report=tmp_path / "report.html")


@pytest.mark.parametrize("other", [{"failed": True}, {"partition": "rust/a"}, {"types": ["rust"]}, {"as_json": True}])
def test_a_report_is_of_a_whole_run(other: dict[str, Any]) -> None:
    none: dict[str, Any] = {
        "partition": None,
        "named": None,
        "types": [],
        "actions": [],
        "run": None,
        "since": None,
        "until": None,
    }
    rest: dict[str, Any] = {
        "failed": False,
        "limit": None,
        "as_json": False,
        "json_lines": False,
        "wide": False,
        "output": None,
    }
    with pytest.raises(typer.BadParameter, match="of one run, whole"):
        history(**{**none, **rest, **other}, report="latest")


def test_the_file_holds_the_page_and_nothing_is_left_beside_it(store: Store, tmp_path: Path) -> None:
    with store.connect() as connection:
        record(connection, "gc", "done", run_id="run-of-a-gc")
    file = tmp_path / "report.html"
    write_report(store, "run-of-a-gc", file)
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(NotFound):
        write_report(store, "nosuchrun", file)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_page_is_not_printed_to_a_terminal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file.sys.stdout, "isatty", lambda: True)
    with pytest.raises(typer.BadParameter, match="-o FILE"):
        write_report(store, "latest", None)
