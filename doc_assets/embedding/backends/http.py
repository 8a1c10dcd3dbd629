"""The model behind an HTTP endpoint: text-embeddings-inference, or any server of OpenAI's embeddings protocol.

``embedding.endpoint`` derives the protocol from the address. Window, dimensions and token counts come from the local
copy of the model, which must be the one that the endpoint serves.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from doc_assets.embedding.backends.endpoint_answers import NotVectorsError, vectors_in
from doc_assets.embedding.backends.endpoint_client import EndpointClient, RequestRefusedError
from doc_assets.embedding.backends.endpoint_contact import ask_limits, require_same_tokens, require_whole_texts
from doc_assets.embedding.batching import plan
from doc_assets.embedding.embedder import refuse_long, unit_rows
from doc_assets.embedding.endpoint import Dialect, endpoint
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured, EmbeddingRefused
from doc_assets.runtime import shutdown
from doc_assets.runtime.stages import map_in_threads
from doc_assets.secrets import Secret, SecretAddress

# text-embeddings-inference takes 32 texts and 16,384 tokens per request by default.
_MAX_TEXTS = 32
_MAX_TOKENS = 16_384
# Requests under way: enough to hide the network's latency, far below the server's default queue of 512.
_IN_FLIGHT = 8


class HttpEmbedder:
    """Sends batches in parallel and orders the answers. Safe to call from several threads.

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
        attempts: int = 8,
        longest_wait: float = 30.0,
        longest_asked_wait: float = 300.0,
        proven: bool = False,
        on_retry: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = shutdown.wait,
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
            attempts: Times that a request is sent which fails for a passing reason.
            longest_wait: Most seconds between attempts.
            longest_asked_wait: Most seconds between attempts if the server asks for them.
            proven: The endpoint was proven before, so the first contact is left out.
            on_retry: Called before each further attempt.
            sleep: Waits.

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
            ca_bundle=ca_bundle,
            attempts=attempts,
            longest_wait=longest_wait,
            longest_asked_wait=longest_asked_wait,
            on_retry=on_retry,
            sleep=sleep,
        )
        self._served_name = served_name or space.name
        self._dimensions = dimensions
        self._proven = proven
        self._proving, self._learning = threading.Lock(), threading.Lock()
        self._max_texts, self._max_tokens = _MAX_TEXTS, _MAX_TOKENS

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
            map_in_threads(self._make_contact, [None], 1, "contact")  # a stop does not wait for a server that hangs
        batches = plan(counts, self._max_tokens, self._max_texts)
        answers = map_in_threads(
            lambda rows: self._in_halves([texts[row] for row in rows], [counts[row] for row in rows], role),
            batches,
            _IN_FLIGHT,
            "embed",
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

            embed(["a"])  # waits for a server that is starting
            limits = ask_limits(self._client, self._dialect, self._served_name)
            if limits.texts is not None:
                self._max_texts = min(self._max_texts, limits.texts)
            if self._dialect == "tei":
                require_same_tokens(self._client, self.space, self.tokenizers)
            require_whole_texts(self.space, tokenizer, limits, embed)
            self._proven = True

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
        sent = texts if by_server else list(self.tokenizers.of(role).prompted(texts))
        name = (self.space.document_prompt if role is Role.DOCUMENT else self.space.query_prompt) if by_server else ""
        if self._dialect == "tei":
            body: dict[str, object] = {"inputs": sent, "truncate": False, "normalize": True}
            named = {"prompt_name": name}
        else:
            body = {"input": sent, "model": self._served_name, "encoding_format": "float"}
            named = {"input_type": name}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        return body | (named if name else {})
