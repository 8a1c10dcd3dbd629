"""The content that a repository keeps in Git LFS, fetched by git-lfs and put in place of its pointers.

git-lfs sees a repository of its own, which holds the wanted pointers and nothing of upstream's: neither its
``.lfsconfig``, which could name any server, nor its filters. Content is kept beside the repository in the cache and
shared by commits; each file is compared with the SHA-256 of its pointer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import GitSource
from doc_assets.document.pointer import LfsPointer, lfs_pointer
from doc_assets.errors import SourceError
from doc_assets.formats.registry import claimed_suffixes
from doc_assets.sources.cache import disk_bytes
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.download import sha256_of
from doc_assets.sources.files import readable_path
from doc_assets.sources.git_process import GitCommands, GitFailed
from doc_assets.sources.git_repository import GitRepository, files_below

_LONGEST_POINTER = 1024
# What git-lfs writes beside the content: logs, temporary files' names.
_SLACK_BYTES = 10_000_000
_SETTINGS = (
    # Plain downloads, without programs of a configuration; retries are ours.
    "lfs.basictransfersonly=true",
    "lfs.concurrenttransfers=4",
    "lfs.transfer.maxretries=1",
    "lfs.dialtimeout=30",
    "lfs.activitytimeout=60",
    "lfs.skipdownloaderrors=false",
    "lfs.fetchrecentalways=false",
    "lfs.cachecredentials=false",
)


class LfsContent:
    """The Git LFS content of one commit's files, as far as formats read it."""

    def __init__(self, source: GitSource, repository: GitRepository, git: GitCommands, commit: str) -> None:
        """Take the source and the repository that the commit is in."""
        self._source = source
        self._repository = repository
        self._git = git
        self._commit = commit
        self._suffixes = claimed_suffixes() if source.format == "auto" else None

    @staticmethod
    def require(source: GitSource) -> None:
        """Raise SourceError if the source needs git-lfs and this machine has none."""
        if source.lfs and shutil.which("git-lfs") is None:
            raise SourceError(
                f"source {source.name}: lfs: true needs the command git-lfs: install it (package git-lfs), or remove "
                "lfs, and pages in Git LFS are rejected as pointers"
            )

    @property
    def key(self) -> tuple[object, ...]:
        """What decides, beside the commit, which content is fetched."""
        source = self._source
        return ("lfs", source.include, source.exclude, source.format, sorted(self._suffixes or ()))

    def fill(self, folder: Path, where: str) -> None:
        """Put the content in place of the pointers below ``folder``.

        Raises:
            SourceError: It is longer than ``max_lfs_bytes``, or does not match its pointers.
            GitFailed: The server does not hand it out.
        """
        pointers = dict(self._pointers(folder))
        sizes = {pointer.oid: pointer.size or 0 for pointer in pointers.values() if pointer.oid}
        if (total := sum(sizes.values())) > (most := self._source.max_lfs_bytes):
            raise SourceError(
                f"{where}: {len(sizes):,} files in Git LFS have {total:,} bytes, more than {most:,}: name fewer files "
                "by include, exclude or subfolders, or raise max_lfs_bytes of the source"
            )
        storage = self._git.repository / "lfs"
        if missing := {oid: size for oid, size in sizes.items() if not _object(storage, oid).is_file()}:
            self._fetch(missing, storage, where)
        for path, pointer in pointers.items():
            if pointer.oid:
                _place(_object(storage, pointer.oid), path, pointer, where)

    def _pointers(self, folder: Path) -> Iterable[tuple[Path, LfsPointer]]:
        source = self._source
        selection = Selection(source.include, source.exclude)
        for name, path in files_below(folder):
            readable = readable_path(name)
            read = self._suffixes is None or path.suffix.lower() in self._suffixes
            wanted = read and selection.takes(readable)
            if not (wanted or name in source.subfolders) or path.stat().st_size > _LONGEST_POINTER:
                continue
            if (pointer := lfs_pointer(path.read_bytes())) is not None:
                yield path, pointer

    def _fetch(self, missing: dict[str, int], storage: Path, where: str) -> None:
        remote = self._git.remote
        shutil.rmtree(storage / "tmp", ignore_errors=True)  # what a killed git-lfs left
        wanted = remote.folder / "wanted.git"
        wanted.mkdir(exist_ok=True)
        self._git.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", ".", at=wanted)
        # Not by -c, which would reach the git-lfs that reads a repository of this machine, too.
        self._git.run("config", "lfs.storage", str(storage), at=wanted)
        self._git.run("fast-import", "--quiet", "--force", at=wanted, given=_commit_of(missing))
        bound = disk_bytes(storage) + sum(missing.values()) + 2 * 4096 * len(missing) + _SLACK_BYTES

        def check() -> None:
            if disk_bytes(storage) > bound:
                raise SourceError(
                    f"{where}: the Git LFS server sends more than its pointers say, and nothing of it is used:"
                    " ask its operator"
                )

        location = f"file://{remote.address}" if Path(remote.address).is_dir() else remote.address
        settings = [*_SETTINGS, f"remote.origin.url={location}"]
        settings += [f"lfs.url={self._source.lfs_url}"] if self._source.lfs_url else []
        options = (part for setting in settings for part in ("-c", setting))
        try:
            self._git.run(*options, "lfs", "fetch", "origin", "main", network=True, at=wanted, check=check)
        except GitFailed as error:
            shutil.rmtree(storage / "tmp", ignore_errors=True)
            # git-lfs writes a line for each file; one is enough.
            first = next(iter(str(error).splitlines()), "")
            raise GitFailed(f"Git LFS: {first}{self._elsewhere()}") from None

    def _elsewhere(self) -> str:
        named = None if self._source.lfs_url else self._repository.lfs_address(self._commit)
        if named is None:
            return ""
        return (
            f"; the repository's .lfsconfig names {without_credentials(named)}, which is not followed: if it can be "
            "trusted, write it at lfs_url of the source"
        )


def _commit_of(missing: dict[str, int]) -> bytes:
    """Return a commit with one pointer for each content, as ``git fast-import`` reads it."""
    lines = [b"commit refs/heads/main", b"committer doc-assets <doc-assets@localhost> 0 +0000", b"data 0", b""]
    for oid, size in missing.items():
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()
        lines += [f"M 100644 inline {oid}".encode(), f"data {len(pointer)}".encode(), pointer]
    return b"\n".join([*lines, b"done", b""])


def _object(storage: Path, oid: str) -> Path:
    return storage / "objects" / oid[:2] / oid[2:4] / oid


def _place(content: Path, path: Path, pointer: LfsPointer, where: str) -> None:
    if not content.is_file() or sha256_of(content) != pointer.oid:
        content.unlink(missing_ok=True)
        raise SourceError(
            f"{where}: the Git LFS content of {path.name} does not match its pointer: have its owner push it again"
        )
    partial = path.with_name(f"{path.name}.lfs")
    try:
        os.link(content, partial)
    except OSError:  # another file system, or one without links
        shutil.copyfile(content, partial)
    partial.replace(path)
