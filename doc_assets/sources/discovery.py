"""What stands in a partition's source now: every file with its fingerprint, or with why it cannot be loaded.

Reads bytes to hash them, and nothing more; what they mean is found out in ``doc_assets.ingest.parse_pool``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document.records import Discovered, FileRecord
from doc_assets.errors import DocumentRejected
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import Access
from doc_assets.sources.files import Fetched, SourceFile
from doc_assets.sources.included_files import IncludedFiles
from doc_assets.sources.token_estimate import expected_tokens
from doc_assets.sources.walk import read, walk

# Of files with equal bytes one is parsed for all, unless they say to read what stands beside them: mdBook, MkDocs and
# Hugo, reStructuredText, MDX. The parsed contents are compared when the snapshot is sealed, in any case.
_INCLUDES = re.compile(
    rb"\{\{[#<%]\s*(?:include|rustdoc_include|playground|playpen|template|readfile)\b"
    rb"|\{%-?\s*include|--8<--|^\.\.\s+(?:literal)?include::|^import\s[^\n]{1,200}\.mdx?['\"]",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Discovery:
    """A partition's files, split by what is to be done with each; every discovered path is in exactly one part.

    Attributes:
        revision: Of the source, as its kind defines it.
        root: Folder of the files, which no include leaves.
        canonical: Readable files, each content once: of equal bytes the first path in byte order.
        locations: Where the canonical files are, by path.
        settled: Files that need no parsing: left out by the walk, unreadable, or equal in bytes to a canonical one.
        fetched: The source, which stays in the cache for as long as this is referred to.
    """

    revision: str
    root: Path
    canonical: tuple[Discovered, ...]
    locations: Mapping[str, SourceFile]
    settled: tuple[FileRecord, ...]
    fetched: Fetched | None = field(default=None, compare=False, repr=False)

    @property
    def files(self) -> int:
        """All discovered files."""
        return len(self.canonical) + len(self.settled)

    @property
    def bytes(self) -> int:
        """Bytes of all discovered files."""
        return sum(file.size for file in self.canonical) + sum(file.size for file in self.settled)

    @property
    def expected_tokens(self) -> int:
        """Tokens that the files will give, before any is parsed; byte duplicates give none."""
        lone = [file for file in self.settled if file.outcome != "duplicate"]
        return expected_tokens((file.path, file.size) for file in [*self.canonical, *lone])

    @property
    def fingerprints(self) -> dict[str, bytes | None]:
        """Every path with the SHA-256 of its bytes, None where they cannot be read."""
        found: dict[str, bytes | None] = {file.path: file.fingerprint for file in self.settled}
        return found | {file.path: file.fingerprint for file in self.canonical}

    @cached_property
    def included(self) -> IncludedFiles:
        """What the files of the source that others include hold now."""
        return IncludedFiles(self.root)


def discover(partition: Partition, catalogue: Catalogue, settings: Settings, limit: int | None = None) -> Discovery:
    """Fetches the source and lists the partition's files.

    Args:
        partition: What to look at.
        catalogue: Relative locations start from its folder.
        settings: Cache folder and file size limit.
        limit: Only the first files by path, for a trial.

    Raises:
        SourceError: The source cannot be fetched or listed.
    """
    fetched = fetch(
        partition.source, base=catalogue.directory, cache=settings.home / "sources", access=Access.of(settings)
    )
    entries = sorted(walk(fetched.root, partition, fetched.left_out), key=lambda entry: entry.path.encode())
    first_with: dict[bytes, str] = {}
    canonical: list[Discovered] = []
    locations: dict[str, SourceFile] = {}
    settled: list[FileRecord] = []
    for entry in entries[:limit]:
        if entry.outcome is not None:
            settled.append(FileRecord(entry.path, entry.size, None, entry.outcome, entry.reason))
            continue
        try:
            data = read(entry, settings.max_file_bytes)
        except DocumentRejected as error:
            settled.append(FileRecord(entry.path, entry.size, None, "rejected", str(error)))
            continue
        fingerprint = hashlib.sha256(data).digest()
        twin = first_with.setdefault(fingerprint, entry.path)
        if twin != entry.path and data and not _INCLUDES.search(data):
            settled.append(
                FileRecord(entry.path, len(data), fingerprint, "duplicate", f"same bytes as {twin}", duplicate_of=twin)
            )
            continue
        canonical.append(Discovered(entry.path, len(data), fingerprint))
        locations[entry.path] = entry
    return Discovery(fetched.revision, fetched.root, tuple(canonical), locations, tuple(settled), fetched)
