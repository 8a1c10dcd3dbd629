"""Whether Dagster keeps its records beside the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.doctor.dagster_home import dagster_home
from doc_assets_tests.support import ROOT


def test_our_own_instance_is_as_it_should_be(around):
    (found,) = dagster_home(around({"DAGSTER_HOME": str(ROOT)}))
    assert (found.verdict, "in the database of the documents" in found.sentence) == ("ok", True)
    (found,) = dagster_home(around({}))
    assert found.verdict == "ok"


@pytest.mark.parametrize(
    ("content", "verdict", "says"),
    [
        (None, "warning", "has no dagster.yaml"),
        ("storage: {sqlite: {base_dir: x}}", "warning", "records elsewhere"),
        ("storage: [", "fault", "is not YAML"),
    ],
)
def test_another_instance_is_said_with_what_it_lacks(around, tmp_path: Path, content, verdict, says):
    if content:
        (tmp_path / "dagster.yaml").write_text(content)
    (found,) = dagster_home(around({"DAGSTER_HOME": str(tmp_path)}))
    assert (found.verdict, says in found.sentence) == (verdict, True)
    (absent,) = dagster_home(around({"DAGSTER_HOME": str(tmp_path / "x")}))
    assert absent.verdict == "fault"
