"""The files that a document includes from its source, and the digest that shows whether they have changed since.

Reads are confined to the source's root, bounded in size and number, and recorded. Using the content is up to the
document's format.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import NAVIGATION_FILES
from doc_assets.sources.files import SourceFile
from doc_assets.sources.walk import EVERYTHING, Scope, read

# One listing of a book has kilobytes; a document that requests more than this is an attack or a mistake.
MAX_INCLUDED_BYTES = 2_000_000
MAX_ALL_INCLUDED_BYTES = 10_000_000
MAX_LOOKUPS = 10_000
_AS_DOCUMENT = "./"  # before a path that was asked for as a document; no other recorded path begins so


class SourceNeighbours:
    """The other files of one file's source; made anew for each file.

    Attributes:
        requested: Every requested path, with the SHA-256 of its bytes, or None where nothing may be read.
        problem: Why the document lacks what it includes, if a requested file only points to content kept elsewhere.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int = MAX_INCLUDED_BYTES,
        max_all_bytes: int = MAX_ALL_INCLUDED_BYTES,
        max_lookups: int = MAX_LOOKUPS,
        max_document_bytes: int = MAX_INCLUDED_BYTES,
        scope: Scope = EVERYTHING,
    ) -> None:
        """Take the root that no read leaves (``Fetched.root``), the limits of one document, and the source's scope."""
        self._root = root
        self._reader = _Reader(root, scope, max_document_bytes)
        self._max_bytes = max_bytes
        self._max_lookups = max_lookups
        self._left = max_all_bytes
        self.requested: dict[str, bytes | None] = {}
        self.problem: str | None = None

    def read(self, path: str) -> bytes | None:
        """See ``doc_assets.formats.base.Neighbours``."""
        if path not in self.requested and len(self.requested) >= self._max_lookups:
            return None
        data = self._reader.bytes_of(path, self._max_bytes)
        first = path not in self.requested
        self.requested.setdefault(path, None if data is None else hashlib.sha256(data).digest())
        if data is None or (first and len(data) > self._left):
            return None
        if pointer := pointer_problem(data):
            self.problem = self.problem or f"it includes {path}, a {pointer}"
            return None
        self._left -= len(data) if first else 0
        return data

    def navigation(self, folder: str) -> frozenset[str]:
        """See ``doc_assets.formats.base.ListingNeighbours``; recorded as the folder's path with a slash."""
        listed = f"{folder}/"
        if listed not in self.requested and len(self.requested) >= self._max_lookups:
            return frozenset()
        names = _navigation_in(self._root, folder)
        self.requested[listed] = _fingerprint_of(names)
        return names

    def document(self, path: str) -> bytes | None:
        """See ``doc_assets.formats.base.ListingNeighbours``; recorded as the path behind ``./``."""
        asked = f"{_AS_DOCUMENT}{path}"
        if asked not in self.requested and len(self.requested) >= self._max_lookups:
            return None
        data = self._reader.document(path)
        self.requested[asked] = None if data is None else hashlib.sha256(data).digest()
        return None if data is None or pointer_problem(data) else data

    @property
    def digest(self) -> bytes | None:
        """SHA-256 over the requested files; None without any."""
        return _digest(self.requested.items()) if self.requested else None


class IncludedFiles:
    """The present content of a source's included files; each is read once."""

    def __init__(self, root: Path, *, max_document_bytes: int = MAX_INCLUDED_BYTES, scope: Scope = EVERYTHING) -> None:
        """Take the source's root, and what of it are documents, as ``SourceNeighbours`` does."""
        self._root = root
        self._reader = _Reader(root, scope, max_document_bytes)
        self._fingerprints: dict[str, bytes | None] = {}

    def digest(self, paths: Iterable[str]) -> bytes:
        """Return what ``SourceNeighbours.digest`` would be if these paths were requested now."""
        return _digest((path, self._fingerprint(path)) for path in paths)

    def _fingerprint(self, path: str) -> bytes | None:
        if path not in self._fingerprints:
            if path.endswith("/"):
                self._fingerprints[path] = _fingerprint_of(_navigation_in(self._root, path[:-1]))
            else:
                is_document = path.startswith(_AS_DOCUMENT)
                read_bytes = self._reader.document if is_document else self._reader.bytes_of
                data = read_bytes(path.removeprefix(_AS_DOCUMENT))
                self._fingerprints[path] = None if data is None else hashlib.sha256(data).digest()
        return self._fingerprints[path]


