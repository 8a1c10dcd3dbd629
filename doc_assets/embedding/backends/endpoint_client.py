"""Sends requests to an embedding endpoint, again while the failure may pass, and says whose turn it is otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import httpx
from pydantic_core import from_json

from doc_assets.embedding.backends.endpoint_answers import error_in, status_of
from doc_assets.embedding.backends.endpoint_pace import GivenUpError, Pace
from doc_assets.embedding.endpoint import authorization
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured, EmbeddingRefused, EndpointUnavailable
from doc_assets.network import certificate_problem, http_transport, refused_by_proxy, retry_after
from doc_assets.secrets import Secret, SecretAddress, mask

# The statuses. Anything else that is not 200 (401, 403, 404, 405 …) is about the endpoint, and ends the load.
# - Try again: busy, starting, behind a proxy that lost it. 424 is text-embeddings-inference's "inference failed".
_TRY_AGAIN = frozenset({408, 424, 425, 429})  # and 500 to 599
# - Refuses the request: not understood, too large, not tokenizable. A smaller one, or one without the text, may do.
_REFUSES = frozenset({400, 413, 422})
# - A server that answers but keeps failing may fail on a text: after the last attempt that is a refusal.
_FAILS_ON_TEXT = frozenset({424, 500})

_TIMEOUT = httpx.Timeout(120.0, connect=10.0)
# What is only asked for advice must not delay a load for long.
_ADVICE_TIMEOUT = httpx.Timeout(10.0)
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "doc-assets"}


class RequestRefusedError(Exception):
    """The endpoint refuses this request; a smaller one, or one without one of its texts, may do."""


class _TryAgainError(Exception):
    """A failure that may pass: the server is busy, restarting or out of reach."""

    def __init__(self, reason: str, after: float = 0.0, status: int | None = None) -> None:
        super().__init__(reason)
        self.after = after
        self.status = status
        self.alone = 0.0  # seconds that this request waits while others are sent


class EndpointClient:
    """Sends requests to one endpoint. Safe to call from several threads."""

    def __init__(
        self,
        address: SecretAddress,
        api_key: Secret | None,
        pace: Pace,
        *,
        ca_bundle: Path | None,
        attempts: int,
        longest_asked_wait: float,
        on_retry: Callable[[], None] | None,
        sleep: Callable[[float], None],
    ) -> None:
        """Open no connection yet; see ``HttpEmbedder``."""
        self.shown = str(address)  # as messages show it
        self._pace = pace
        self._attempts = attempts
        self._longest_asked_wait = longest_asked_wait
        self._on_retry = on_retry or (lambda: None)
        self._sleep = sleep
        self._url = httpx.URL(address.reveal())
        self._headers = _HEADERS | authorization(address, api_key)
        self._transport = http_transport(ca_bundle, connections=pace.most)

    def post(self, body: Mapping[str, object]) -> object:
        """Return the JSON of the endpoint's answer.

        Raises:
            RequestRefusedError: It refuses the request.
            EmbeddingRefused: It failed at each attempt, as it does on a text that it cannot process.
            EndpointUnavailable: It answered no request in all attempts, or asks to wait for longer than is allowed.
            EmbeddingError: It cannot be used.
            Stopped: A stop was requested while it waited.
        """
        failures, patience = 0, self._pace.patience()
        while True:
            try:
                with self._pace.turn(patience) as sent:
                    answer = self._answer(body, sent)
            except GivenUpError as error:
                self._give_up(error)
            if not isinstance(answer, _TryAgainError):
                return answer
            if self._pace.patience() != patience:
                self._give_up(answer)
            on_text = answer.status in _FAILS_ON_TEXT
            failures += on_text
            if failures >= self._attempts:
                raise EmbeddingRefused(f"{self.shown} failed {failures} times: {answer}") from answer
            self._on_retry()
            if alone := self._pace.wait(failures, answer.after) if on_text else answer.alone:
                self._sleep(alone)

    def _answer(self, body: Mapping[str, object], sent: float) -> object:
        """Return the endpoint's answer, or a failure that may pass, and let the pace of all requests follow from it."""
        try:
            answer = self._post(body)
        except _TryAgainError as error:
            if error.status not in _FAILS_ON_TEXT:
                error.alone = self._pace.refused(sent, error.after, str(error))
            return error
        except RequestRefusedError:
            self._pace.answered(sent)
            raise
        self._pace.answered(sent)
        return answer

    def _give_up(self, error: Exception) -> NoReturn:
        raise EndpointUnavailable(
            f"{self.shown} did not answer in {self._attempts} attempts: {error}; is DOC_ASSETS_EMBEDDING_URL right "
            "and the endpoint up? DOC_ASSETS_RETRY_ATTEMPTS sets how long to wait for it"
        ) from error

    def ask(self, name: str, body: Mapping[str, object] | None = None) -> object:
        """Return the JSON that a neighbour of the endpoint answers, such as ``info`` beside ``embed``; None for none.

        Sent once: many servers have no such address.
        """
        beside = self._url.copy_with(path=f"{self._url.path.rpartition('/')[0]}/{name}")
        try:
            response = self._send(beside, body, _ADVICE_TIMEOUT)
            return _json(response) if response.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    def _send(self, url: httpx.URL, body: Mapping[str, object] | None, timeout: httpx.Timeout) -> httpx.Response:
        """Send a request and read its answer whole; with a body by POST, else by GET."""
        request = httpx.Request(
            "GET" if body is None else "POST",
            url,
            headers=self._headers,
            json=body,
            extensions={"timeout": timeout.as_dict()},
        )
        response = self._transport.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return response

    def _post(self, body: Mapping[str, object]) -> object:
        try:
            response = self._send(self._url, body, _TIMEOUT)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise EmbeddingMisconfigured(f"{self.shown}: the request cannot be built: {error}") from None
        except httpx.TransportError as error:
            if refused_by_proxy(error):
                raise EmbeddingError(f"{self.shown}: the proxy refused: {error}") from None
            if problem := certificate_problem(error):
                raise EmbeddingError(f"{self.shown}: {problem}") from error
            raise _TryAgainError(f"{type(error).__name__}: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EmbeddingError(f"{self.shown} cannot be asked: {error}") from None
        payload = _json(response)
        error = error_in(payload)
        if response.status_code == httpx.codes.OK and error is None:
            if payload is None:
                raise EmbeddingError(f"{self.shown} answered with something that is not JSON: {_beginning(response)!r}")
            return payload
        self._raise(response, status_of(response.status_code, payload))

    def _raise(self, response: httpx.Response, status: int) -> NoReturn:
        """Raise what an answer without vectors says; ``status`` is the one that it stands for."""
        said = f"status {response.status_code}: {_beginning(response)}".rstrip(": ")
        if status in _TRY_AGAIN or status >= 500:
            after = retry_after(response.headers)
            if after > self._longest_asked_wait:
                raise EndpointUnavailable(
                    f"{self.shown} asks to be left alone for {after:,.0f} s (Retry-After), and "
                    f"{self._longest_asked_wait:,.0f} s are waited for at most (DOC_ASSETS_RETRY_AFTER): {said}"
                )
            raise _TryAgainError(said, after, status)
        if status in _REFUSES:
            raise RequestRefusedError(f"{self.shown} refused with {said}")
        raise EmbeddingError(f"{self.shown} refused with {said}")


def _json(response: httpx.Response) -> object:
    # Takes a third of the time of the standard library's for numbers: 30 instead of 85 us for a vector of 384.
    try:
        return from_json(response.content)
    except ValueError:
        return None


def _beginning(response: httpx.Response) -> str:
    """Return the beginning of an answer, masked before it is cut: a half of a secret would not be known."""
    return mask(response.text[:10_000])[:300]
