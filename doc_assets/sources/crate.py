"""A crate's rustdoc JSON from docs.rs, or from a mirror with the same paths."""

from __future__ import annotations

import re
from pathlib import Path

from doc_assets.catalogue.model import CrateSource
from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import SourceError
from doc_assets.sources.cache import Cache, cache_key
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.decompression import CORRUPT, LimitExceeded, open_inflated
from doc_assets.sources.download import download, sha256_of
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched

_ZSTD = b"\x28\xb5\x2f\xfd"
_VERSION = re.compile(rb'"crate_version"\s*:\s*"([0-9A-Za-z.+-]{1,100})"')


def fetch_crate(source: CrateSource, cache: Cache, options: FetchOptions) -> Fetched:
    """Download and unpack the JSON as ``<crate>-<version>.json``, with the version that ``latest`` stands for.

    Raises:
        SourceError: Absent (docs.rs has JSON of releases built since May 2025), not JSON, or beyond a limit.
        CacheQuotaExceeded: It does not fit.
    """
    where = f"source {source.name}: {without_credentials(source.location)}"
    kept = download(source, cache, options)
    packed = kept.path
    key = cache_key("crate", source.crate_name, source.version, sha256_of(packed), source.max_unpacked_bytes)
    target = cache.root / "crates" / key

    def fill(partial: Path) -> None:
        unpacked = partial / "unpacked"
        head = _inflate(packed, unpacked, source.max_unpacked_bytes, where, CacheQuota(cache, (target,)))
        version = _VERSION.search(head)
        shown = version.group(1).decode() if version else re.sub(r"[^0-9A-Za-z.+-]", "_", source.version)
        unpacked.rename(partial / f"{source.crate_name}-{shown}.json")

    lease = cache.make_once(target, fill)
    (document,) = target.iterdir()
    return Fetched(root=target, revision=f"sha256:{sha256_of(document)}", lease=lease)


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
