"""Child processes: they end with their parent, and their memory counts with its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

import psutil


def die_with_parent() -> None:
    """From now on this process ends when its parent does, even if that is killed and whatever this one is doing.

    To be called in a ``multiprocessing`` child; does nothing elsewhere.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def tree_rss(process: psutil.Process) -> int:
    """Resident bytes of this process and its workers; a database server started from here is not counted."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            if not member.name().startswith("postgres"):
                total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
