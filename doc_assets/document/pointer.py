"""Files that stand for content kept elsewhere: the pointers of Git LFS and of git-annex.

Recognised by their bytes alone, since a pointer has the name and suffix of the file that it stands for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LFS: Final = "Git LFS pointer, not the document"
_ANNEX_REASON: Final = "git-annex pointer, not the document"
# In the reason of every file that is rejected for ``pointer_problem``, its own or that of a file which it includes.
POINTER_REASONS: Final = (_LFS, _ANNEX_REASON)

# git-lfs reads no longer file as a pointer: docs/spec.md of github.com/git-lfs/git-lfs.
_LONGEST = 1024
# Today's address and the two that git-lfs still reads; a later version of the specification is none the less a pointer.
_VERSION = re.compile(
    rb"version (?:https://git-lfs\.github\.com/spec/v\d+|https://hawser\.github\.com/spec/v\d+"
    rb"|http://git-media\.io/v/\d+)"
)
_LINE = re.compile(rb"[a-z0-9.-]+ \S+")
_OID = re.compile(rb"oid ([a-z0-9-]+):([0-9a-f]{32,128})")
_SIZE = re.compile(rb"size (\d{1,18})")
# An unlocked file, and a locked one where the file system has no links: git-annex.branchable.com/internals/pointer_file
_ANNEX = re.compile(
    rb"(?:[/\\]annex[/\\]objects[/\\]|(?:\.\.[/\\])*\.git[/\\]annex[/\\]objects[/\\](?:\S+[/\\])?)"
    rb"[A-Z0-9_]+(?:-[A-Za-z]\d+)*--\S+"
)


@dataclass(frozen=True, slots=True)
class LfsPointer:
    """The content that a Git LFS pointer stands for.

    Attributes:
        oid: Its SHA-256 in hexadecimal digits; None where the pointer names another hash.
        size: Bytes; None where the pointer does not say.
    """

    oid: str | None
    size: int | None


def lfs_pointer(data: bytes) -> LfsPointer | None:
    """Return what a file points to, or None if it is no Git LFS pointer.

    Line ends, a byte order mark and blank lines that an editor or a checkout added make no difference; a page that
    shows a pointer among other text is none.
    """
    if len(data) > _LONGEST:
        return None
    lines = [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    if not lines or not _VERSION.fullmatch(lines[0]) or not all(_LINE.fullmatch(line) for line in lines):
        return None
    oid = next(filter(None, map(_OID.fullmatch, lines)), None)
    size = next(filter(None, map(_SIZE.fullmatch, lines)), None)
    if oid is None:
        return None
    is_sha256 = oid.group(1) == b"sha256" and len(oid.group(2)) == 64
    return LfsPointer(oid.group(2).decode() if is_sha256 else None, int(size.group(1)) if size else None)


def pointer_problem(data: bytes) -> str | None:
    """Return why a file is not to be loaded, if it only stands for content kept elsewhere; else None."""
    if (pointer := lfs_pointer(data)) is not None:
        size = "" if pointer.size is None else f" of {pointer.size:,} bytes"
        return (
            f"{_LFS}{size}: write lfs: true at a git source; for a folder, an archive or a mirror have its "
            "owner run git lfs pull first; or exclude the file"
        )
    if len(data) <= _LONGEST and _ANNEX.fullmatch(data.strip()):
        return f"{_ANNEX_REASON}: run git annex get in its folder, or exclude the file"
    return None


def is_pointer_reason(reason: str | None) -> bool:
    """Return whether a file was rejected for ``pointer_problem``, its own or that of a file which it includes."""
    return reason is not None and any(start in reason for start in POINTER_REASONS)
