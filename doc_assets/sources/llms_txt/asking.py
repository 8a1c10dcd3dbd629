"""Requests for the pages of one site: few at once, only to hosts of the source, again where a failure may pass.

A server that answers 429 or 503 is left alone by all threads for as long as it asks.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

import httpx

from doc_assets import __version__
from doc_assets.catalogue.model import LlmsTxtSource
from doc_assets.errors import ConfigurationError, SourceError, SourceUnavailable
from doc_assets.network import certificate_problem, http_client, refused_by_proxy, retry_after
from doc_assets.runtime import shutdown
from doc_assets.sources.credentials import read_credential, split_address, without_credentials
from doc_assets.sources.download import ABSENT, AGAIN, REFUSED, refusal
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.llms_txt.addresses import Reach, absolute, host_of

AT_ONCE = 4
_TIMEOUT = httpx.Timeout(60, connect=20)
_ATTEMPTS = 4
_REDIRECTS = 5
_LONGEST_PAGE_SECONDS = 300
_LONGEST_SECONDS = 3600  # of all requests together
_LONGEST_PAUSE_SECONDS = 120
_BUSY = {429, 503}
_LONGEST_MARK = 1_000  # characters of an ETag; servers refuse requests with long headers
# So many pages in a row that fail are the server's trouble, not theirs.
_FAILING_IN_A_ROW = 10
_HEADERS = {
    "User-Agent": f"doc-assets/{__version__}",
    "Accept": "text/markdown, text/plain;q=0.9, text/html;q=0.6, */*;q=0.3",
    # The page as stored, so that its length is bounded before anything is unpacked.
    "Accept-Encoding": "identity",
}


class PageAbsent(Exception):
    """The server has no such page, or has it elsewhere: for the manifest."""


class PageFailed(Exception):
    """The page could not be fetched this time: for the manifest.

    Attributes:
        may_pass: A later attempt can succeed.
    """

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        """Take the reason."""
        super().__init__(reason)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it was sent; ``body`` is None if the kept copy is still right.

    Attributes:
        address: Where it came from, after redirects.
        body: Its bytes.
        kind: Media type, lower case and without parameters.
        etag: For the next request; "" without one.
        modified: The same.
    """

    address: str
    body: bytes | None
    kind: str
    etag: str
    modified: str


class _TryAgain(Exception):
    """A failure that may pass; ``seconds`` is what the server asks to wait."""

    def __init__(self, what: str, seconds: float = 0.0, *, busy: bool = False) -> None:
        super().__init__(what)
        self.seconds = seconds
        self.busy = busy


