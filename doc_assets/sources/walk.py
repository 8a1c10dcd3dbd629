"""Every file of a source, once, and its bytes: without following a link out of the root or blocking on a pipe.

Rules, each visible in the manifest:

- a file that ``include`` does not name or ``exclude`` names is no part of the source and not listed, nor is ``.git``;
- a hidden file, or one in a hidden folder, is skipped unless an include glob names something hidden;
- a link to a regular file inside the root is read as that file; a link to a folder is skipped, never followed; a link
  that is broken, loops or leaves the root is rejected, and so is anything else than a regular file;
- a folder that cannot be listed is rejected, as one row.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import GitSource, Source
from doc_assets.catalogue.partitions import Partition
from doc_assets.errors import DocumentRejected, DocumentSkipped, SourceError
from doc_assets.formats.navigation.llms_order import FILE
from doc_assets.sources.files import SourceFile, readable_path

# PostgreSQL's btree takes keys of up to 2,704 bytes, and the manifest is keyed by snapshot and path.
_LONGEST_PATH = 2048

# Neither is a file of the source: git's own folder, and the order that was fetched with the pages of an llms.txt.
_NO_PART = (".git", FILE)

_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass(frozen=True)
class Scope:
    """Which files of a source are its documents.

    Attributes:
        selection: Its globs.
        starts: Files and folders that it is limited to; none: no limit.
    """

    selection: Selection
    starts: frozenset[str] = frozenset()

    def takes(self, path: str) -> bool:
        """Return whether a file at a path would be listed, in this partition or another of the source."""
        inside = not self.starts or any(path == start or path.startswith(f"{start}/") for start in self.starts)
        shown = not _hidden(path) or self.selection.takes_hidden(path)
        return inside and shown and self.selection.takes(path)


EVERYTHING = Scope(Selection(("*",), ()))


def scope_of(source: Source) -> Scope:
    """Return which files are documents of a source."""
    starts = set(source.subfolders) if isinstance(source, GitSource) else set()
    starts = {start for start in starts if not any(start.startswith(f"{other}/") for other in starts)}
    return Scope(Selection(source.include, source.exclude), frozenset(starts))


def walk(root: Path, partition: Partition, left_out: Iterable[SourceFile] = ()) -> Iterator[SourceFile]:
    """Yield the files of a partition, sorted by path, from ``Fetched.root`` and ``Fetched.left_out``.

    Raises:
        SourceError: The root itself cannot be listed.
    """
    scope = scope_of(partition.source)
    starts = set(scope.starts)
    listing = _Listing(root, scope.selection, starts)
    files = [*left_out, *(file for start in starts or {""} for file in listing.below(start))]
    files.sort(key=lambda file: (file.path, file.outcome is not None, os.fsencode(file.location)))
    for file in sorted(_unique(files), key=lambda file: file.path):
        if partition.holds(file.path):
            yield file


def read(file: SourceFile, max_bytes: int) -> bytes:
    """Return the file's bytes, at most ``max_bytes``.

    Raises:
        DocumentSkipped: ``walk`` listed it as skipped.
        DocumentRejected: It is too large, unreadable, or no regular file (any more).
    """
    if file.outcome == "skipped":
        raise DocumentSkipped(file.reason or "skipped")
    if file.outcome == "rejected":
        raise DocumentRejected(file.reason or "rejected")
    # O_NOFOLLOW: a file swapped for a link after the walk; O_NONBLOCK: for a pipe, which would never open.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(file.location, flags), "rb", buffering=0) as handle:  # noqa: PTH123 - a descriptor
            status = os.fstat(handle.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DocumentRejected("not a regular file: exclude it in the catalogue")
            if status.st_size > max_bytes:
                raise DocumentRejected(_too_large(f"{status.st_size:,} bytes", max_bytes))
            return _read_capped(handle.fileno(), status.st_size, max_bytes)
    except OSError as error:
        raise DocumentRejected(f"cannot be read ({error.strerror}): mend it, or exclude it in the catalogue") from None


def _read_capped(descriptor: int, size: int, max_bytes: int) -> bytes:
    """Read to the end; one byte beyond the cap is requested, to detect a file that grows meanwhile."""
    parts: list[bytes] = []
    left = max_bytes + 1
    while left > 0 and (part := os.read(descriptor, min(left, max(size + 1, 65536)))):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise DocumentRejected(_too_large("the file grows", max_bytes))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(what: str, max_bytes: int) -> str:
    return (
        f"{what}: above the limit of {max_bytes:,} bytes; raise DOC_ASSETS_MAX_FILE_BYTES, or exclude it in the"
        " catalogue"
    )


class _Listing:
    """One pass over a root. Paths are relative to it and as the system gives them, surrogates included."""

    def __init__(self, root: Path, selection: Selection, starts: set[str]) -> None:
        self.root = os.fspath(root)
        self.starts = starts
        self.real_root = os.path.realpath(root)
        self.selection = selection

    def below(self, start: str) -> Iterator[SourceFile]:
        if start and not self._inside(os.path.realpath(self._absolute(start))):
            yield self._refused(start, "leads out of the source: mend 'subfolders'")
            return
        if start and (os.path.islink(self._absolute(start)) or not os.path.isdir(self._absolute(start))):  # noqa: PTH112, PTH114
            yield from self._single(start)
            return
        todo = [start]
        while todo:
            folder = todo.pop()
            try:
                with os.scandir(self._absolute(folder)) as entries:
                    listed = list(entries)
            except OSError as error:
                if not folder:
                    raise SourceError(
                        f"{self.root} cannot be listed ({error.strerror}): let this user read it"
                    ) from None
                yield self._refused(
                    folder, f"folder cannot be listed ({error.strerror}): mend it, or exclude it in the catalogue"
                )
                continue
            for entry in listed:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.name in _NO_PART:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not self.selection.prunes(readable_path(path)):
                        todo.append(path)
                elif (file := self._file(entry, path)) is not None:
                    yield file

    def _single(self, path: str) -> Iterator[SourceFile]:
        """Yield the row of a file, or of a link, at which the listing starts; nothing where there is none."""
        folder, name = os.path.split(path)
        try:
            with os.scandir(self._absolute(folder)) as entries:
                found = [entry for entry in entries if entry.name == name]
        except OSError:  # a submodule's folder, or one that git could not write: what is left out has a row of its own
            return
        for entry in found:
            if (file := self._file(entry, path)) is not None:
                yield file

    def _file(self, entry: os.DirEntry[str], path: str) -> SourceFile | None:
        """Return the row of an entry other than a folder; None if it is no part of the source."""
        readable = readable_path(path)
        if entry.is_symlink():
            return self._link(entry, path)
        if not self.selection.takes(readable):
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            return self._refused(
                path, f"cannot be examined ({error.strerror}): mend it, or exclude it in the catalogue"
            )
        return self._regular(path, Path(entry.path), status)

    def _regular(self, path: str, location: Path, status: os.stat_result) -> SourceFile:
        readable = readable_path(path)
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
            return self._refused(path, f"not a regular file but {kind}: exclude it in the catalogue")
        if _hidden(readable) and not self.selection.takes_hidden(readable):
            reason = "hidden: a part of its path starts with a dot"
            return SourceFile(readable, location, status.st_size, "skipped", reason)
        return SourceFile(readable, location, status.st_size)

    def _link(self, entry: os.DirEntry[str], path: str) -> SourceFile | None:
        readable = readable_path(path)
        try:
            if entry.is_dir():  # also where it leaves the root: nothing behind it is read
                if self.selection.prunes(readable):
                    return None
                return SourceFile(readable, Path(entry.path), 0, "skipped", "link to a folder: not followed")
            if not self.selection.takes(readable):
                return None
            target = os.path.realpath(entry.path, strict=True)
            inside = self._inside(target)
            status = os.stat(target) if inside else None  # noqa: PTH116 - a string of the system's bytes
        except OSError as error:
            if not self.selection.takes(readable):
                return None
            if error.errno == errno.ENOENT and self._was_left_upstream(entry, path):
                return SourceFile(readable, Path(entry.path), 0, "skipped", "link to a file outside the subfolders")
            reason = "loops" if error.errno == errno.ELOOP else f"cannot be followed ({error.strerror})"
            return self._refused(path, f"link that {reason}: mend it, or exclude it in the catalogue")
        if status is None:
            return self._refused(
                path, "link that leaves the source: put the file itself there, or exclude it in the catalogue"
            )
        if _hidden(os.path.relpath(target, self.real_root)):
            return SourceFile(readable, Path(entry.path), 0, "skipped", "link to a hidden file")
        return self._regular(path, Path(target), status)

    def _was_left_upstream(self, entry: os.DirEntry[str], path: str) -> bool:
        """Return True for a link into a part of the repository that was not fetched: sound upstream."""
        target = os.path.normpath(f"{os.path.dirname(path)}/{os.readlink(entry.path)}")  # noqa: PTH115, PTH120
        outside = target.startswith(("/", "..")) or any(f"{target}/".startswith(f"{start}/") for start in self.starts)
        return bool(self.starts) and not outside

    def _inside(self, target: str) -> bool:
        return target == self.real_root or target.startswith(self.real_root.rstrip("/") + "/")

    def _absolute(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _refused(self, path: str, reason: str) -> SourceFile:
        return SourceFile(readable_path(path), Path(self._absolute(path)), 0, "rejected", reason)


def _hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _unique(files: Iterable[SourceFile]) -> Iterator[SourceFile]:
    """Give every file a path of its own that the manifest can hold.

    Two names can become equal once bytes that are not UTF-8 are written out; then, and where a path is too long, the
    path ends in a hash of the real one and the file is rejected, since no one could name it.
    """
    copies: Counter[str] = Counter()
    for file in files:
        copies[file.path] += 1
        problem = None
        if len(file.path.encode()) > _LONGEST_PATH:
            problem = f"its path is longer than {_LONGEST_PATH:,} bytes: shorten it, or exclude it in the catalogue"
        elif copies[file.path] > 1:
            problem = file.reason or "another file has the same path once it is written as UTF-8: rename one of them"
        if problem:
            key = f"{file.path}\0{copies[file.path]}".encode()
            path = f"{file.path[:200]}~{hashlib.sha256(key).hexdigest()[:16]}"
            file = replace(file, path=path, outcome="rejected", reason=problem)
        yield file
