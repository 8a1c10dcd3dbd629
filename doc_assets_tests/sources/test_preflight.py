"""Problems that are found before a load: absent locations, globs without a match, unknown preferred sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.sources import preflight
from doc_assets.sources.preflight import problems
from doc_assets_tests.support.catalogue_files import SOUND, documents, load


def test_check_finds_absent_locations_and_globs_without_a_match(tmp_path: Path) -> None:
    documents(tmp_path, {"std/a.md": 1})
    catalogue = load(tmp_path, SOUND.replace("location: std", "location: std, include: ['*.rst']"))
    assert [problem.split(" ")[0] for problem in problems(catalogue)] == ["rust/std:", "ebpf/kernel:"]


def test_check_finds_the_library_that_a_format_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents(tmp_path, {"std/a.md": 1})
    catalogue = load(tmp_path, SOUND.replace("location: std", "location: std, format: pdf"))
    for problem in (None, "format pdf needs pypdfium2"):
        monkeypatch.setattr(preflight, "library_problem", lambda said=problem: said)
        assert (f"rust/std: {problem}" in problems(catalogue)) is (problem is not None)


def test_check_finds_a_preferred_source_that_is_not_there(tmp_path: Path) -> None:
    documents(tmp_path, {"std/a.md": 1})
    found = []
    for preferred in ("ebpf/kernel", "ebpf/kernl"):
        text = SOUND.replace("location: std", f"location: std, near_duplicates: prefer_source {preferred}")
        found.append([p for p in problems(load(tmp_path, text)) if "prefer_source" in p])
    assert found == [
        [],
        ["rust/std: prefer_source ebpf/kernl: there is no such source here; a source is written TYPE/SOURCE"],
    ]
