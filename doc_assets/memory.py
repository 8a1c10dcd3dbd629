"""How much memory a process and all that it started hold."""

from __future__ import annotations

import psutil


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
