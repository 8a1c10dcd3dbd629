"""Child processes: ending with the parent, and the memory of a process with its children."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

import psutil


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
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            if not member.name().startswith("postgres"):
                total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
