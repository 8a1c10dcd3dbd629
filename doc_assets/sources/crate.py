"""A crate's rustdoc JSON from docs.rs, or from a mirror with the same paths."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from doc_assets.catalogue.model import CrateSource
from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import SourceError
from doc_assets.formats.rustdoc.crate import NEWEST_VERSION, OLDEST_VERSION
from doc_assets.runtime import shutdown
from doc_assets.sources.cache import Cache, cache_key
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.decompression import CORRUPT, LimitExceeded, open_inflated
from doc_assets.sources.download import NotServed, download, sha256_of
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile

_ZSTD = b"\x28\xb5\x2f\xfd"
_VERSION = re.compile(rb'"crate_version"\s*:\s*"([0-9A-Za-z.+-]{1,100})"')


_FORMAT = re.compile(rb'"format_version"\s*:\s*(\d{1,6})(?=\s*[,}])')
_TAIL = 65_536  # bytes at the end, where rustdoc writes the format


def fetch_crate(source: CrateSource, cache: Cache, options: FetchOptions) -> Fetched:
    """Download and unpack the JSON as ``<crate>-<version>.json``, with the version that ``latest`` stands for.

    docs.rs builds with nightly Rust, so its format may be newer than those that are read. The newest of these that
    docs.rs keeps of the same version is taken then, and the newer one listed as skipped; without any, the newer one is
    returned, for the parser to reject.

    Raises:
        SourceError: Absent (docs.rs has JSON of releases built since May 2025), not JSON, or beyond a limit.
        CacheQuotaExceeded: It does not fit.
    """
    kept = download(source, cache, options)
    facts = (source.crate_name, source.version, sha256_of(kept.path), source.max_unpacked_bytes, NEWEST_VERSION)
    target = cache.root / "crates" / cache_key("crate in a tree", *facts)

    def fill(partial: Path) -> None:
        tree = partial / "tree"
        tree.mkdir()
        quota = CacheQuota(cache, (target,))
        newest = _unpack(source, source.location, kept.path, tree, quota)
        newer = None
        if newest.format is not None and newest.format > NEWEST_VERSION:
            older = _older(source, cache, options, newest, partial, quota)
            newer = {"version": newest.version, "served": newest.format, "read": older and older.format}
            if older is not None:
                older.path.rename(newest.path)
        (partial / "newer.json").write_text(json.dumps(newer))

    lease = cache.make_once(target, fill)
    (document,) = (target / "tree").iterdir()
    fetched = Fetched(root=target / "tree", revision=f"sha256:{sha256_of(document)}", lease=lease)
    newer = json.loads((target / "newer.json").read_text())
    return replace(fetched, **_told(source, document, **newer)) if newer else fetched


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A crate's JSON on the disk; its version and format as it states them, None if it does not."""

    path: Path
    version: str | None
    format: int | None


def _unpack(source: CrateSource, address: str, packed: Path, folder: Path, quota: CacheQuota) -> _Unpacked:
    """Unpack a download into the folder, under the name of the crate and its version."""
    where = f"source {source.name}: {without_credentials(address)}"
    unpacked = folder / "unpacked"
    head = _inflate(packed, unpacked, source.max_unpacked_bytes, where, quota)
    with unpacked.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        formats = _FORMAT.findall(file.read()) or _FORMAT.findall(head)
    version = found.group(1).decode() if (found := _VERSION.search(head)) else None
    shown = version or re.sub(r"[^0-9A-Za-z.+-]", "_", source.version)
    path = unpacked.rename(folder / f"{source.crate_name}-{shown}.json")
    return _Unpacked(path, version, int(formats[-1]) if formats else None)


def _older(
    source: CrateSource, cache: Cache, options: FetchOptions, newest: _Unpacked, partial: Path, quota: CacheQuota
) -> _Unpacked | None:
    """Return the same version in the newest format that is read and served; None if there is none."""
    if newest.version is None:
        return None
    folder = partial / "older"
    folder.mkdir()
    for number in range(NEWEST_VERSION, OLDEST_VERSION - 1, -1):
        shutdown.raise_if_requested()
        address = source.location_of_format(newest.version, number)
        try:
            kept = download(source, cache, options, address)
        except NotServed:
            continue
        found = _unpack(source, address, kept.path, folder, quota)
        if found.version == newest.version and found.format == number:
            return found
        found.path.unlink()  # a server that ignores what it was asked for
    return None


def _told(source: CrateSource, document: Path, version: str | None, served: int, read: int | None) -> dict:
    """Return what is said about a format that is too new: a row for the manifest, and a warning."""
    found = f"rustdoc JSON of format {served}, newer than {NEWEST_VERSION}, the newest that is read"
    warning = (
        f"{source.crate_name} {version or source.version}: {urlsplit(source.base_address).hostname} serves {found}; "
    )
    if read is None:
        warning += "it keeps no older one of this version, so the file is rejected: upgrade"
        return {"warnings": (warning + " doc-assets, or see docs/catalogue.md for other ways",)}
    newer = f"{document.stem}.format-{served}.json"
    reason = f"{found}: format {read} of the same version was loaded in its place"
    skipped = SourceFile(newer, document.with_name(newer), 0, "skipped", reason)
    warning += f"format {read} of the same version was loaded in its place: upgrade doc-assets to read the newer one"
    return {"left_out": (skipped,), "warnings": (warning,)}


def _inflate(packed: Path, unpacked: Path, max_bytes: int, where: str, quota: CacheQuota) -> bytes:
    """Unpack (gzip, or plain where a mirror or proxy unpacked it already); return the first 64 KiB."""
    head = b""
    try:
        with open_inflated(packed, max_bytes) as stream, unpacked.open("wb") as file:
            while part := stream.read(1 << 16):
                head = head or part
                quota.reserve(len(part))
                file.write(part)
    except LimitExceeded as error:
        raise SourceError(f"{where} {error}: raise {error.setting} of the source") from None
    except CORRUPT as error:
        raise SourceError(f"{where} is corrupt: {error}") from None
    if head.startswith(_ZSTD):
        raise SourceError(f"{where} is packed with zstd, gzip was asked for: check base_address")
    if (pointer := pointer_problem(head)) is not None:
        raise SourceError(f"{where} is no rustdoc JSON but a {pointer}")
    if not head.lstrip().startswith(b"{"):
        raise SourceError(f"{where} is not rustdoc JSON: check crate, version and base_address")
    return head
