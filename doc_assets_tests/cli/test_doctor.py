"""What ``doc-assets doctor`` prints, and its exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from doc_assets import doctor
from doc_assets.cli.app import app
from doc_assets.doctor.diagnosis import Verdict


@pytest.mark.parametrize(("verdict", "code"), [("ok", 0), ("warning", 0), ("fault", 1)])
def test_a_fault_alone_is_exit_code_1_and_json_has_each_line(
    verdict: Verdict, code: int, monkeypatch: pytest.MonkeyPatch
):
    found = [doctor.Diagnosis("disk", verdict, "1 GB free", None if verdict == "ok" else "free some")]
    monkeypatch.setattr(doctor, "examine", lambda _: iter(found))
    shown = CliRunner().invoke(app, ["doctor"])
    assert (shown.exit_code, f"{verdict:<8}disk: 1 GB free" in shown.stdout) == (code, True)
    assert ("-> free some" in shown.stdout) == (verdict != "ok")
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert (told["faults"], told["found"][0]["remedy"]) == (code, found[0].remedy)