# Names of navigation files by folder, with the time of the folder's last change: a folder of 1,200 pages is listed once
# for all of them. A change within the same tick of the clock as a listing could go unseen, so one that is so fresh is
# not kept.
_listings: dict[str, tuple[int, frozenset[str]]] = {}
_MOST_LISTINGS = 10_000
_SETTLED = 2_000_000_000  # nanoseconds


def _navigation_in(root: Path, folder: str) -> frozenset[str]:
    """Return the navigation files in a folder of the source; none if it is outside or cannot be listed."""
    if "\0" in folder or any(part in ("", ".", "..") for part in folder.split("/") if folder):
        return frozenset()
    path = f"{root}/{folder}"
    try:
        changed = os.stat(path).st_mtime_ns  # noqa: PTH116 - called for each folder above each page
        if (known := _listings.get(path)) is not None and known[0] == changed:
            return known[1]
        real_root = os.path.realpath(root).rstrip("/")
        if not f"{os.path.realpath(path)}/".startswith(f"{real_root}/"):
            return frozenset()
        names = NAVIGATION_FILES.intersection(os.listdir(path))  # noqa: PTH208 - by name
    except (OSError, ValueError):
        return frozenset()
    if time.time_ns() - changed > _SETTLED:
        if len(_listings) >= _MOST_LISTINGS:
            _listings.clear()
        _listings[path] = changed, names
    return names


def _fingerprint_of(names: frozenset[str]) -> bytes | None:
    return hashlib.sha256("\n".join(sorted(names)).encode()).digest() if names else None


class _Reader:
    """Reads files below a root; none by a link that leads out of it."""

    def __init__(self, root: Path, scope: Scope, max_document_bytes: int) -> None:
        self._root = root
        self._scope = scope
        self._max_document_bytes = max_document_bytes
        self._real_folders: dict[str, str] = {}  # of one document's lookups, most of which share their folders

    def document(self, path: str) -> bytes | None:
        return self.bytes_of(path, self._max_document_bytes) if self._scope.takes(path) else None

    def bytes_of(self, path: str, max_bytes: int = MAX_INCLUDED_BYTES) -> bytes | None:
        parts = path.split("/")
        # Of hidden files only those that order a site's pages are read: ``.pages``.
        visible = parts[:-1] if parts[-1] in NAVIGATION_FILES else parts
        if "\0" in path or "" in parts or any(part.startswith(".") for part in visible):
            return None
        # Every link on the way is resolved, so that none leads out; ``read`` refuses one that is swapped in afterwards.
        # Most requested paths do not exist; this check costs a tenth of resolving every part of the path.
        if not os.path.lexists(f"{self._root}/{path}"):
            return None
        try:
            root = self._real("")
            folder, _, name = path.rpartition("/")
            target = f"{self._real(folder)}/{name}"
            if os.path.islink(target):  # noqa: PTH114 - called for each file that a page includes
                target = os.path.realpath(target, strict=True)
            if not target.startswith(root.rstrip("/") + "/"):
                return None
            return read(SourceFile(path, Path(target), 0), max_bytes)
        except (OSError, ValueError, DocumentRejected):
            return None

    def _real(self, folder: str) -> str:
        if folder not in self._real_folders:
            above, _, name = folder.rpartition("/")
            path = f"{self._real(above)}/{name}" if folder else os.fspath(self._root)
            is_real = folder and not os.path.islink(path)  # noqa: PTH114 - as above
            self._real_folders[folder] = path if is_real else os.path.realpath(path, strict=True)
        return self._real_folders[folder]


def _digest(files: Iterable[tuple[str, bytes | None]]) -> bytes:
    digest = hashlib.sha256()
    for path, fingerprint in sorted(files):
        digest.update(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest())
        digest.update(hashlib.sha256(fingerprint or b"").digest())
    return digest.digest()
