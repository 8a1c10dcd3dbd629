"""The partitions that the catalogue lists, for telling which live ones left it; read again when the file changes."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from doc_assets.catalogue import load_catalogue
from doc_assets.errors import CatalogueError

_log = logging.getLogger(__name__)


class CatalogueNames:
    """Names of the partitions in a catalogue; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Take the catalogue's path; reads nothing yet."""
        self._path = path
        self._lock = threading.Lock()
        self._state: tuple[int, int, int] | None = None
        self._names: frozenset[str] | None = None
        self._was_read = False

    def names(self) -> frozenset[str] | None:
        """Return the names, or None where the file is absent or wrong, which is logged once for each state of it."""
        with self._lock:
            state = self._present_state()
            if not self._was_read or state != self._state:
                self._state, self._was_read = state, True
                self._names = self._read()
            return self._names

    def _present_state(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()  # follows the link by which Kubernetes changes a mounted ConfigMap
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _read(self) -> frozenset[str] | None:
        try:
            return frozenset(partition.name for partition in load_catalogue(self._path).partitions())
        except CatalogueError as error:
            _log.warning("what left the catalogue is not known: %s", str(error).splitlines()[0])
            return None
