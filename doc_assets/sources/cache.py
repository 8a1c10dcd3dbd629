"""The folder of fetched sources: entries appear whole or not at all, stay while in use, and fit into a budget.

Every entry has two lock files: one that whoever makes the entry holds alone, and one that all who make or read it hold
together. What nobody holds may be removed, the longest unused first. What an entry is, and how it is fetched, is in the
module of its kind; how its size is kept in bounds while it grows is in ``room``.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Result = TypeVar("_Result")

# What stands in the folders: an archive's tree, a crate's file, a repository or the files of one commit, a download.
_ENTRIES = ("archives/*", "crates/*", "git/*/*", "downloads/*/*.download", "downloads/*/*.partial")
# Being filled, beside it git's index of it, or being removed: the lock is that of the entry itself.
_UNFINISHED = (".index", ".partial", ".gone")
_BLOCK = 4096


def cache_key(*parts: object) -> str:
    """A file name that stands for these values: 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


class CacheLease:
    """Keeps one entry from being removed for as long as this object lives, or until ``end()``."""

    def __init__(self, lock: Path) -> None:
        """Waits while the entry of this lock file is being removed."""
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(descriptor)  # when the entry was used last
        self.end = weakref.finalize(self, os.close, descriptor)


@dataclass(frozen=True)
class Cache:
    """The cache, which several processes may share.

    Attributes:
        root: Its folder.
        limit: Bytes on the disk that it is kept below, or None (``DOC_ASSETS_CACHE_BYTES``).
    """

    root: Path
    limit: int | None = None

    @contextmanager
    def locked(self, entry: Path) -> Iterator[None]:
        """One process at a time makes the entry, and meanwhile nobody removes it; a killed process lets go of it."""
        lease = self.hold(entry)
        try:
            with self._lock(entry, "making").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        finally:
            lease.end()

    def hold(self, entry: Path) -> CacheLease:
        """Keeps the entry, if it is there, from being removed."""
        return CacheLease(self._lock(entry, "in-use"))

    def make_once(self, target: Path, fill: Callable[[Path], None]) -> CacheLease:
        """Fills a folder beside ``target`` and renames it, unless ``target`` is there; returns what keeps it there.

        A process killed while filling leaves a ``.partial`` folder, which the next one removes.

        Raises:
            OSError: The folder cannot be written; the disk is full although nothing unused is left to remove.
        """
        lease = self.hold(target)  # before the look, after which nobody else may remove it
        if not target.is_dir():
            with self.locked(target):
                if not target.is_dir():
                    self.retried_when_full(lambda: self._fill(target, fill))
        return lease

    def _fill(self, target: Path, fill: Callable[[Path], None]) -> None:
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            fill(partial)
            self._note(target, disk_bytes(partial))
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def retried_when_full(self, action: Callable[[], _Result]) -> _Result:
        """Runs the action, and once more after everything unused was removed if the disk was full."""
        try:
            return action()
        except OSError as error:
            if not is_full(error) or not self.remove_unused():
                raise
        return action()

    def used(self, but: tuple[Path, ...] = ()) -> int:
        """Bytes on the disk of all entries, finished or not, except these.

        The size of a finished tree is noted when it is made, so that this costs a look at each entry, not at each file.
        """
        return sum(self._size(entry) for entry in self._entries() if _owner(entry) not in but)

    def remove_unused(self, wanted: int | None = None) -> int:
        """Removes entries that nobody holds, the longest unused first; returns the bytes that this gave.

        Args:
            wanted: Stops once so many bytes are free; None removes all.
        """
        given = 0
        for entry in sorted(self._entries(), key=self._last_used):
            if wanted is not None and given >= wanted:
                break
            given += self._remove(entry)
        return given

    def _remove(self, entry: Path) -> int:
        with self._lock(_owner(entry), "in-use").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            size = self._size(entry)
            # Renamed first: a process killed meanwhile must not leave half of an entry under its name.
            gone = entry if entry.name.endswith(_UNFINISHED) else entry.with_name(f"{entry.name}.gone")
            try:
                if gone != entry:
                    file.truncate(0)
                    entry.rename(gone)
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
            except OSError:  # removed by somebody else, or not ours to remove: it gave nothing
                return 0
        return size

    def _entries(self) -> list[Path]:
        return [entry for pattern in _ENTRIES for entry in self.root.glob(pattern)]

    def _size(self, entry: Path) -> int:
        # What is unfinished, a download, or changes with each fetch has no note.
        if entry.name.endswith((*_UNFINISHED, ".download", ".git")):
            return disk_bytes(entry)
        try:
            return int(self._lock(entry, "in-use").read_text())
        except (OSError, ValueError):
            self._note(entry, size := disk_bytes(entry))
            return size

    def _note(self, entry: Path, size: int) -> None:
        lock = self._lock(entry, "in-use")
        used = lock.stat().st_mtime_ns if lock.exists() else 0
        lock.write_text(str(size))
        os.utime(lock, ns=(used, used))

    def _last_used(self, entry: Path) -> float:
        try:
            return self._lock(_owner(entry), "in-use").stat().st_mtime
        except OSError:
            return 0.0

    def _lock(self, entry: Path, kind: str) -> Path:
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{cache_key(entry.relative_to(self.root).as_posix())}.{kind}"


def disk_bytes(path: Path) -> int:
    """What a file, or a folder with all in it, takes on the disk; 0 if it is not there."""
    try:
        size = _on_disk(path.lstat())
        if path.is_symlink() or not path.is_dir():
            return size
        with os.scandir(path) as entries:
            return size + sum(_size_of(entry) for entry in entries)
    except FileNotFoundError:
        return 0


def _size_of(entry: os.DirEntry[str]) -> int:
    if entry.is_dir(follow_symlinks=False):
        return disk_bytes(Path(entry.path))
    try:
        return _on_disk(entry.stat(follow_symlinks=False))
    except FileNotFoundError:  # renamed or removed by another process just now
        return 0


def _on_disk(status: os.stat_result) -> int:
    # The greater of both: a file system may hand out blocks late, or pack small files into none.
    return max(status.st_blocks * 512, in_blocks(status.st_size))


def in_blocks(size: int) -> int:
    """Bytes that a file of that size takes on the disk."""
    return -(-size // _BLOCK) * _BLOCK


def is_full(error: OSError) -> bool:
    """True for a full disk, or a quota that is used up."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _owner(entry: Path) -> Path:
    """The entry that a file in the cache belongs to, whose lock counts for it."""
    name = entry.name
    while name.endswith(_UNFINISHED):
        name = name.rpartition(".")[0]
    return entry.with_name(name)
