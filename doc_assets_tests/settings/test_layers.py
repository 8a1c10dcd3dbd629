"""Flags before the environment, that before the file, that before defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import Secret
from doc_assets.settings import ServeSettings, Settings
from doc_assets.settings.layers import Layers, file_of, read_file


def written(folder: Path, text: str) -> Path:
    path = folder / "doc-assets.toml"
    path.write_text(text)
    return path


def test_flags_precede_the_environment_that_the_file_and_that_defaults(tmp_path: Path):
    file = read_file(written(tmp_path, "threads = 2\nretry_attempts = 3\nerror_budget_files = 9\n"))
    layers = Layers({"DOC_ASSETS_THREADS": "5", "DOC_ASSETS_RETRY_ATTEMPTS": "4"}, file, {"DOC_ASSETS_THREADS": "5"})
    found = Settings.from_environment(layers)
    assert (found.threads, found.retry_attempts, found.error_budget_files) == (5, 4, 9)
    assert found.deletion_guard_documents == Settings.deletion_guard_documents
    names = ("THREADS", "RETRY_ATTEMPTS", "ERROR_BUDGET_FILES", "DELETION_GUARD")
    origins = [given and given.origin for given in (layers.given(f"DOC_ASSETS_{name}") for name in names)]
    assert origins == ["flag", "environment", "file", None]


def test_the_file_has_values_of_each_kind_and_paths_from_its_own_folder(tmp_path: Path):
    (tmp_path / "model").mkdir()
    text = 'home = "h"\nembedding_model = "model"\nschedules = true\nserve_token = "s3cr3t-s3cr3t-s3"\n'
    layers = Layers({}, read_file(written(tmp_path, f'{text}serve_hosts = ["a", "b"]\nparse_timeout = 2.5\n')))
    found, serving = Settings.from_environment(layers), ServeSettings.from_environment(layers)
    assert (found.home, found.embedding_model) == (tmp_path / "h", str(tmp_path / "model"))
    assert (found.schedules, found.parse_timeout_seconds) == (True, 2.5)
    assert (serving.hosts, serving.token) == (("a", "b"), Secret("s3cr3t-s3cr3t-s3"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("thread = 2", r"thread is no setting \(did you mean threads\?\)"),
        ("DOC_ASSETS_THREADS = 2", r"did you mean threads\?"),
        ("nonsense_of_mine = 2", "is no setting: doc-assets settings lists them"),
        ("[serve]\nrate = 60", r"\[serve\] is a table, and settings stand in none: write serve_rate"),
        ('termination_message = "x"', "set DOC_ASSETS_TERMINATION_MESSAGE in its environment"),
        ("threads = 2026-01-01", "threads: a text, a number, true or false"),
        ("threads = ", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_an_error_that_names_file_and_key(text: str, says: str, tmp_path: Path):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError, match=rf"(?s){path}.*{says}"):
        read_file(path)


def test_a_value_that_is_not_allowed_is_an_error_that_names_file_and_key(tmp_path: Path):
    path = written(tmp_path, "threads = 0")
    with pytest.raises(ConfigurationError, match=rf"{path}: threads='0': a number of at least 1 is needed"):
        Settings.from_environment(Layers({}, read_file(path)))


def test_the_nearest_file_above_counts_and_a_variable_names_another_one_or_none(tmp_path: Path):
    path, below = written(tmp_path, ""), tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert file_of({}, below) == path
    nearer = written(tmp_path / "a", "")
    assert file_of({}, below) == nearer
    assert file_of({"DOC_ASSETS_SETTINGS": str(path)}, below) == path
    assert file_of({"DOC_ASSETS_SETTINGS": "none"}, below) is None
    with pytest.raises(ConfigurationError, match="there is no such file"):
        file_of({"DOC_ASSETS_SETTINGS": str(tmp_path / "x")}, below)


def test_a_file_of_another_user_sets_nothing_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "")
    own = path.stat().st_uid
    if own == 0:
        os.chown(path, 65534, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        file_of({}, tmp_path)
    assert file_of({"DOC_ASSETS_SETTINGS": str(path)}, tmp_path) == path
