"""What a fetched source is, and what one of its files is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from doc_assets.sources.cache import CacheLease


@dataclass(frozen=True, slots=True)
class SourceFile:
    r"""One entry below a source's root. Every entry has exactly one, so that none is lost silently.

    Attributes:
        path: Relative to the root, ``/`` between parts, valid UTF-8 and unique in the source; bytes of a name that are
            not UTF-8 are written ``\xff``.
        location: Where its bytes are; differs from ``root / path`` for odd names and for links.
        size: Bytes, as listed.
        outcome: None if it is to be loaded; otherwise why not is in ``reason``.
        reason: A sentence for the manifest.
    """

    path: str
    location: Path
    size: int
    outcome: Literal["skipped", "rejected"] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Fetched:
    """A source whose files are present.

    Attributes:
        root: Folder of the files.
        revision: What identifies them upstream: a commit, a SHA-256, or ``directory``.
        left_out: Parts that were refused while unpacking; ``walk`` lists them with the files.
        lease: As long as it is referred to, a cache that is short of room keeps the files.
    """

    root: Path
    revision: str
    left_out: tuple[SourceFile, ...] = ()
    lease: CacheLease | None = field(default=None, compare=False, repr=False)


def readable_path(path: str) -> str:
    """A path from the file system as text that UTF-8, and so PostgreSQL, can carry."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
