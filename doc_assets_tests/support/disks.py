"""Disks that are small, and full when a test wants them to be."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in memory of so many megabytes.

    Example:
        >>> with small_disk(64) as disk:
        ...     disk.fill(leaving=1_000_000)
        ...     disk.make_room()
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    @property
    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self.folder).free

    def fill(self, leaving: int) -> None:
        """Fills it up but for so many bytes."""
        with self._ballast.open("ab") as file:
            while (missing := self.free - leaving) > 0:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, missing)
                except OSError as error:  # somebody else took of it meanwhile
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        """Takes away what it was filled with."""
        self._ballast.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mounts one; skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-disk-"))
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(folder)
        finally:
            # Lazily, so that it goes even if a server that a failed test left behind still holds a file on it.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()
