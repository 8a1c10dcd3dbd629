"""What ``doc-assets settings`` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app


def test_each_setting_is_printed_with_where_it_is_from_and_a_wrong_value_is_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doc-assets.toml").write_text('threads = 3\ndatabase_url = "postgresql://u:hunter22@h.example/d"\n')
    monkeypatch.setenv("DOC_ASSETS_RETRY_ATTEMPTS", "5")
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", "x.yaml")
    monkeypatch.delenv("DOC_ASSETS_DATABASE_URL", raising=False)
    done = CliRunner().invoke(app, ["settings", "--catalogue", "other.yaml", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["file"] == str(tmp_path / "doc-assets.toml")
    found = {one["key"]: (one["value"], one["origin"]) for one in told["settings"] if one["key"]}
    assert found["threads"] == ("3", "file")
    assert found["retry_attempts"] == ("5", "environment")
    assert found["catalogue"] == (str(tmp_path / "other.yaml"), "flag")
    assert found["schedules"] == ("off", "default")
    assert found["database_url"] == ("postgresql://***@h.example/d", "file")
    monkeypatch.setenv("DOC_ASSETS_RETRY_ATTEMPTS", "x")
    wrong = CliRunner().invoke(app, ["settings"])
    assert (wrong.exit_code, "DOC_ASSETS_RETRY_ATTEMPTS='x'" in wrong.stderr) == (1, True)
    assert "hunter22" not in wrong.output
