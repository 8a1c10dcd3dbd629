"""Cores and memory by cgroup, on made-up trees of both versions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from doc_assets.machine import usable_cores, usable_memory

_GIGABYTE = 10**9
_V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate"
_V1 = "\n".join(
    f"3{n} 31 0:2{n} {{top}} /sys/fs/cgroup/{name} rw,nosuid - cgroup cgroup rw,{name}"
    for n, name in enumerate(("cpu,cpuacct", "memory"))
)


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def machine(root: Path, cgroup: str, mounts: str, files: Mapping[str, str]) -> Path:
    """Lay out ``/proc`` and the files of the cgroups, by path below ``/sys/fs/cgroup``."""
    for path, text in {"proc/self/cgroup": cgroup, "proc/self/mountinfo": mounts}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    for path, text in files.items():
        target = root / "sys/fs/cgroup" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n")
    return root


def test_a_container_sees_its_own_limits_of_version_2_and_a_part_of_a_core_counts_as_one(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/", _V2, {"cpu.max": "250000 100000", "memory.max": str(_GIGABYTE)})
    assert (usable_cores(root), usable_memory(root)) == (3, _GIGABYTE)


def test_the_smallest_limit_of_a_group_and_those_above_it_holds(tmp_path: Path) -> None:
    files = {
        "jobs.slice/cpu.max": "200000 100000",
        "jobs.slice/memory.max": "max",
        "jobs.slice/memory.high": str(_GIGABYTE // 2),
        "jobs.slice/one/cpu.max": "400000 100000",
        "jobs.slice/one/memory.max": str(_GIGABYTE),
        "jobs.slice/other/cpu.max": "100000 100000",
    }
    root = machine(tmp_path, "0::/jobs.slice/one", _V2, files)
    assert (usable_cores(root), usable_memory(root)) == (2, _GIGABYTE // 2)


@pytest.mark.parametrize(
    ("top", "below"),
    [("/", "kubepods/pod/a/"), ("/kubepods/pod/a", "")],
    ids=["as the host sees it", "as a container without a namespace of its own"],
)
def test_limits_of_version_1_are_found_where_its_controllers_are_mounted(tmp_path: Path, top: str, below: str) -> None:
    files = {
        f"cpu,cpuacct/{below}cpu.cfs_quota_us": "150000",
        f"cpu,cpuacct/{below}cpu.cfs_period_us": "50000",
        f"memory/{below}memory.limit_in_bytes": str(_GIGABYTE),
    }
    cgroup = "3:cpu,cpuacct:/kubepods/pod/a\n2:memory:/kubepods/pod/a\n0::/kubepods/pod/a"
    root = machine(tmp_path, cgroup, _V1.format(top=top), files)
    assert (usable_cores(root), usable_memory(root)) == (3, _GIGABYTE)


def test_no_limit_is_the_machine_itself(tmp_path: Path) -> None:
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    v1 = {
        "cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": "9223372036854771712",
    }
    for name, cgroup, mounts, files in (
        ("v2", "0::/", _V2, {"cpu.max": "max 100000", "memory.max": "max"}),
        ("v1", "3:cpu,cpuacct:/\n2:memory:/", _V1.format(top="/"), v1),
        ("none", "", "", {}),
        ("elsewhere", "0::/../../other", _V2, {}),
    ):
        root = machine(tmp_path / name, cgroup, mounts, files)
        assert (usable_cores(root), usable_memory(root)) == (8, installed), name


def test_a_quota_below_one_core_is_one(tmp_path: Path) -> None:
    assert usable_cores(machine(tmp_path, "0::/", _V2, {"cpu.max": "20000 100000"})) == 1


def test_cores_that_the_process_may_not_run_on_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    assert usable_cores(machine(tmp_path, "0::/", _V2, {"cpu.max": "400000 100000"})) == 1


def test_a_mount_point_that_is_named_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/", _V2, {"cpu.max": "200000 100000"})
    mounts = root / "proc/self/mountinfo"
    mounts.write_bytes(b"29 23 8:1 / /media/B\xfccher rw - ext4 /dev/sda1 rw\n" + mounts.read_bytes())
    assert usable_cores(root) == 2
