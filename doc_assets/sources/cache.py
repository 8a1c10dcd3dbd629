"""The folder of fetched sources: entries appear whole or not at all, stay while in use, and fit into a budget.

Every entry has two lock files: ``making`` is held by the one process that makes the entry, ``in-use`` is shared by all
that make or read it. Entries that nobody holds may be removed, the longest unused first. Fetching an entry is in the
module of its kind; limiting its size while it grows is in ``cache_quota``.
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

# An archive's tree, a crate's file, a repository or the files of one commit, the tree or the copies of a site's pages,
# a download.
_ENTRIES = ("archives/*", "crates/*", "git/*/*", "llms_txt/*", "downloads/*/*.download", "downloads/*/*.partial")
# git's index of an entry, an entry being filled or removed: they share the lock of the entry itself.
_UNFINISHED = (".index", ".partial", ".gone")
_BLOCK = 4096


def cache_key(*parts: object) -> str:
    """Return a file name for these values: 32 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


class CacheLease:
    """Keeps one entry from being removed until this object is collected or ``end()`` is called."""

    def __init__(self, lock: Path) -> None:
        """Wait while the entry of this lock file is being removed."""
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(descriptor)  # the time of the entry's last use
        self.end = weakref.finalize(self, os.close, descriptor)


@dataclass(frozen=True)
class Cache:
    """The cache, which several processes may share.

    Attributes:
        root: Its folder.
        limit: Most bytes on the disk, or None (``DOC_ASSETS_CACHE_BYTES``).
    """

    root: Path
    limit: int | None = None

    @contextmanager
    def locked(self, entry: Path) -> Iterator[None]:
        """Let one process at a time make the entry, and keep it from removal; a kill releases the lock."""
        lease = self.hold(entry)
        try:
            with self._lock(entry, "making").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        finally:
            lease.end()

    def hold(self, entry: Path) -> CacheLease:
        """Keep the entry, if it is present, from being removed."""
        return CacheLease(self._lock(entry, "in-use"))

    def make_once(self, target: Path, fill: Callable[[Path], None]) -> CacheLease:
        """Fill a folder beside ``target`` and rename it, unless ``target`` exists; return the lease that keeps it.

        A process killed while filling leaves a ``.partial`` folder, which the next one removes.

        Raises:
            OSError: The folder cannot be written; the disk is full although nothing unused is left to remove.
        """
        lease = self.hold(target)  # before the check, so that nobody removes it afterwards
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
        """Run the action; if the disk was full, remove every unused entry and run it once more."""
        try:
            return action()
        except OSError as error:
            if not is_full(error) or not self.remove_unused():
                raise
        return action()

    def used(self, excluding: tuple[Path, ...] = ()) -> int:
        """Return the bytes on the disk of all entries but these, finished or not.

        The size of a finished tree is noted when it is made, so that this reads one note per entry, not each file.
        """
        return sum(self._size(entry) for entry in self._entries() if _owner(entry) not in excluding)

    def remove_unused(self, wanted: int | None = None) -> int:
        """Remove entries that nobody holds, the longest unused first; return the bytes freed.

        ``wanted`` bytes are enough; None removes all.
        """
        freed = 0
        for entry in sorted(self._entries(), key=self._last_used):
            if wanted is not None and freed >= wanted:
                break
            freed += self._remove(entry)
        return freed

    def _remove(self, entry: Path) -> int:
        with self._lock(_owner(entry), "in-use").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            size = self._size(entry)
            # Renamed first: a process killed here must not leave half of an entry under its name.
            gone = entry if entry.name.endswith(_UNFINISHED) else entry.with_name(f"{entry.name}.gone")
            try:
                if gone != entry:
                    file.truncate(0)
                    entry.rename(gone)
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
            except OSError:  # removed by another process, or not ours to remove: nothing is freed
                return 0
        return size

    def _entries(self) -> list[Path]:
        return [entry for pattern in _ENTRIES for entry in self.root.glob(pattern)]

    def _size(self, entry: Path) -> int:
        # Unfinished entries, and downloads, repositories and pages, which change with each fetch, have no note.
        if entry.name.endswith((*_UNFINISHED, ".download", ".git", ".pages")):
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
    """Return the bytes on the disk of a file, or of a folder with all in it; 0 if absent."""
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
    # The greater of both: a file system may allocate blocks late, or pack small files into none.
    return max(status.st_blocks * 512, in_blocks(status.st_size))


def in_blocks(size: int) -> int:
    """Return the bytes that a file of that size takes on the disk."""
    return -(-size // _BLOCK) * _BLOCK


def is_full(error: OSError) -> bool:
    """Return True for a full disk or an exhausted quota."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _owner(entry: Path) -> Path:
    """Return the entry that a file in the cache belongs to, whose lock counts for it."""
    name = entry.name
    while name.endswith(_UNFINISHED):
        name = name.rpartition(".")[0]
    return entry.with_name(name)
