"""The files of a partition's source, and as much of each as a load has to know before it parses.

A file is read once. Discovery lists the files; it reads the bytes where a decision depends on them (is the file
unchanged, is it the same as another), otherwise the parse worker does. Parsing is in ``doc_assets.ingest.parse_pool``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document.pointer import pointer_problem
from doc_assets.document.records import Discovered, FileRecord
from doc_assets.errors import DocumentRejected
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile
from doc_assets.sources.included_files import IncludedFiles
from doc_assets.sources.walk import EVERYTHING, Scope, read, scope_of, walk

# Of files with equal bytes one is parsed for all, unless they include files beside them (mdBook, MkDocs and Hugo,
# reStructuredText, AsciiDoc, MDX, knitr, manual pages) or depend on them (jupytext's pairs, pages that are rendered to
# Markdown, attributes of AsciiDoc that the component of a page sets). Sealing the snapshot compares the parsed contents
# in any case.
_INCLUDES = re.compile(
    rb"\{\{[#<%]\s*(?:include|rustdoc_include|playground|playpen|template|readfile)\b"
    rb"|\{%-?\s*include|--8<--|^\.\.\s+literalinclude::|\binclude::|^import\s[^\n]{1,200}\.mdx?['\"]"
    rb"|^\.so\s|^[ #/;%'-]{0,12}jupytext:|^(?:output|format):|\b(?:child|file|code)\s*=|^#\|\s*(?:child|file):",
    re.MULTILINE,
)
_ASCIIDOC = (".adoc", ".asciidoc", ".asc")
_ATTRIBUTE = re.compile(rb"\{\w")
# Bytes of a partition kept in memory for a parse worker; more are read a second time. Only files that share their size
# with another one, or with their stored version, are read ahead: a few per cent of a documentation's bytes.
_HELD_BYTES = 64_000_000
# Longest file that stays in memory from a partition's survey to its load: a run surveys all partitions first.
_HELD_BY_SURVEY = 1_000_000

# In the class below ``bytes`` is a method.
_Content = bytes


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The facts that reading a file's bytes gave.

    Attributes:
        fingerprint: SHA-256 of the bytes; None where they cannot be read.
        size: Bytes.
        includes: The file includes others beside it.
        points: It is a pointer to content kept elsewhere.
        problem: Why it cannot be read.
    """

    fingerprint: bytes | None
    size: int
    includes: bool = False
    points: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ToLoad:
    """A partition's files, split by what a load does with each; every listed path is in exactly one part.

    Attributes:
        canonical: Readable files, each content once: of equal bytes the first path in byte order.
        unparsed: Files that need no parsing: left out by the walk, unreadable, or equal in bytes to a canonical one.
    """

    canonical: tuple[Discovered, ...]
    unparsed: tuple[FileRecord, ...]


