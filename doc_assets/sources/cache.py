"""The folder of fetched sources: entries appear whole or not at all, and processes take turns at making one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_key(*parts: object) -> str:
    """A file name that stands for these values: 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


@contextmanager
def locked(cache: Path, key: str) -> Iterator[None]:
    """One process at a time; the lock of a killed process is free."""
    folder = cache / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{key}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_once(target: Path, fill: Callable[[Path], None]) -> None:
    """Fills a folder beside ``target`` and renames it, unless ``target`` is there. Call under ``locked``.

    A process killed while filling leaves a ``.partial`` folder, which the next one removes.
    """
    if target.is_dir():
        return
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        fill(partial)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
