"""The model is converted before the loads start, by a process that ends with it."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from doc_assets.embedding.conversion_process import convert_apart
from doc_assets.embedding.converted_graphs import scratch_prefix
from doc_assets.embedding.opening import is_unconverted
from doc_assets.runtime import shutdown
from doc_assets.settings import Settings
from doc_assets_tests.support.embedding_processes import SETTINGS
from doc_assets_tests.support.shared_models import open_converting_model


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(SETTINGS, home=tmp_path, embedding_backend="openvino", converted_models=None)


def test_a_model_is_converted_once_by_a_process_of_its_own(settings: Settings) -> None:
    assert is_unconverted(settings)
    convert_apart(settings, open_converting_model)  # pyrefly: ignore[bad-argument-type]
    assert not is_unconverted(settings)
    convert_apart(settings, open_converting_model)  # pyrefly: ignore[bad-argument-type]
    (converting,) = (settings.home / "opened-by").read_text().split()
    assert converting != str(os.getpid()) and not psutil.pid_exists(int(converting))


def write_half(settings: Settings) -> None:
    (settings.home / "models" / "space" / f"{scratch_prefix(os.getpid())}x").mkdir(parents=True)
    time.sleep(60)


def test_a_stop_ends_the_conversion_and_leaves_nothing_half_written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = settings.home / "models" / "space"
    monkeypatch.setattr(shutdown, "requested", lambda: begun.is_dir() and any(begun.iterdir()))
    others = {*multiprocessing.active_children()}
    convert_apart(settings, write_half)  # pyrefly: ignore[bad-argument-type]
    assert is_unconverted(settings) and {*multiprocessing.active_children()} <= others
    assert not any(begun.iterdir())


def test_a_model_that_cannot_be_kept_is_not_converted_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "access", lambda place, _mode: place != settings.home
    )  # the folder of models is not made yet
    convert_apart(settings, open_converting_model)  # pyrefly: ignore[bad-argument-type]
    assert not (settings.home / "opened-by").exists()


def fail(_: Settings) -> None:
    raise RuntimeError("of torch")


def test_what_fails_in_the_conversion_is_left_to_the_load_to_report(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    convert_apart(settings, fail)  # pyrefly: ignore[bad-argument-type]
    assert capfd.readouterr().err == ""
