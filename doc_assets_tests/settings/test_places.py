"""Home and catalogue are found as git finds a repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doc_assets.errors import ConfigurationError
from doc_assets.settings import Settings
from doc_assets.settings.places import find_home


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a home, a catalogue, and the working directory two folders below."""
    for name in ("DOC_ASSETS_HOME", "DOC_ASSETS_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "docs" / "guides").mkdir(parents=True)
    (tmp_path / ".doc-assets").mkdir()
    (tmp_path / "sources.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "docs" / "guides")
    return tmp_path


def test_the_nearest_home_above_counts_and_the_catalogue_beside_it(project: Path):
    found = Settings.from_environment()
    assert (found.home, found.catalogue) == (project / ".doc-assets", project / "sources.yaml")
    (project / "docs" / ".doc-assets").mkdir()
    (project / "docs" / "guides" / "sources.yaml").write_text("")
    found = Settings.from_environment()
    assert found.home == project / "docs" / ".doc-assets"
    assert found.catalogue == project / "docs" / "guides" / "sources.yaml"


def test_what_is_named_goes_before_what_is_found(project: Path):
    named = Settings.from_environment({"DOC_ASSETS_HOME": "mine", "DOC_ASSETS_CATALOGUE": "mine.yaml"})
    assert (named.home, named.catalogue) == (Path("mine").absolute(), Path("mine.yaml").absolute())


def test_without_any_both_are_expected_in_the_working_directory(project: Path):
    (project / ".doc-assets").rmdir()
    found = Settings.from_environment()
    assert (found.home, found.catalogue) == (Path(".doc-assets").absolute(), Path("sources.yaml").absolute())


def test_a_home_above_of_another_user_is_refused_and_one_here_is_not(project: Path, monkeypatch: pytest.MonkeyPatch):
    home = project / ".doc-assets"
    own = home.stat().st_uid
    if own == 0:
        os.chown(home, 65534, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(ConfigurationError, match="DOC_ASSETS_HOME"):
        find_home()
    assert find_home(project) == home


def test_below_a_folder_that_the_user_may_not_enter_nothing_is_found(project: Path, monkeypatch: pytest.MonkeyPatch):
    stat = os.stat

    def refused(path: str | Path, **options: bool) -> os.stat_result:  # as of files below it; root may enter all
        if str(path).startswith(str(project)):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refused)
    found = Settings.from_environment()
    assert (found.home, found.catalogue) == (Path(".doc-assets").absolute(), Path("sources.yaml").absolute())
