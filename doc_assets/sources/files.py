"""A fetched source, and one of its files."""

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
        location: Path of its bytes; differs from ``root / path`` for odd names and for links.
        size: Bytes, as listed.
        outcome: None if it is to be loaded.
        reason: A sentence for the manifest, why it is not to be loaded.
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
        warnings: Sentences for the summary and the history of a load.
        lease: Keeps the files in a full cache while it is referred to.
    """

    root: Path
    revision: str
    left_out: tuple[SourceFile, ...] = ()
    warnings: tuple[str, ...] = ()
    lease: CacheLease | None = field(default=None, compare=False, repr=False)


def readable_path(path: str) -> str:
    """Return a path of the file system as text that UTF-8, and so PostgreSQL, can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
