"""The model behind an HTTP endpoint: text-embeddings-inference, or any server of OpenAI's embeddings protocol.

``embedding.endpoint`` derives the protocol from the address. Window, dimensions and token counts come from the local
copy of the model, which must be the one that the endpoint serves.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from doc_assets.embedding.backends.endpoint_answers import NotVectorsError, vectors_in
from doc_assets.embedding.backends.endpoint_client import EndpointClient, RequestRefusedError
from doc_assets.embedding.backends.endpoint_contact import ask_limits, require_same_tokens, require_whole_texts
from doc_assets.embedding.backends.endpoint_pace import Pace
from doc_assets.embedding.batching import plan
from doc_assets.embedding.embedder import refuse_long, unit_rows
from doc_assets.embedding.endpoint import Dialect, endpoint
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured, EmbeddingRefused
from doc_assets.runtime import shutdown
from doc_assets.runtime.shared_threads import SharedThreads
from doc_assets.secrets import Secret, SecretAddress

# text-embeddings-inference takes 32 texts and 16,384 tokens per request by default.
_MAX_TEXTS = 32
_MAX_TOKENS = 16_384
# Of a text's vectors in two encodings: numbers may be rounded, and what is decoded wrongly has no likeness at all.
_SAME_COSINE = 0.9999


class HttpEmbedder:
    """Sends batches in parallel and orders the answers. Safe to call from several threads, which share the requests.

    The first call for documents makes the first contact, see ``endpoint_contact``. A request that is too large for the
    server is sent in halves, and later ones are no larger than what it took.
    """

    def __init__(
        self,
        space: EmbeddingSpace,
        tokenizers: Tokenizers,
        url: str | SecretAddress,
        api_key: str | Secret | None = None,
        *,
        served_name: str | None = None,
        dimensions: int | None = None,
        ca_bundle: Path | None = None,
        requests: int = 16,
        attempts: int = 8,
        longest_wait: float = 30.0,
        longest_asked_wait: float = 300.0,
        proven: bool = False,
        on_retry: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = shutdown.wait,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open no connection yet.

        Args:
            space: Embedding space; says who puts prompts before texts.
            tokenizers: The local model's.
            url: Address of the endpoint.
            api_key: Sent as bearer token.
            served_name: Name of the model at the endpoint; by default that of the space.
            dimensions: Dimensions that the server is asked for; None asks for none.
            ca_bundle: PEM file of authorities that are trusted beside the system's.
            requests: Most requests under way at a time, of all calls together.
            attempts: Refusals in a row, for passing reasons, after which the endpoint is given up.
            longest_wait: Most seconds between attempts.
            longest_asked_wait: Most seconds between attempts if the server asks for them.
            proven: The endpoint was proven before, so the first contact is left out.
            on_retry: Called before each further attempt.
            sleep: Waits.
            clock: Returns seconds, as ``time.monotonic`` does.

        Raises:
            EmbeddingMisconfigured: The address fits neither kind of endpoint, or no request can be built of it and the
                key.
            ConfigurationError: The bundle is absent or empty.
        """
        self.space = space
        self.tokenizers = tokenizers
        self._dialect: Dialect
        address, self._dialect = endpoint(SecretAddress.of(url) or SecretAddress(""))
        self._client = EndpointClient(
            address,
            Secret.of(api_key),
            Pace(requests, attempts, longest_wait, sleep=sleep, clock=clock),
            ca_bundle=ca_bundle,
            attempts=attempts,
            longest_asked_wait=longest_asked_wait,
            on_retry=on_retry,
            sleep=sleep,
        )
        self._served_name = served_name or space.name
        self._dimensions = dimensions
        self._proven = proven
        self._proving, self._learning = threading.Lock(), threading.Lock()
        self._max_texts, self._max_tokens = _MAX_TEXTS, _MAX_TOKENS
        self._encoding = "float"
        self._threads = SharedThreads(requests, "embed")

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``; the first call for documents also makes the first contact.

        Raises:
            EmbeddingMisconfigured: The endpoint truncates, serves another model, or does not take the window.
        """
        counts = self.tokenizers.of(role).count(texts)
        refuse_long(texts, counts, self.space.max_tokens)
        if not len(texts):
            return np.zeros((0, self.space.dimensions), np.float32)
        if role is Role.DOCUMENT and not self._proven:
            self._threads.map(self._make_contact, [None])  # a stop does not wait for a server that hangs
        batches = plan(counts, self._max_tokens, self._max_texts)
        answers = self._threads.map(
            lambda rows: self._in_halves([texts[row] for row in rows], [counts[row] for row in rows], role), batches
        )
        vectors = np.zeros((len(texts), self.space.dimensions), np.float32)
        for rows, answer in zip(batches, answers, strict=True):
            vectors[rows] = answer
        return vectors

    def _make_contact(self, _: None) -> None:
        with self._proving:
            if self._proven:
                return
            tokenizer = self.tokenizers.of(Role.DOCUMENT)

            def embed(samples: Sequence[str]) -> np.ndarray:
                return np.concatenate(
                    [self._in_halves([sample], tokenizer.count([sample]), Role.DOCUMENT) for sample in samples]
                )

            sample = embed(["a"])  # waits for a server that is starting
            limits = ask_limits(self._client, self._dialect, self._served_name)
            if limits.texts is not None:
                self._max_texts = min(self._max_texts, limits.texts)
            if self._dialect == "tei":
                require_same_tokens(self._client, self.space, self.tokenizers)
            require_whole_texts(self.space, tokenizer, limits, embed)
            if self._dialect == "openai":
                self._encoding = self._cheapest_encoding(sample)
            self._proven = True

    def _cheapest_encoding(self, sample: np.ndarray) -> str:
        """Return ``base64`` if the endpoint answers the text "a" in it with the same vector, else ``float``.

        Read from numbers, a vector of 384 costs three times the processor time (docs/endpoints.md).
        """
        answer = self._client.ask("embeddings", self._body(["a"], Role.DOCUMENT) | {"encoding_format": "base64"})
        try:
            found = unit_rows(vectors_in(answer, self._dialect, 1), 1, self.space.dimensions)
        except (NotVectorsError, EmbeddingError):
            return "float"
        return "base64" if float(found[0] @ sample[0]) >= _SAME_COSINE else "float"

    def _in_halves(self, texts: list[str], counts: list[int], role: Role) -> np.ndarray:
        """Return the vectors, of two requests if one is refused; if both succeed, the size was what was refused."""
        try:
            return self._ask(texts, role)
        except RequestRefusedError as refusal:
            if len(texts) == 1:
                raise EmbeddingRefused(str(refusal)) from refusal
            reason = str(refusal)
        middle = (len(texts) + 1) // 2
        first = self._in_halves(texts[:middle], counts[:middle], role)
        second = self._in_halves(texts[middle:], counts[middle:], role)
        with self._learning:
            # Batches are padded to the longest text in the plan's account.
            if re.search(r"\btokens?\b", reason):
                self._max_tokens = min(self._max_tokens, max(counts) * middle)
            else:
                self._max_texts = min(self._max_texts, middle)
        return np.concatenate([first, second])

    def _ask(self, texts: list[str], role: Role) -> np.ndarray:
        payload = self._client.post(self._body(texts, role))
        try:
            vectors = vectors_in(payload, self._dialect, len(texts))
        except NotVectorsError as error:
            raise EmbeddingError(f"{self._client.shown} answered with {error}") from error
        if vectors.shape[1] != self.space.dimensions:
            raise EmbeddingMisconfigured(
                f"{self._client.shown} answered with vectors of {vectors.shape[1]} dimensions, the local model "
                f"{self.space.name} has {self.space.dimensions}: DOC_ASSETS_EMBEDDING_MODEL is to be the model that "
                f"the endpoint serves as {self._served_name} (DOC_ASSETS_EMBEDDING_SERVED_NAME), and "
                "DOC_ASSETS_EMBEDDING_DIMENSIONS says how many are kept of each vector"
            )
        return unit_rows(vectors, len(texts), self.space.dimensions)

    def _body(self, texts: list[str], role: Role) -> dict[str, object]:
        by_server = self.space.prompts_by == "server"
        tokenizer = self.tokenizers.of(role)
        sent = list(tokenizer.read(texts) if by_server else tokenizer.prompted(texts))
        name = (self.space.document_prompt if role is Role.DOCUMENT else self.space.query_prompt) if by_server else ""
        if self._dialect == "tei":
            body: dict[str, object] = {"inputs": sent, "truncate": False, "normalize": True}
            named = {"prompt_name": name}
        else:
            body = {"input": sent, "model": self._served_name, "encoding_format": self._encoding}
            named = {"input_type": name}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        return body | (named if name else {})
