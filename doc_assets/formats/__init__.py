"""From bytes to ``Document``: the registry of formats, how one is chosen for a file, and how bytes become text.

One module per native format; each is a pure function of a file's bytes and path. Nothing here executes what it reads,
follows a link out of the source, or knows the database. A new format is a class registered under the entry point
``doc_assets.formats``.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable

from doc_assets.document import Document, clean_text
from doc_assets.errors import CatalogueError, DocumentRejected, DocumentSkipped

__all__ = ["Format", "RawFile", "decode", "detect", "format_names", "get_format", "parse"]


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as a format sees it.

    Attributes:
        path: Relative to the source's root, ``/`` between parts.
        data: The file's bytes.
        attributes: What the catalogue says of the source (crate, version, product …), for metadata.
    """

    path: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)

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
def _registry() -> dict[str, Format]:
    return {point.name: point.load()() for point in sorted(entry_points(group="doc_assets.formats"))}


def format_names() -> list[str]:
    """All registered formats, sorted. Imports none of them."""
    return sorted(entry_points(group="doc_assets.formats").names)


def get_format(name: str) -> Format:
    """The format of that name.

    Raises:
        CatalogueError: No such format is installed.
    """
    try:
        return _registry()[name]
    except KeyError:
        raise CatalogueError(f"unknown format {name!r}: installed are {', '.join(format_names())}") from None


def detect(file: RawFile) -> Format | None:
    """The format that reads this file, or None where no format claims its suffix or accepts it."""
    claiming = [f for f in _registry().values() if file.suffix in f.suffixes]
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
        raise DocumentSkipped(f"unsupported format: no parser reads {file.suffix or 'files without a suffix'}")
    documents = [document for document in reader.parse(file) if not document.is_empty()]
    if not documents:
        raise DocumentSkipped("no text in the document")
    return documents


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its first two bytes are the UTF-16 mark
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)


def decode(data: bytes, *, html: bool = False) -> str:
    """Bytes as clean text: by byte-order mark, then UTF-8, then (HTML) the declared charset, then Windows-1252.

    Raises:
        DocumentRejected: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean_text(data.decode(encoding, errors="replace"))
    head = data[:8192]
    if b"\0" in head or _binary_share(head) > 0.1:
        raise DocumentRejected("binary data where text was expected: check the file, or exclude it in the catalogue")
    encodings = []
    if html and (declared := _CHARSET.search(head)):
        encodings.append(declared.group(1).decode("ascii", "replace"))
    for encoding in (*encodings, "utf-8"):
        try:
            return clean_text(data.decode(encoding))
        except (UnicodeError, LookupError):
            continue
    # A few bad bytes in UTF-8 (a character cut in half) are replaced; mostly bad ones mean a Western 8-bit charset.
    text = data.decode("utf-8", errors="replace")
    multibyte = sum(1 for byte in data if byte >= 0xC2)
    if text.count("\ufffd") * 2 > multibyte:
        text = data.decode("cp1252", errors="replace")
    return clean_text(text)


# Below space, but for white space (tab to carriage return) and escape, which starts ANSI codes.
_CONTROLS = bytes({*range(9), *range(14, 27), *range(28, 32)})


def _binary_share(head: bytes) -> float:
    return (len(head) - len(head.translate(None, _CONTROLS))) / max(1, len(head))
