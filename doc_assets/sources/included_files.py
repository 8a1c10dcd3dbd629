"""The files that a document includes from its source, and the digest that shows whether they have changed since.

Reads are confined to the source's root, bounded in size and number, and recorded. Using the content is up to the
document's format.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import DocumentRejected
from doc_assets.sources.files import SourceFile
from doc_assets.sources.walk import read

# One listing of a book has kilobytes; a document that requests more than this is an attack or a mistake.
MAX_INCLUDED_BYTES = 2_000_000
MAX_ALL_INCLUDED_BYTES = 10_000_000
MAX_LOOKUPS = 2_000


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
    ) -> None:
        """Take the root that no read leaves (``Fetched.root``), and the limits of one document."""
        self._root = root
        self._max_bytes = max_bytes
        self._max_lookups = max_lookups
        self._left = max_all_bytes
        self.requested: dict[str, bytes | None] = {}
        self.problem: str | None = None

    def read(self, path: str) -> bytes | None:
        """See ``doc_assets.formats.base.Neighbours``."""
        if path not in self.requested and len(self.requested) >= self._max_lookups:
            return None
        data = _bytes_of(self._root, path, self._max_bytes)
        first = path not in self.requested
        self.requested.setdefault(path, None if data is None else hashlib.sha256(data).digest())
        if data is None or (first and len(data) > self._left):
            return None
        if pointer := pointer_problem(data):
            self.problem = self.problem or f"it includes {path}, a {pointer}"
            return None
        self._left -= len(data) if first else 0
        return data

    @property
    def digest(self) -> bytes | None:
        """SHA-256 over the requested files; None without any."""
        return _digest(self.requested.items()) if self.requested else None


class IncludedFiles:
    """The present content of a source's included files; each is read once."""

    def __init__(self, root: Path) -> None:
        """Take the source's root."""
        self._root = root
        self._fingerprints: dict[str, bytes | None] = {}

    def digest(self, paths: Iterable[str]) -> bytes:
        """Return what ``SourceNeighbours.digest`` would be if these paths were requested now."""
        return _digest((path, self._fingerprint(path)) for path in paths)

    def _fingerprint(self, path: str) -> bytes | None:
        if path not in self._fingerprints:
            data = _bytes_of(self._root, path)
            self._fingerprints[path] = None if data is None else hashlib.sha256(data).digest()
        return self._fingerprints[path]


def _bytes_of(root: Path, path: str, max_bytes: int = MAX_INCLUDED_BYTES) -> bytes | None:
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        return None
    # Every link on the way is resolved, so that none leads out; ``read`` refuses one that is swapped in afterwards.
    # Most requested paths do not exist; this check costs a tenth of resolving every part of the path.
    if not os.path.lexists(f"{root}/{path}"):
        return None
    try:
        real_root = os.path.realpath(root)
        target = os.path.realpath(f"{real_root}/{path}", strict=True)
        if not target.startswith(real_root.rstrip("/") + "/"):
            return None
        return read(SourceFile(path, Path(target), 0), max_bytes)
    except (OSError, ValueError, DocumentRejected):
        return None


def _digest(files: Iterable[tuple[str, bytes | None]]) -> bytes:
    digest = hashlib.sha256()
    for path, fingerprint in sorted(files):
        digest.update(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest())
        digest.update(hashlib.sha256(fingerprint or b"").digest())
    return digest.digest()
