"""Embedding servers as their makers wrote them, in what a client sees: shapes of answers, limits, truncation.

Shapes are those of text-embeddings-inference (router/src/http/types.rs and server.rs as of July 2026) and of OpenAI's
protocol as OpenAI and vLLM answer it. Vectors are a hash of the tokens that are read, so what is truncated counts
for nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from doc_assets.embedding.opening import open_tokenizer
from doc_assets.settings import Settings
from doc_assets_tests.support.apiserver.serving import Handler, Loopback

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
Answer = tuple[int, object]


@dataclass
class Served:
    """A served model.

    Attributes:
        window: Tokens that it reads.
        truncates: Longer texts are cut, else refused.
        max_texts: Most texts of a request.
        dimensions: Dimensions of its vectors.
        prompts: Its prompts by name.
        default_prompt: Prompt for requests that name none.
        requests: Bodies of the requests for vectors.
        texts: Texts of the requests that were answered with vectors.
    """

    window: int = 256
    truncates: bool = True
    max_texts: int = 32
    dimensions: int = 384
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokenizer = open_tokenizer(Settings.from_environment({})).as_written

    def read(self, text: str, prompt_name: str | None = None) -> list[int]:
        """Return the tokens of a text, those over the window included."""
        prompt = self.default_prompt if prompt_name is None else self.prompts[prompt_name]
        return self._tokenizer.encode([prompt + text])[0]

    def vector(self, text: str, prompt_name: str | None = None, dimensions: int | None = None) -> list[float]:
        """Return the vector of what is read."""
        ids = self.read(text, prompt_name)
        kept = ids if len(ids) <= self.window else [*ids[: self.window - 1], ids[-1]]
        seed = int.from_bytes(hashlib.sha256(repr(kept).encode()).digest()[:8], "big")
        values = np.random.default_rng(seed).normal(size=self.dimensions)[:dimensions].astype(np.float32)
        return (values / np.linalg.norm(values)).tolist()

    def get(self, path: str) -> Answer:
        """Answer a GET."""
        raise NotImplementedError

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Answer a POST."""
        raise NotImplementedError


@dataclass
class Tei(Served):
    """text-embeddings-inference: ``/info``, ``/embed`` and ``/tokenize``."""

    def get(self, path: str) -> Answer:
        if path != "/info":
            return 404, {}
        return 200, {
            "model_id": MODEL,
            "model_sha": None,
            "model_dtype": "float32",
            "served_model_name": MODEL,
            "model_type": {"embedding": {"pooling": "mean"}},
            "max_concurrent_requests": 512,
            "max_input_length": self.window,
            "max_batch_tokens": 16384,
            "max_batch_requests": None,
            "max_client_batch_size": self.max_texts,
            "auto_truncate": self.truncates,
            "tokenization_workers": 2,
            "version": "1.9.3",
            "sha": None,
            "docker_label": None,
        }

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        inputs, name = body["inputs"], body.get("prompt_name")
        texts = [inputs] if isinstance(inputs, str) else inputs
        if name is not None and name not in self.prompts:
            return _invalid(f"`default-prompt-name` is set to `{name}` but it was not found")
        if path == "/tokenize":
            return 200, [[{"id": i, "text": "", "special": False} for i in self.read(text, name)] for text in texts]
        self.requests.append(body)
        if len(texts) > self.max_texts:
            return _invalid(f"batch size {len(texts)} > maximum allowed batch size {self.max_texts}")
        for text in texts:
            truncate = self.truncates if body.get("truncate") is None else body["truncate"]
            if not truncate and (given := len(self.read(text, name))) > self.window:
                message = f"Input validation error: `inputs` must have less than {self.window} tokens. Given: {given}"
                return _invalid(message)
        self.texts.extend(texts)
        return 200, [self.vector(text, name, body.get("dimensions")) for text in texts]


@dataclass
class OpenAi(Served):
    """OpenAI's protocol: ``/v1/models`` and ``/v1/embeddings``.

    Attributes:
        name: Name of the model.
        max_model_len: Whether the list of models has it, as vLLM's.
        max_request_tokens: Most tokens of a request.
        encoding: Of the vectors, whatever is asked for; ``asked``: as asked for; ``doubles``: as asked for, but base64
            holds float64; ``numbers``: base64 is refused.
        indexes: How the items are numbered: ``reversed``, or ``none``.
    """

    name: str = MODEL
    max_model_len: bool = True
    max_request_tokens: int | None = None
    encoding: str = "float"
    indexes: str = "reversed"

    def get(self, path: str) -> Answer:
        if path != "/v1/models":
            return 404, {"detail": "Not Found"}
        model: dict[str, Any] = {"id": self.name, "object": "model", "created": 1764442800, "owned_by": "vllm"}
        return 200, {"object": "list", "data": [model | ({"max_model_len": self.window} if self.max_model_len else {})]}

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        if path != "/v1/embeddings":
            return 404, {"detail": "Not Found"}
        self.requests.append(body)
        texts = body["input"]
        counts = [len(self.read(text)) for text in texts]
        asked = body["encoding_format"]
        if asked == "base64" and self.encoding == "numbers":
            return 400, _error("encoding_format must be float", "invalid_request_error")
        if body["model"] != self.name:
            return 404, _error(f"The model `{body['model']}` does not exist.", "NotFoundError", 404)
        if len(texts) > self.max_texts:
            return 400, _error(f"'$.input' is invalid: at most {self.max_texts} items", "invalid_request_error")
        if self.max_request_tokens is not None and sum(counts) > self.max_request_tokens:
            message = f"Requested {sum(counts)} tokens, max {self.max_request_tokens} tokens per request"
            return 400, _error(message, "max_tokens_per_request", "max_tokens_per_request")
        if not self.truncates and max(counts) > self.window:
            message = (
                f"This model's maximum context length is {self.window} tokens, however you requested {max(counts)}"
            )
            return 400, _error(message, "BadRequestError", 400)
        self.texts.extend(texts)
        rows = [self._encoded(self.vector(text, dimensions=body.get("dimensions")), asked) for text in texts]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)][::-1]
        if self.indexes == "none":
            data = [{"object": "embedding", "embedding": row} for row in rows]
        return 200, {"object": "list", "data": data, "model": self.name, "usage": {"prompt_tokens": sum(counts)}}

    def _encoded(self, vector: Sequence[float], asked: str) -> object:
        encoding = self.encoding if self.encoding in ("float", "base64") else asked
        if encoding == "float":
            return vector
        kind = "<f8" if self.encoding == "doubles" else "<f4"
        return base64.b64encode(np.asarray(vector, kind).tobytes()).decode()


def _invalid(message: str) -> Answer:
    return 422, {"error": message, "error_type": "Validation"}


def _error(message: str, kind: str, code: object = None) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class EmbeddingServer(Loopback):
    """Serves one model on a free port."""

    def __init__(self, served: Served) -> None:
        class Answers(Handler):
            protocol_version = "HTTP/1.0"  # an embedder keeps its connections until its process ends

            def do_GET(self) -> None:
                self.send_json(*served.get(self.path))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_json(*served.post(self.path, body))

        super().__init__(Answers)
        self.start()
