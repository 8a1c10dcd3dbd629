"""The named sets of sources of a catalogue, for programs that run while the file changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from doc_assets.catalogue.loading import load_catalogue
from doc_assets.errors import CatalogueError

_log = logging.getLogger("doc_assets.catalogue")


class CatalogueScopes:
    """The scopes of a file, read again when it changes; none without a file. May be shared between threads."""

    def __init__(self, path: Path) -> None:
        """Read the file if there is one.

        Raises:
            CatalogueError: The file is wrong.
        """
        self._path = path
        self._lock = threading.Lock()
        self._state = self._stat()
        self._scopes: Mapping[str, tuple[str, ...]] = load_catalogue(path).scopes if self._state else {}

    def __call__(self) -> Mapping[str, tuple[str, ...]]:
        """Return types and sources by scope; of a file that has become wrong those of before, and say so in the log."""
        with self._lock:
            state = self._stat()
            if state != self._state:
                self._state = state
                try:
                    self._scopes = load_catalogue(self._path).scopes if state else {}
                except CatalogueError as error:
                    _log.warning("the scopes stay as they were: %s", error)
            return self._scopes

    def _stat(self) -> tuple[int, int] | None:
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_ino
