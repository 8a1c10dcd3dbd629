"""Archives (tar or zip): unpacked once per content, within limits, and never outside the cache.

A corrupt archive, or one beyond a limit, is refused as a whole. A member that is a link, no regular file, or would
land outside the target is left out and reported; the unpacked tree holds no links.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import ArchiveSource, is_address
from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import SourceError
from doc_assets.runtime import shutdown
from doc_assets.sources.cache import Cache, cache_key, is_full
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.decompression import CORRUPT, LimitExceeded, open_inflated
from doc_assets.sources.directory import located
from doc_assets.sources.download import download, sha256_of
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile, readable_path

_COPY_BYTES = 64 * 1024
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_MISPLACED = {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EILSEQ, errno.EINVAL}


def fetch_archive(source: ArchiveSource, base: Path, cache: Cache, options: FetchOptions) -> Fetched:
    """Unpack the archive's included members, unless the same archive is unpacked already.

    Raises:
        SourceError: Absent, not to be downloaded, corrupt, empty, of unknown type, or beyond a limit.
        CacheQuotaExceeded: It does not fit.
    """
    if is_address(source.location):
        kept = download(source, cache, options)
        archive = kept.path
    else:
        archive = located(base, source.location, source.name)
        if not archive.is_file():
            raise SourceError(f"source {source.name}: no archive at {archive}: mend 'location'")
    try:
        digest = sha256_of(archive)
    except OSError as error:
        raise SourceError(f"source {source.name}: {archive} cannot be read: {error.strerror}") from None
    limits = [source.max_members, source.max_unpacked_bytes, source.max_ratio]
    key = cache_key(digest, source.include, source.exclude, source.strip_components, limits)
    target = cache.root / "archives" / key

    def fill(partial: Path) -> None:
        unpacking = _Unpacking(source, archive, partial / "tree", CacheQuota(cache, (target,)), options.ratio_from)
        unpacking.run()
        (partial / "left_out.json").write_text(json.dumps(unpacking.left_out))

    lease = cache.make_once(target, fill)
    left_out = tuple(
        SourceFile(path, archive, 0, outcome, reason)
        for path, outcome, reason in json.loads((target / "left_out.json").read_text())
    )
    return Fetched(root=target / "tree", revision=f"sha256:{digest}", left_out=left_out, lease=lease)


@dataclass(frozen=True, slots=True)
class _Member:
    """The fields that tar and zip members share; ``problem`` is the reason not to unpack it."""

    name: str
    size: int
    is_folder: bool
    problem: tuple[Literal["skipped", "rejected"], str] | None
    content: tarfile.TarInfo | zipfile.ZipInfo


@dataclass
class _Unpacking:
    source: ArchiveSource
    archive: Path
    target: Path
    quota: CacheQuota
    ratio_from: int
    left_out: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def limits(self) -> tuple[int, int, int]:
        """Most bytes, and the ratio with the bytes from which on it counts."""
        return self.source.max_unpacked_bytes, self.source.max_ratio, self.ratio_from

    def run(self) -> None:
        """Write the members below ``target``, and record the others in ``left_out``."""
        where = f"source {self.source.name}: {self.archive}"
        self.target.mkdir()
        try:
            if self.archive.stat().st_size == 0:
                raise SourceError(f"{where} is empty (0 bytes): fetch it again")
            with self.archive.open("rb") as file:
                head = file.read(2048)
            if (pointer := pointer_problem(head)) is not None:
                raise SourceError(f"{where} is no archive but a {pointer}")
            is_zip = head.startswith(_ZIP_STARTS)
            members = self._zip() if is_zip else self._tar()
        except LimitExceeded as error:
            raise SourceError(
                f"{where} {error}: if the archive can be trusted, raise {error.setting} of the source"
            ) from None
        except CORRUPT as error:
            raise SourceError(f"{where} is corrupt, or no tar or zip archive: {error}; fetch it again") from None
        except OSError as error:
            if is_full(error):
                raise
            # bz2 reports damaged data as an OSError without a number.
            what = f"cannot be unpacked ({error.strerror})" if error.errno else f"is corrupt ({error})"
            raise SourceError(f"{where} {what}: mend it, or fetch it again") from None
        if members == 0:
            raise SourceError(f"{where} has no members: mend 'location', or fetch it again")

    def _tar(self) -> int:
        count = 0
        with (
            open_inflated(self.archive, *self.limits) as stream,
            tarfile.open(fileobj=stream, mode="r:", errorlevel=1) as tar,
        ):
            for info in tar:
                count += 1
                # tarfile keeps each member for look-ups by name: memory that grows with the archive.
                tar.members = []  # pyrefly: ignore[missing-attribute]
                self._check_count(count)
                member = _Member(info.name, info.size, info.isdir(), _tar_problem(info), info)
                if (path := self._place(member)) is not None:
                    content = tar.extractfile(info)
                    self._write(path, member, content)
            # The checksum of the compression is at the end; tarfile takes a cut header for the end of the archive.
            if stream.drain() % tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it ends in the middle of a block")
        return count

    def _zip(self) -> int:
        with zipfile.ZipFile(self.archive) as archive:
            infos = archive.infolist()
            self._check_count(len(infos))
            total = sum(info.file_size for info in infos)
            LimitExceeded.check(total, self.archive.stat().st_size, *self.limits)
            for info in infos:
                # Not ``is_dir``, which fails on an empty name.
                is_folder = info.filename.endswith("/")
                member = _Member(info.filename, info.file_size, is_folder, _zip_problem(info), info)
                if (path := self._place(member)) is not None:
                    with archive.open(info) as content:
                        self._write(path, member, content)
        return len(infos)

    def _check_count(self, count: int) -> None:
        if count > self.source.max_members:
            raise LimitExceeded(f"has more than {self.source.max_members:,} members", "max_members")

    def _place(self, member: _Member) -> Path | None:
        """Return where to write the member; None if it is no part of the source or must stay out."""
        # Zips made on Windows separate folders by backslashes, and may start with a drive letter.
        name = member.name.replace("\\", "/") if isinstance(member.content, zipfile.ZipInfo) else member.name
        name = name.replace("\0", "\\0")
        escapes = lands_outside(name)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        kept = parts if escapes else parts[self.source.strip_components :]
        if not kept or (member.is_folder and not escapes):
            return None
        path = "/".join(kept)
        if escapes:
            self._leave_out(
                name, "rejected", "archive member that would land outside the source: have the archive made without it"
            )
            return None
        if ".git" in kept or not Selection(self.source.include, self.source.exclude).takes(readable_path(path)):
            return None
        if member.problem:
            self._leave_out(path, *member.problem)
            return None
        return self.target / path

    def _write(self, path: Path, member: _Member, content: IO[bytes] | None) -> None:
        written = 0
        shutdown.raise_if_requested()
        self.quota.reserve(member.size)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                while content and (part := content.read(_COPY_BYTES)):
                    written += len(part)
                    file.write(part)
        except OSError as error:
            if error.errno not in _MISPLACED:
                raise
            reason = f"archive member that cannot be written ({os.strerror(error.errno)}): exclude it in the catalogue"
            self._leave_out(path.relative_to(self.target).as_posix(), "rejected", reason)
            return
        if written != member.size:
            raise tarfile.ReadError(f"{readable_path(member.name)!r} ends after {written:,} of {member.size:,} bytes")

    def _leave_out(self, path: str, outcome: str, reason: str) -> None:
        self.left_out.append((readable_path(path), outcome, reason))


def lands_outside(name: str) -> bool:
    """Return whether a member of this name, with slashes between folders, would be written outside the target."""
    return name.startswith("/") or ".." in name.split("/") or name[1:3] == ":/"


def _tar_problem(info: tarfile.TarInfo) -> tuple[Literal["skipped", "rejected"], str] | None:
    if info.issym() or info.islnk():
        return "skipped", "link in an archive: not followed"
    # A sparse member's size is its claim, not the archive's content: a bomb that no ratio detects.
    if not info.isreg() or info.issparse():
        return (
            ("rejected", "archive member that is no regular file: exclude it in the catalogue")
            if not info.isdir()
            else None
        )
    return None


def _zip_problem(info: zipfile.ZipInfo) -> tuple[Literal["skipped", "rejected"], str] | None:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "skipped", "link in an archive: not followed"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "rejected", "archive member that is no regular file: exclude it in the catalogue"
    if info.flag_bits & 0x1:
        return (
            "rejected",
            "archive member that is encrypted: have it packed without a password, or exclude it in the catalogue",
        )
    return None
