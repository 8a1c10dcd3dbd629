"""The home's permissions and disk; nothing is made there."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from doc_assets.doctor import home


def test_a_home_that_is_not_there_is_not_made(around, tmp_path: Path):
    (found,) = home.permissions(around())
    (space,) = home.disk(around())
    assert (found.verdict, "the first load makes it" in found.sentence) == ("ok", True)
    assert space.subject == "disk"
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_a_file_or_open_to_every_user_is_said_with_what_mends_it(around, tmp_path: Path):
    place = tmp_path / "home"
    place.write_text("")
    (found,) = home.permissions(around())
    assert found.verdict == "fault"
    place.unlink()
    place.mkdir()
    place.chmod(0o777)
    (found,) = home.permissions(around())
    assert (found.verdict, found.remedy) == ("warning", f"chmod o-w {place}")


@pytest.mark.parametrize(("free", "verdict"), [(10**8, "fault"), (2 * 10**9, "warning"), (10**11, "ok")])
def test_a_full_disk_is_a_fault_and_a_fuller_one_a_warning(around, monkeypatch: pytest.MonkeyPatch, free, verdict):
    state = SimpleNamespace(f_bavail=free, f_frsize=1, f_favail=10**6, f_files=10**7)
    monkeypatch.setattr(os, "statvfs", lambda _: state)
    (found,) = home.disk(around())
    assert found.verdict == verdict
