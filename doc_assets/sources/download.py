"""One file over HTTP: capped, retried, kept, and asked for again only if it changed."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from doc_assets.errors import SourceError
from doc_assets.sources.cache import cache_key, locked

_TIMEOUT = httpx.Timeout(60, connect=20)
_ATTEMPTS = 4
_LONGEST_SECONDS = 3600
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class _TryAgain(Exception):
    """A failure that may pass."""


def download(url: str, cache: Path, *, max_bytes: int, name: str) -> Path:
    """The file at an address, as a path in the cache; its name changes with its content.

    A copy of an earlier download is used when the server says that it still holds (ETag, Last-Modified).

    Args:
        url: http or https; redirects are followed, but not from https to http.
        cache: Folder of fetched sources.
        max_bytes: A longer answer is cut off and refused.
        name: The source, for messages.

    Raises:
        SourceError: Not reachable after several attempts, an error status, or too long.
    """
    key = cache_key("download", url)
    folder = cache / "downloads" / key
    with locked(cache, key):
        folder.mkdir(parents=True, exist_ok=True)
        known = _known(folder)
        attempts = Retrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.2, max=20) + wait_random(0, 0.5),
            reraise=True,
        )
        try:
            return attempts(_get, url, folder, known, max_bytes, name)
        except _TryAgain as error:
            raise SourceError(
                f"source {name}: {without_credentials(url)} did not answer in {_ATTEMPTS} attempts: {error}"
            ) from None


def _known(folder: Path) -> dict[str, str]:
    """What was said of the copy at hand; empty if there is none, or not a whole one."""
    try:
        known = json.loads((folder / "answer.json").read_text())
        return known if (folder / known["file"]).is_file() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _get(url: str, folder: Path, known: Mapping[str, str], max_bytes: int, name: str) -> Path:
    # identity: the file is wanted as it is stored, and counted before anything is unpacked.
    headers = {"Accept-Encoding": "identity"}
    if known.get("etag"):
        headers["If-None-Match"] = known["etag"]
    elif known.get("modified"):
        headers["If-Modified-Since"] = known["modified"]
    shown = without_credentials(url)
    try:
        with (
            httpx.Client(follow_redirects=True, max_redirects=5, timeout=_TIMEOUT) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            if url.startswith("https:") and answer.url.scheme != "https":
                raise SourceError(f"source {name}: {shown} leads from https to http: not followed")
            if answer.status_code == 304 and known:
                return folder / known["file"]
            if answer.status_code in _AGAIN:
                raise _TryAgain(f"status {answer.status_code}")
            if answer.status_code != 200:
                raise SourceError(f"source {name}: {shown} answered {answer.status_code} {answer.reason_phrase}")
            return _store(answer, folder, max_bytes, f"source {name}: {shown}")
    except httpx.TransportError as error:
        raise _TryAgain(f"{type(error).__name__}: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"source {name}: {shown}: {error}") from None


def _store(answer: httpx.Response, folder: Path, max_bytes: int, where: str) -> Path:
    digest, size = hashlib.sha256(), 0
    partial = folder / "partial"
    deadline = time.monotonic() + _LONGEST_SECONDS
    with partial.open("wb") as file:
        for part in answer.iter_raw(1 << 16):
            size += len(part)
            if size > max_bytes:
                raise SourceError(f"{where} is longer than {max_bytes:,} bytes: raise max_download_bytes of the source")
            if time.monotonic() > deadline:
                raise SourceError(f"{where} takes longer than {_LONGEST_SECONDS} seconds")
            digest.update(part)
            file.write(part)
    expected = answer.headers.get("content-length", "")
    if expected.isdigit() and int(expected) != size:
        raise _TryAgain(f"the answer ended after {size:,} of {int(expected):,} bytes")
    stored = folder / f"{digest.hexdigest()[:32]}.download"
    partial.replace(stored)
    headers = answer.headers
    said = {"file": stored.name, "etag": headers.get("etag", ""), "modified": headers.get("last-modified", "")}
    note = folder / "answer.partial"
    note.write_text(json.dumps(said))
    note.replace(folder / "answer.json")
    return stored


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def without_credentials(text: str) -> str:
    """The text with ``user:password@`` of any address replaced by ``***@``."""
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", text)
