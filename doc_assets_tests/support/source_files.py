"""The files of a source in memory, as the neighbours of a page."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from doc_assets.formats.base import NAVIGATION_FILES


class SourceFiles:
    """Neighbours that remember which files were asked for; folders are listed without being asked for."""

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        """Take the files by path."""
        self.files = {path: data.encode() if isinstance(data, str) else data for path, data in (files or {}).items()}
        self.asked: list[str] = []

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes."""
        self.asked.append(path)
        return self.files.get(path)

    def navigation(self, folder: str) -> frozenset[str]:
        """Return the navigation files of a folder."""
        return frozenset(name for name in NAVIGATION_FILES if posixpath.join(folder, name) in self.files)
