"""From bytes to ``Document``: the registry of formats, and how one is chosen for a file.

One module per native format; each is a pure function of a file's bytes and path. Nothing here executes what it reads,
follows a link out of the source, or knows the database. A new format is a class registered under the entry point
``doc_assets.formats``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable

from doc_assets.document import Document
from doc_assets.errors import CatalogueError, DocumentSkipped
from doc_assets.formats.charset import decode
from doc_assets.formats.registry import ENTRY_POINTS, Registry, load_registry

__all__ = [
    "NO_NEIGHBOURS",
    "Format",
    "Neighbours",
    "RawFile",
    "decode",
    "detect",
    "format_names",
    "format_versions",
    "get_format",
    "parse",
]


class Neighbours(Protocol):
    """The other files of a file's source, for what it includes and for the table of contents it stands in."""

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is no such file, or it may not be read.

        What is asked for, found or not, is remembered with the document: it is read again when one of these files
        appears, changes or goes.

        Args:
            path: Relative to the source's root, ``/`` between parts, without ``.`` and ``..``
                (``posixpath.normpath`` of what the document says); what leaves the root gives None.
        """
        ...


class _NoNeighbours:
    def read(self, path: str) -> bytes | None:
        return None


NO_NEIGHBOURS: Neighbours = _NoNeighbours()


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as a format sees it.

    Attributes:
        path: Relative to the source's root, ``/`` between parts.
        data: The file's bytes.
        attributes: What the catalogue says of the source (crate, version, product …), for metadata.
        neighbours: The files beside it.
    """

    path: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    neighbours: Neighbours = NO_NEIGHBOURS

    @property
    def stem(self) -> str:
        """The file's name without its last suffix."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """The last suffix, lower case, with its dot (``.md``)."""
        return PurePosixPath(self.path).suffix.lower()


@runtime_checkable
class Format(Protocol):
    """Reads one native format.

    Attributes:
        name: As written in the catalogue and stored with each document.
        version: Raised when the same bytes give another ``Document``; it is part of a snapshot's recipe.
        suffixes: Lower case, with dot, that the format claims when the catalogue says ``auto``.
        priority: Of the formats that claim a suffix and accept a file, the highest reads it.
    """

    name: str
    version: int
    suffixes: frozenset[str]
    priority: int

    def accepts(self, file: RawFile) -> bool:
        """A cheap look at the first kilobytes: could this be mine? Only asked for a suffix of ``suffixes``."""
        ...

    def parse(self, file: RawFile) -> list[Document]:
        """The documents in the file, in order: one, or several where a file holds a whole crate.

        Raises:
            DocumentSkipped: Nothing to load (empty, redirect, index page); the message is the reason.
            DocumentRejected: Not what its name says, or broken beyond reading; the message is the reason.
        """
        ...


@functools.cache
def _registry() -> Registry:
    return load_registry()


def format_names() -> list[str]:
    """All registered formats, sorted. Imports none of them."""
    return sorted(entry_points(group=ENTRY_POINTS).names)


def format_versions() -> dict[str, int]:
    """Name and version of every format that works."""
    return {name: found.version for name, found in sorted(_registry().formats.items())}


def get_format(name: str) -> Format:
    """The format of that name.

    Raises:
        CatalogueError: No such format is installed, or the package that brings it is broken.
    """
    registry = _registry()
    if name in registry.formats:
        return registry.formats[name]
    if name in registry.broken:
        raise CatalogueError(registry.broken[name])
    raise CatalogueError(f"unknown format {name!r}: installed are {', '.join(format_names())}")


def detect(file: RawFile) -> Format | None:
    """The format that reads this file, or None where no format claims its suffix or accepts it."""
    claiming = [f for f in _registry().formats.values() if file.suffix in f.suffixes]
    for candidate in sorted(claiming, key=lambda f: (-f.priority, f.name)):
        if candidate.accepts(file):
            return candidate
    return None


def parse(file: RawFile, format_name: str = "auto") -> list[Document]:
    """Reads a file with the named format, or with the one that fits.

    Returns:
        Documents that each hold some text.

    Raises:
        DocumentSkipped: No format reads this kind of file, or there is nothing in it to load.
        DocumentRejected: The file is not what its name says, or broken beyond reading.
    """
    if not file.data.strip(b"\0 \t\r\n") and file.suffix != ".ipynb":
        raise DocumentSkipped("empty file")
    reader = detect(file) if format_name == "auto" else get_format(format_name)
    if reader is None:
        broken = "".join(f"; {problem}" for problem in _registry().broken.values())
        raise DocumentSkipped(f"unsupported format: no parser reads {file.suffix or 'files without a suffix'}{broken}")
    documents = [document for document in reader.parse(file) if not document.is_empty()]
    if not documents:
        raise DocumentSkipped("no text in the document")
    return documents
