"""Downloads of one file over HTTP: capped, retried, kept, and repeated only if the file changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from doc_assets.catalogue.model import ArchiveSource, CrateSource
from doc_assets.errors import ConfigurationError, SourceError, SourceUnavailable
from doc_assets.network import certificate_problem, http_client, refused_by_proxy
from doc_assets.runtime import shutdown
from doc_assets.sources.cache import Cache, CacheLease, cache_key
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.credentials import Credential, read_credential, split_address, without_credentials
from doc_assets.sources.fetch_options import FetchOptions

_TIMEOUT = httpx.Timeout(60, connect=20)
_ATTEMPTS = 4
_LONGEST_SECONDS = 3600
# Statuses: that may pass; that want another credential; that say that there is nothing at the address.
AGAIN = {408, 425, 429, 500, 502, 503, 504}
REFUSED = {401, 403, 407}
ABSENT = {404, 410}


class NotServed(SourceError):
    """The server has nothing at the address (404, 410)."""


class _TryAgain(Exception):
    """A failure that may pass."""


@dataclass(frozen=True)
class Download:
    """A file in the cache, kept there while ``lease`` is referred to; its name changes with its content."""

    path: Path
    lease: CacheLease


def download(
    source: ArchiveSource | CrateSource, cache: Cache, options: FetchOptions, address: str | None = None
) -> Download:
    """Return the file at a source's address (http or https), or at another address of its server.

    The copy of an earlier download is used if the server confirms it (ETag, Last-Modified).

    Raises:
        SourceUnavailable: Not reachable after several attempts.
        NotServed: There is nothing at the address.
        SourceError: Another error status, or longer than ``max_download_bytes``.
        CacheQuotaExceeded: It does not fit.
    """
    address = address or source.location
    folder = cache.root / "downloads" / cache_key("download", address)
    fetching = _Fetching(source, address, cache, options, folder)
    with cache.locked(folder / "answer"):
        folder.mkdir(parents=True, exist_ok=True)
        attempts = Retrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.2, max=20) + wait_random(0, 0.5),
            reraise=True,
        )
        try:
            return cache.retried_when_full(lambda: attempts(fetching.run))
        except _TryAgain as error:
            raise SourceUnavailable(
                f"{fetching.where} did not answer in {_ATTEMPTS} attempts ({error}): run it again later"
            ) from None


@contextmanager
def open_response(
    source: ArchiveSource | CrateSource,
    options: FetchOptions,
    headers: Mapping[str, str],
    timeout: httpx.Timeout | float,
    address: str | None = None,
) -> Iterator[httpx.Response]:
    """Open the response of a source's server, whose body is not read yet.

    Redirects are followed, but not from https to http, and without the credential where they leave the host.

    Raises:
        SourceError: The credential is absent, or was refused; the certificate is not trusted; a redirect to http.
        ConfigurationError: The bundle of roots is absent or empty, or the credential cannot be sent.
        httpx.HTTPError: Anything else.
    """
    address = address or source.location
    where = _where(source, address)
    url, credential = split_address(address)
    if source.credentials:
        credential = read_credential(options.credentials, source.credentials, source.name)
        if credential.http is None:
            raise SourceError(f"{where}: credential {credential.name!r} has no key token and no key password: add one")
    # identity: the file as stored, counted before anything is unpacked.
    headers = {"Accept-Encoding": "identity", **headers}
    auth = credential.http if credential else None
    try:
        with (
            http_client(options.ca_bundle, timeout=timeout, redirects=5) as client,
            client.stream("GET", url, headers=headers, auth=auth) as answer,
        ):
            if url.lower().startswith("https:") and answer.url.scheme != "https":
                raise SourceError(f"{where} leads from https to http, which is not followed: mend 'location'")
            if answer.status_code in REFUSED:
                raise SourceError(f"{where} answered {refusal(answer, credential)}")
            yield answer
    except httpx.TransportError as error:
        if problem := certificate_problem(error):
            raise SourceError(f"{where}: {problem}") from None
        if isinstance(error, httpx.LocalProtocolError):
            raise ConfigurationError(f"{where}: the request cannot be built ({error}): mend 'location'") from None
        raise


def _where(source: ArchiveSource | CrateSource, address: str) -> str:
    return f"source {source.name}: {without_credentials(address)}"


def refusal(answer: httpx.Response, credential: Credential | None) -> str:
    """Return what an answer of ``REFUSED`` says, and what to do."""
    status = f"{answer.status_code} {answer.reason_phrase}"
    if answer.status_code == 407:
        return f"{status}: the proxy wants a name and password in HTTPS_PROXY or HTTP_PROXY"
    if credential is None:
        return f"{status}: the key 'credentials' of the source names a credential for it"
    return f"{status}: {f'credential {credential.name!r}' if credential.name else 'the one in its address'} was refused"


@dataclass
class _Fetching:
    """One download into its folder, under the folder's lock."""

    source: ArchiveSource | CrateSource
    address: str
    cache: Cache
    options: FetchOptions
    folder: Path

    @property
    def where(self) -> str:
        return _where(self.source, self.address)

    def run(self) -> Download:
        known, lease = self._known()
        headers: dict[str, str] = {}
        if known.get("etag"):
            headers["If-None-Match"] = known["etag"]
        elif known.get("modified"):
            headers["If-Modified-Since"] = known["modified"]
        try:
            with open_response(self.source, self.options, headers, _TIMEOUT, self.address) as answer:
                if answer.status_code == 304 and lease is not None:
                    return Download(self.folder / known["file"], lease)
                if answer.status_code in AGAIN:
                    raise _TryAgain(f"status {answer.status_code}")
                if answer.status_code != 200:
                    wrong = NotServed if answer.status_code in ABSENT else SourceError
                    raise wrong(f"{self.where} answered {answer.status_code} {answer.reason_phrase}")
                return self._store(answer)
        except httpx.TransportError as error:
            if refused_by_proxy(error) or isinstance(error, httpx.UnsupportedProtocol):
                raise SourceError(f"{self.where}: {error}") from None
            raise _TryAgain(f"{type(error).__name__}: {error}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{self.where}: {error}") from None

    def _known(self) -> tuple[dict[str, str], CacheLease | None]:
        """Return the headers and lease of the kept copy; nothing if there is no whole one."""
        try:
            known = json.loads((self.folder / "answer.json").read_text())
            lease = self.cache.hold(self.folder / known["file"])
            return (known, lease) if (self.folder / known["file"]).is_file() else ({}, None)
        except (OSError, ValueError, KeyError, TypeError):
            return {}, None

    def _store(self, answer: httpx.Response) -> Download:
        partial = self.folder / "answer.partial"
        try:
            digest = self._write(answer, partial)
            stored = self.folder / f"{digest[:32]}.download"
            lease = self.cache.hold(stored)
            partial.replace(stored)
        finally:
            partial.unlink(missing_ok=True)
        headers = answer.headers
        kept = {"file": stored.name, "etag": headers.get("etag", ""), "modified": headers.get("last-modified", "")}
        note = self.folder / "answer.json.new"
        note.write_text(json.dumps(kept))
        note.replace(self.folder / "answer.json")
        return Download(stored, lease)

    def _write(self, answer: httpx.Response, partial: Path) -> str:
        """Write the body; return its SHA-256."""
        digest, size, most = hashlib.sha256(), 0, self.source.max_download_bytes
        quota = CacheQuota(self.cache, (self.folder / "answer",))
        announced = answer.headers.get("content-length", "")
        expected = int(announced) if announced.isdigit() else None
        deadline = time.monotonic() + _LONGEST_SECONDS
        with partial.open("wb") as file:
            for part in answer.iter_raw():  # as it comes: a slow server's pieces are not waited for together
                size += len(part)
                if size > most:
                    raise SourceError(
                        f"{self.where} is longer than {most:,} bytes: raise max_download_bytes of the source"
                    )
                if time.monotonic() > deadline:
                    raise SourceUnavailable(
                        f"{self.where} takes longer than {_LONGEST_SECONDS:,} seconds: run it again later"
                    )
                shutdown.raise_if_requested()
                # Reserved at once for the announced length, so that what does not fit is not begun.
                quota.grow_to(max(size, min(expected or 0, most)))
                digest.update(part)
                file.write(part)
        if expected is not None and expected != size:
            raise _TryAgain(f"the answer ended after {size:,} of {expected:,} bytes")
        return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