@dataclass
class Discovery:
    """The files of a partition's source, and what has been read of them so far.

    Can be sent to another process, with what was read but without the cache's lease (``fetched``).

    Attributes:
        revision: Revision of the source, as its kind defines it.
        root: Folder of the files, which no include leaves.
        listed: Every file, by path in byte order.
        max_file_bytes: Larger files are rejected.
        fetched: The source; this reference keeps it in the cache.
        warnings: What the fetch has to say about the source, in sentences.
        scope: Which files are documents of the source, of other partitions too.
    """

    revision: str
    root: Path
    listed: tuple[SourceFile, ...]
    max_file_bytes: int
    fetched: Fetched | None = field(default=None, compare=False, repr=False)
    warnings: tuple[str, ...] = ()
    scope: Scope = EVERYTHING
    _read: dict[str, ReadFile] = field(default_factory=dict, repr=False)
    _held: dict[str, _Content] = field(default_factory=dict, repr=False)
    _held_bytes: int = 0

    def __getstate__(self) -> dict[str, object]:
        """Return the state without the lease, which is bound to this process."""
        return {**self.__dict__, "fetched": None}

    @property
    def bytes(self) -> int:
        """Bytes of all files, as listed."""
        return sum(file.size for file in self.listed)

    @cached_property
    def included(self) -> IncludedFiles:
        """The present content of the files that others of the source include."""
        return IncludedFiles(self.root, max_document_bytes=self.max_file_bytes, scope=self.scope)

    @cached_property
    def locations(self) -> dict[str, SourceFile]:
        """The files that the walk did not leave out, by path."""
        return {file.path: file for file in self.listed if file.outcome is None}

    @cached_property
    def _shared_sizes(self) -> set[int]:
        counts = Counter(file.size for file in self.locations.values())
        return {size for size, count in counts.items() if count > 1}

    @property
    def fingerprints(self) -> dict[str, _Content | None]:
        """SHA-256 of each file's bytes by path, None where they cannot be read. Reads all files."""
        found: dict[str, _Content | None] = {}
        for file in self.listed:
            found[file.path] = self.read(file).fingerprint
            self.release([file.path])
        return found

    def read(self, file: SourceFile) -> ReadFile:
        """Read a file once, and hold the bytes for ``take_bytes`` while memory is left for them."""
        if (known := self._read.get(file.path)) is not None:
            return known
        if file.outcome is not None:
            return ReadFile(None, file.size, problem=file.reason)
        try:
            data = read(file, self.max_file_bytes)
        except DocumentRejected as error:
            found = ReadFile(None, file.size, problem=str(error))
        else:
            includes = file.size in self._shared_sizes and _depends(file.path, data)
            points = pointer_problem(data) is not None
            found = ReadFile(hashlib.sha256(data).digest(), len(data), includes, points)
            if self._held_bytes + len(data) <= _HELD_BYTES:
                self._held[file.path] = data
                self._held_bytes += len(data)
        self._read[file.path] = found
        return found

    def take_bytes(self, path: str) -> _Content | None:
        """Return the held bytes of a file and release them; None if it has to be read."""
        data = self._held.pop(path, None)
        self._held_bytes -= len(data or b"")
        return data

    def release(self, paths: Iterable[str]) -> None:
        """Drop the held bytes of files that no load will parse."""
        for path in paths:
            self.take_bytes(path)

    def equals(self, stored: Mapping[str, tuple[int, _Content | None]]) -> bool:
        """Return True if the files have exactly these sizes and fingerprints; read up to the first difference."""
        if stored.keys() != {file.path for file in self.listed}:
            return False
        for file in self.listed:
            size, fingerprint = stored[file.path]
            if fingerprint is not None and (file.outcome is not None or file.size != size):
                return False
        for file in self.listed:
            same = self.read(file).fingerprint == stored[file.path][1]
            if same or file.size > _HELD_BY_SURVEY:
                self.release([file.path])
            if not same:
                return False
        return True

    def to_load(self, known: Mapping[str, Collection[tuple[int, _Content]]]) -> ToLoad:
        """Split the files for a load; read those that may be unchanged, or the same as another.

        A file whose size is its own has no twin, and one whose size is new has changed: the parse worker reads those.

        Args:
            known: By path, the sizes and fingerprints under which a file's stored outcome may be reused.
        """
        first_with: dict[bytes, str] = {}
        canonical: list[Discovered] = []
        unparsed: list[FileRecord] = []
        for file in self.listed:
            path = file.path
            if file.outcome is not None:
                unparsed.append(FileRecord(path, file.size, None, file.outcome, file.reason))
                continue
            before = known.get(path, ())
            may_be_known = file.size in self._shared_sizes or any(size == file.size for size, _ in before)
            if path not in self._read and not may_be_known:
                canonical.append(Discovered(path, file.size, None))
                continue
            found = self.read(file)
            if found.fingerprint is None:
                unparsed.append(FileRecord(path, file.size, None, "rejected", found.problem))
                continue
            if found.points:
                # Always parsed, so that each is rejected for itself: neither a duplicate of another pointer, nor taken
                # over as the document that an older version of this program made of it.
                canonical.append(Discovered(path, found.size, None))
                continue
            twin = first_with.setdefault(found.fingerprint, path)
            if twin != path and found.size and not found.includes:
                reason = f"same bytes as {twin}"
                unparsed.append(FileRecord(path, found.size, found.fingerprint, "duplicate", reason, duplicate_of=twin))
                self.release([path])
                continue
            if (found.size, found.fingerprint) in before:
                self.release([path])
            canonical.append(Discovered(path, found.size, found.fingerprint))
        return ToLoad(tuple(canonical), tuple(unparsed))


def _depends(path: str, data: bytes) -> bool:
    """Return whether what a file says may depend on the files beside it."""
    has_attributes = path.lower().endswith(_ASCIIDOC) and _ATTRIBUTE.search(data) is not None
    return has_attributes or _INCLUDES.search(data) is not None


def discover(partition: Partition, catalogue: Catalogue, settings: Settings, limit: int | None = None) -> Discovery:
    """Fetch the source and list the partition's files, or the first ``limit`` of them by path; read none.

    Raises:
        SourceError: The source cannot be fetched or listed.
    """
    fetched = fetch(
        partition.source, base=catalogue.directory, cache=settings.home / "sources", options=FetchOptions.of(settings)
    )
    listed = sorted(walk(fetched.root, partition, fetched.left_out), key=lambda entry: entry.path.encode())
    return Discovery(
        fetched.revision,
        fetched.root,
        tuple(listed[:limit]),
        settings.max_file_bytes,
        fetched,
        fetched.warnings,
        scope_of(partition.source),
    )
