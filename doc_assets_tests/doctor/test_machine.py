"""What a load can suffer from on a machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from doc_assets.doctor import machine


def test_more_threads_than_cores_are_a_warning_with_the_right_number(around, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    (found,) = machine.cores(around(threads=5))
    assert (found.verdict, found.remedy) == ("warning", "set DOC_ASSETS_THREADS to 2, or unset it")
    (found,) = machine.cores(around(threads=2))
    assert found.verdict == "ok"


@pytest.mark.parametrize(("limit", "verdict"), [(700_000_000, "warning"), (4_000_000_000, "ok")])
def test_memory_is_that_of_the_cgroup_and_too_little_for_one_load_is_a_warning(
    around, tmp_path: Path, limit: int, verdict: str
):
    files = {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/memory.max": f"{limit}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (found,) = machine.memory(around(embedding_backend="openvino"))
    assert found.verdict == verdict
    assert found.sentence.startswith(f"{limit / 1e9:.1f} GB usable")


def test_little_shared_memory_is_a_warning_for_the_embedded_database_alone(
    around, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "dev/shm").mkdir(parents=True)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=16_384, f_frsize=4_096))  # 64 MB
    (found,) = machine.shared_memory(around())
    assert (found.verdict, "--shm-size=1g" in str(found.remedy)) == ("warning", True)
    assert list(machine.shared_memory(around(database_url="postgresql://h/d"))) == []


def test_a_terminal_that_is_not_utf_8_is_a_warning(around, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="ascii"))
    (found,) = machine.encoding(around())
    assert (found.verdict, found.remedy) == ("warning", "export LC_ALL=C.UTF-8")