class Asker:
    """Sends the requests of one fetch; may be used by several threads."""

    def __init__(self, source: LlmsTxtSource, options: FetchOptions) -> None:
        """Take the source, and its credential.

        Raises:
            SourceError: The credential is absent.
            ConfigurationError: The bundle of roots is absent or empty, or the credential cannot be sent.
        """
        self._source = source
        self.where = f"source {source.name}: {without_credentials(source.location)}"
        self.index, credential = split_address(source.location)
        if source.credentials:
            credential = read_credential(options.credentials, source.credentials, source.name)
            if credential.http is None:
                raise SourceError(
                    f"{self.where}: credential {credential.name!r} has no key token and no key password: add one"
                )
        self._credential = credential
        self._reach = Reach(source)
        self._client = http_client(options.ca_bundle, timeout=_TIMEOUT, headers=_HEADERS)
        self._until = time.monotonic() + _LONGEST_SECONDS
        self._lock = threading.Lock()
        self._paused_until = 0.0
        self._failing = 0
        self._stopped = threading.Event()

    def __enter__(self) -> Asker:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connections."""
        self._client.close()

    def stop(self) -> None:
        """Let every thread end at its next step."""
        self._stopped.set()

    def ask(self, address: str, etag: str = "", modified: str = "") -> Answer:
        """Return the page at an address; without a body if ``etag`` or ``modified`` of the kept copy still hold.

        Raises:
            PageAbsent: There is none, or it leads to a host that is not asked.
            PageFailed: No answer in all attempts, refused, or longer than ``max_page_bytes``.
            SourceUnavailable: The server is out of order for all pages, or asks to be left alone for too long.
        """
        headers = {"If-None-Match": etag} if etag else {"If-Modified-Since": modified} if modified else {}
        for attempt in range(1, _ATTEMPTS + 1):
            self._wait_for_turn()
            try:
                found = self._once(address, headers)
            except _TryAgain as error:
                if attempt == _ATTEMPTS:
                    self._note_failure(str(error))
                    raise PageFailed(f"no answer in {_ATTEMPTS} attempts: {error}", may_pass=True) from None
                self._pause(error, attempt)
            except PageAbsent:
                self._note_answer()
                raise
            else:
                self._note_answer()
                return found
        raise AssertionError("every attempt returns or raises")

    def _wait_for_turn(self) -> None:
        while (left := self._paused_until - time.monotonic()) > 0:
            self._wait(left)
        self._check()

    def _wait(self, seconds: float) -> None:
        """Wait, as long as the fetch goes on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            shutdown.wait(min(left, 1.0))

    def _check(self) -> None:
        shutdown.raise_if_requested()
        if self._stopped.is_set():
            raise PageFailed("the fetch ended before")
        if time.monotonic() > self._until:
            raise SourceUnavailable(
                f"{self.where}: its pages take longer than {_LONGEST_SECONDS:,} seconds: the next attempt goes on "
                "after those that were fetched; 'include' of the source can name fewer"
            )

    def _pause(self, error: _TryAgain, attempt: int) -> None:
        seconds = max(error.seconds, 0.5 * 2**attempt)
        if error.seconds > _LONGEST_PAUSE_SECONDS:
            raise SourceUnavailable(
                f"{self.where}: the server asks to be left alone for {error.seconds:,.0f} s (Retry-After): {error}; "
                "the next attempt goes on after the pages that were fetched"
            )
        if error.busy:
            with self._lock:
                self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        else:
            self._wait(seconds)

    def _note_answer(self) -> None:
        with self._lock:
            self._failing = 0

    def _note_failure(self, what: str) -> None:
        with self._lock:
            self._failing += 1
            if self._failing >= _FAILING_IN_A_ROW:
                raise SourceUnavailable(f"{self.where}: {self._failing} pages in a row did not answer: {what}")

    def _once(self, address: str, headers: Mapping[str, str]) -> Answer:
        for _ in range(_REDIRECTS + 1):
            with self._opened(address, headers) as answer:
                status = answer.status_code
                if status == 304 and headers:
                    return Answer(address, None, "", "", "")
                if not answer.has_redirect_location:
                    return self._read(address, answer)
                target = absolute(address, answer.headers["location"])
            if target is None or not self._reach.allows(target):
                where = "an address that cannot be asked" if target is None else host_of(target)
                raise PageAbsent(f"it leads to {where}, which is not asked: 'hosts' of the source names further hosts")
            address = target
        raise PageFailed(f"more than {_REDIRECTS} redirects")

    @contextmanager
    def _opened(self, address: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        # A credential is for the index's own host alone.
        auth = self._credential.http if self._credential and self._reach.is_own(address) else None
        try:
            with self._client.stream("GET", address, headers=headers, auth=auth) as answer:
                yield answer
        except httpx.TransportError as error:
            if problem := certificate_problem(error):
                raise SourceError(f"{self.where}: {problem}") from None
            if isinstance(error, httpx.LocalProtocolError):
                raise ConfigurationError(
                    f"{self.where}: the request cannot be built ({error}): mend 'location'"
                ) from None
            if refused_by_proxy(error):
                raise SourceError(f"{self.where}: {error}") from None
            raise _TryAgain(f"{type(error).__name__}: {error}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PageFailed(f"it cannot be asked for: {error}") from None

    def _read(self, address: str, answer: httpx.Response) -> Answer:
        status = answer.status_code
        if status in AGAIN:
            raise _TryAgain(f"status {status}", retry_after(answer.headers), busy=status in _BUSY)
        if status in REFUSED:
            raise PageFailed(f"it answered {refusal(answer, self._credential)}")
        if status in ABSENT:
            raise PageAbsent(f"the server has no such page ({status})")
        if status != 200:
            raise PageFailed(f"it answered {status} {answer.reason_phrase}".rstrip())
        most, parts, size = self._source.max_page_bytes, [], 0
        until = time.monotonic() + _LONGEST_PAGE_SECONDS
        packed = _Packed(answer.headers.get("content-encoding", ""))
        for sent in answer.iter_raw():  # as it comes: a slow server's pieces are not waited for together
            part = packed.unpack(sent, most + 1 - size)
            parts.append(part)
            size += len(part)
            if size > most:
                raise PageFailed(f"it is longer than {most:,} bytes: raise max_page_bytes of the source")
            if time.monotonic() > until:
                raise _TryAgain(f"the page takes longer than {_LONGEST_PAGE_SECONDS} seconds")
            self._check()
        packed.require_end()
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        marks = (_sendable(answer.headers.get(name, "")) for name in ("etag", "last-modified"))
        return Answer(address, b"".join(parts), kind, *marks)


class _Packed:
    """Unpacks the pieces of a page: some servers pack unasked."""

    def __init__(self, encoding: str) -> None:
        """Take the header Content-Encoding.

        Raises:
            PageFailed: Packed in a way that nobody asked for.
        """
        self._encoding = encoding.strip().lower()
        self._unpacker: zlib._Decompress | None = None
        if self._encoding in ("gzip", "x-gzip", "deflate"):
            self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif self._encoding not in ("", "identity"):
            raise PageFailed(f"it is sent as {self._encoding[:40]!r}, though asked for as it is")

    def unpack(self, data: bytes, most: int) -> bytes:
        """Return what a piece holds, of packed data no more than ``most`` bytes.

        Raises:
            PageFailed: It is no such data, or more than such data.
        """
        if self._unpacker is None:
            return data
        try:
            part = self._unpacker.decompress(data, most)
        except zlib.error as error:
            raise PageFailed(f"it cannot be unpacked ({self._encoding}): {error}") from None
        if self._unpacker.unused_data:  # a page that is read to the first end only would be cut in silence
            raise PageFailed(f"it goes on behind its packed data ({self._encoding})")
        return part

    def require_end(self) -> None:
        """Refuse data of which the end was not sent.

        Raises:
            PageFailed: It was not; another time it may be.
        """
        if self._unpacker is not None and not self._unpacker.eof:
            raise PageFailed(f"its packed data ({self._encoding}) ends before the page does", may_pass=True)


def _sendable(mark: str) -> str:
    """Return a server's mark of a page if a request can hold it, else "": the page is then sent again each time."""
    return mark if mark.isascii() and mark.isprintable() and len(mark) <= _LONGEST_MARK else ""
