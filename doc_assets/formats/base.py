"""What a format is: the protocol that each implements, and the file as a format sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable

from doc_assets.document import Document


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
