"""The model behind an HTTP endpoint: text-embeddings-inference, or any server of OpenAI's embeddings protocol.

``embedding.endpoint`` derives the protocol from the address. Window, dimensions and token counts come from the local
copy of the model, which must be the one that the endpoint serves.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
import tenacity
from tenacity.wait import wait_base

from doc_assets.embedding.batching import plan
from doc_assets.embedding.embedder import refuse_long, unit_rows
from doc_assets.embedding.endpoint import Dialect, authorization, endpoint
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured, EmbeddingRefused, EndpointUnavailable
from doc_assets.network import certificate_problem, http_client, refused_by_proxy
from doc_assets.runtime import shutdown
from doc_assets.runtime.stages import map_in_threads
from doc_assets.secrets import Secret, SecretAddress, mask

# text-embeddings-inference takes 32 texts and 16,384 tokens per request by default.
_MAX_TEXTS = 32
_MAX_TOKENS = 16_384
# Requests under way: enough to hide the network's latency, far below the server's default queue of 512.
_IN_FLIGHT = 8

# The statuses. Anything else that is not 200 (401, 403, 404, 405 …) is about the endpoint, and ends the load.
# - Try again: busy, starting, behind a proxy that lost it. 424 is text-embeddings-inference's "inference failed".
_TRY_AGAIN = frozenset({408, 424, 425, 429})  # and 500 to 599
# - Refuses the texts: not understood, too large, not tokenizable. A smaller request, or one without the text, may do.
_REFUSES = frozenset({400, 413, 422})
# - A server that answers but keeps failing may fail on a text: after the last attempt that is a refusal.
_FAILS_ON_TEXT = frozenset({424, 500})

_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


class _TryAgainError(Exception):
    """A failure that may pass: the server is busy, restarting or out of reach."""

    def __init__(self, reason: str, after: float = 0.0, status: int | None = None) -> None:
        super().__init__(reason)
        self.after = after
        self.status = status


class HttpEmbedder:
    """Sends batches in parallel and orders the answers. Safe to call from several threads."""

    def __init__(
        self,
        space: EmbeddingSpace,
        tokenizers: Tokenizers,
        url: str | SecretAddress,
        api_key: str | Secret | None = None,
        *,
        ca_bundle: Path | None = None,
        attempts: int = 8,
        longest_wait: float = 30.0,
        on_retry: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = shutdown.wait,
    ) -> None:
        """Open no connection yet.

        A request that fails for a passing reason is sent ``attempts`` times, at most ``longest_wait`` seconds apart,
        whatever the server asks for; ``on_retry`` is called before each further attempt. ``ca_bundle`` is a PEM file of
        authorities that are trusted beside the system's; ``api_key`` is sent as bearer token.

        Raises:
            EmbeddingMisconfigured: The address fits neither kind of endpoint, or no request can be built of it and the
                key.
            ConfigurationError: The bundle is absent or empty.
        """
        self.space = space
        self.tokenizers = tokenizers
        self._address: SecretAddress
        self._dialect: Dialect
        self._address, self._dialect = endpoint(SecretAddress.of(url) or SecretAddress(""))
        self._url = str(self._address)  # as messages show it
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            stop=tenacity.stop_after_attempt(attempts),
            wait=_Wait(longest_wait),
            before_sleep=lambda _state: on_retry() if on_retry else None,
            sleep=sleep,
            reraise=True,
        )
        self._attempts = attempts
        headers = authorization(self._address, Secret.of(api_key))
        self._client = http_client(ca_bundle, headers=headers, timeout=_TIMEOUT)

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``."""
        tokenizer = self.tokenizers.of(role)
        counts = tokenizer.count(texts)
        refuse_long(texts, counts, self.space.max_tokens)
        batches = plan(counts, _MAX_TOKENS, _MAX_TEXTS)
        vectors = np.zeros((len(texts), self.space.dimensions), np.float32)
        answers = map_in_threads(self._ask, [[texts[row] for row in rows] for rows in batches], _IN_FLIGHT, "embed")
        for rows, answer in zip(batches, answers, strict=True):
            vectors[rows] = answer
        return vectors

    def _ask(self, texts: list[str]) -> np.ndarray:
        try:
            payload = self._retrying.copy()(self._post, texts)  # a copy: threads send in parallel
        except _TryAgainError as error:
            if error.status in _FAILS_ON_TEXT:
                raise EmbeddingRefused(f"{self._url} failed {self._attempts} times: {error}") from error
            raise EndpointUnavailable(
                f"{self._url} did not answer in {self._attempts} attempts: {error}; is DOC_ASSETS_EMBEDDING_URL right "
                "and the endpoint up? DOC_ASSETS_RETRY_ATTEMPTS sets how long to wait for it"
            ) from error
        return unit_rows(_rows(payload, self._dialect, self._url), len(texts), self.space.dimensions)

    def _post(self, texts: list[str]) -> object:
        body: dict[str, object] = (
            {"inputs": texts, "truncate": False, "normalize": True}
            if self._dialect == "tei"
            else {"input": texts, "model": self.space.name, "encoding_format": "float"}
        )
        try:
            response = self._client.post(self._address.reveal(), json=body)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise EmbeddingMisconfigured(f"{self._url}: the request cannot be built: {error}") from None
        except httpx.TransportError as error:
            if refused_by_proxy(error):
                raise EmbeddingError(f"{self._url}: the proxy refused: {error}") from None
            if problem := certificate_problem(error):
                raise EmbeddingError(f"{self._url}: {problem}") from error
            raise _TryAgainError(f"{type(error).__name__}: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EmbeddingError(f"{self._url} cannot be asked: {error}") from None
        status = response.status_code
        if status in _TRY_AGAIN or status >= 500:
            after = _retry_after(response.headers.get("Retry-After"))
            raise _TryAgainError(f"status {status}: {_beginning(response)}".rstrip(": "), after, status)
        if status != httpx.codes.OK:
            kind = EmbeddingRefused if status in _REFUSES else EmbeddingError
            raise kind(f"{self._url} refused with status {status}: {_beginning(response)}")
        try:
            return response.json()
        except ValueError as error:
            raise EmbeddingError(f"{self._url} answered with something that is not JSON: {error}") from error


def _beginning(response: httpx.Response) -> str:
    """Return the beginning of an answer, masked before it is cut: a half of a secret would not be known."""
    return mask(response.text[:10_000])[:300]


def _rows(payload: object, dialect: Dialect, url: str) -> np.ndarray:
    """Return the vectors of an answer, in the order of the request."""
    try:
        if dialect == "openai":
            data = payload["data"]  # pyright: ignore[reportIndexIssue]
            by_index = {int(item["index"]): item["embedding"] for item in data}
            payload = [by_index[i] for i in range(len(data))]
        return np.asarray(payload, dtype=np.float32)
    except (TypeError, ValueError, KeyError) as error:
        raise EmbeddingError(f"{url} answered with something that is not a list of vectors: {error!r}") from error


class _Wait(wait_base):
    """Exponential with jitter from half a second on, or as long as the server asks."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=longest, jitter=0.5)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.after if isinstance(error, _TryAgainError) else 0.0
        return min(self._longest, max(asked, self._backoff(retry_state)))


def _retry_after(header: str | None) -> float:
    """Return the seconds of a ``Retry-After`` header, a number or a date; 0 where it is neither."""
    if not header:
        return 0.0
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0
