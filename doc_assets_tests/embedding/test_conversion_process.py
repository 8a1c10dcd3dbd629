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


def test_a_stop_ends_the_conversion(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "requested", lambda: True)
    others = {*multiprocessing.active_children()}
    convert_apart(settings, time.sleep)  # pyrefly: ignore[bad-argument-type]
    assert is_unconverted(settings) and {*multiprocessing.active_children()} <= others
