"""Child processes: imports, cycles, their end with the parent, why they died; memory of a tree, and given back."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType

import psutil


class _PlainProcess(SpawnProcess):
    """A process that does not import the program that started it: Dagster's command takes 36 MB and 0.5 s."""

    def start(self) -> None:
        """Start the process while ``__main__`` names no file."""
        program = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = program


class PlainContext(SpawnContext):
    """Starts processes afresh, which import only what they are to run."""

    Process = _PlainProcess


def exit_reason(exit_code: int | None) -> str:
    """Return the name of the signal behind a negative exit code, else the code."""
    try:
        return signal.Signals(-(exit_code or 0)).name
    except ValueError:
        return f"exit code {exit_code}"


def die_with_parent() -> None:
    """End this ``multiprocessing`` child at once when its parent ends or is killed; does nothing in other processes."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def tree_rss(process: psutil.Process) -> int:
    """Return the resident bytes of a process and its children, without those of a PostgreSQL server."""
    total = process.memory_info().rss
    for pid in _descendants(process):
        try:
            member = psutil.Process(pid)
            if not member.name().startswith("postgres"):
                total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _descendants(process: psutil.Process) -> list[int]:
    """Return the ids of a process's children and theirs."""
    if not Path(f"/proc/{process.pid}/task/{process.pid}/children").exists():  # not Linux, or a kernel without it
        return [child.pid for child in process.children(recursive=True)]
    # psutil reads every process of the machine to find them: 8 ms where 200 run, and a load asks twice a second.
    found = [process.pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):  # a thread or process that has ended
                found += map(int, task.read_text().split())
    return found[1:]


def collect_cycles_rarely() -> None:
    """Look for unreachable cycles after 20,000 new objects instead of 700, and never among those that exist now.

    For a process that has imported what it needs, and makes and drops trees of small objects. What has no cycle is
    freed at once as ever.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def return_free_memory() -> None:
    """Give the memory that this process has freed back to the machine, where the C library can (glibc).

    It keeps what it got for one large file, in pieces between small objects, until the process ends: 4 MB of HTML left
    a parse worker at 121 MB, 90 MB after this, where it had begun with 78 MB.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
