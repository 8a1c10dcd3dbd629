"""What this process may use of the machine: cores and memory, by CPU affinity and by the limits of its cgroups.

A container sees the host's cores and memory; what it gets is in its cgroup (v2: ``cpu.max``, ``memory.max`` and
``memory.high``; v1: ``cpu.cfs_quota_us``, ``memory.limit_in_bytes``) or in one above. A cpuset needs no reading: the
kernel takes it into the affinity.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Return the cores that this process may keep busy: those it may run on, at most its quota rounded up, at least 1.

    Rounded up as Kubernetes does it with ``limits.cpu``: of 1.5 cores one thread would leave a third unused.

    Args:
        root: Folder that holds ``proc`` and, by the paths in its ``mountinfo``, the cgroups.
    """
    allowed = len(os.sched_getaffinity(0))
    return max(1, min([allowed, *(math.ceil(quota) for quota in _quotas(root))]))


def usable_memory(root: Path = Path("/")) -> int:
    """Return the bytes of memory that this process and all others of its cgroup may use together."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    names = ("memory.max", "memory.high", "memory.limit_in_bytes")
    limits = (
        _whole(folder / name) for controller in ("", "memory") for folder in _groups(root, controller) for name in names
    )
    return min([installed, *(limit for limit in limits if limit is not None and limit > 0)])


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of this process's cgroups and of those above them."""
    for folder in _groups(root, ""):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            yield int(quota) / int(period)
    for folder in _groups(root, "cpu"):
        quota, period = _whole(folder / "cpu.cfs_quota_us"), _whole(folder / "cpu.cfs_period_us")
        if quota is not None and quota > 0 and period:
            yield quota / period


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's cgroup and of those above it; ``controller`` is empty for version 2."""
    own = _own_group(root, controller)
    mount = _mount(root, controller)
    if own is None or mount is None:
        return
    top, mounted = mount
    # A container without a cgroup namespace sees its host's path, of which its own group alone is mounted.
    inside = Path(own).relative_to(top) if Path(own).is_relative_to(top) else Path()
    if ".." in inside.parts:  # the process was moved out of its namespace's root
        inside = Path()
    folder = root / mounted.lstrip("/")
    for depth in range(len(inside.parts), -1, -1):
        yield folder.joinpath(*inside.parts[:depth])


def _own_group(root: Path, controller: str) -> str | None:
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return None


def _mount(root: Path, controller: str) -> tuple[str, str] | None:
    """Return which group is mounted, and where."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        fields, _, of_filesystem = line.partition(" - ")
        top, mounted = fields.split()[3:5]
        kind, _, options = of_filesystem.split(" ", 2)
        if kind == ("cgroup" if controller else "cgroup2") and (not controller or controller in options.split(",")):
            return top, mounted
    return None


def _whole(path: Path) -> int | None:
    """Return the number in a file; None without a file, and for ``max``."""
    text = _text(path)
    return int(text) if text.removeprefix("-").isdecimal() else None


def _text(path: Path) -> str:
    """Return what a file of the kernel says; nothing where the machine has none, or hides it."""
    try:
        # A folder that something else is mounted on may be named in any encoding.
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
