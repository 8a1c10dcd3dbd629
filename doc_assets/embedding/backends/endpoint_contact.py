"""First contact with an endpoint: proves that it reads texts as long as the model's window, in full and as they are.

Servers differ in what they do with a text that is too long for them: text-embeddings-inference truncates by default
since 1.9, and OpenAI's protocol has no switch against it. What a server states is asked for; that it does so is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from doc_assets.embedding.backends.endpoint_client import EndpointClient
from doc_assets.embedding.endpoint import Dialect
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers, WindowTokenizer
from doc_assets.errors import EmbeddingMisconfigured, EmbeddingRefused

# Words that most vocabularies hold as one token each.
_FILLER, _LAST, _OTHER = "word", "first", "second"
# Distance of two vectors of length 1 below which they are the same: the last of 256 tokens moves all-MiniLM-L6-v2's by
# 0.10, and the same text gives the same vector.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server states of itself; None where it does not.

    Attributes:
        window: Most tokens of a text.
        texts: Most texts of a request.
    """

    window: int | None = None
    texts: int | None = None


def ask_limits(client: EndpointClient, dialect: Dialect, served_name: str) -> Limits:
    """Return the limits that the server states: ``/info`` of text-embeddings-inference, ``/v1/models`` of vLLM."""
    if dialect == "tei":
        info = client.ask("info")
        found = info if isinstance(info, dict) else {}
        return Limits(_count(found.get("max_input_length")), _count(found.get("max_client_batch_size")))
    models = client.ask("models")
    data = models.get("data") if isinstance(models, dict) else None
    for model in data if isinstance(data, list) else []:
        if isinstance(model, dict) and model.get("id") == served_name:
            return Limits(_count(model.get("max_model_len")))
    return Limits()


def require_whole_texts(
    space: EmbeddingSpace, tokenizer: WindowTokenizer, limits: Limits, embed: Callable[[Sequence[str]], np.ndarray]
) -> None:
    """Embed texts as long as the window that differ in their last word alone.

    Args:
        space: Embedding space of the local model.
        tokenizer: Its tokenizer of documents.
        limits: What the server states.
        embed: Returns the vectors of texts, each of length 1.

    Raises:
        EmbeddingMisconfigured: The server states a smaller window, refuses such texts, or ignores their last word.
    """
    remedy = (
        "start it with the whole window and without truncation, or state its window in the local model "
        "(max_seq_length in sentence_bert_config.json)"
    )
    if limits.window is not None and limits.window < space.max_tokens:
        raise EmbeddingMisconfigured(
            f"the endpoint reads {limits.window} tokens of a text, the local model {space.name} {space.max_tokens}: "
            f"longer chunks would be truncated or refused; {remedy}"
        )
    filled = _filled(tokenizer)
    samples = [f"{filled}{_LAST}", f"{filled}{_OTHER}", f"{filled}{_LAST}"]
    try:
        one, other, again = embed(samples)
    except EmbeddingRefused as refusal:
        raise EmbeddingMisconfigured(
            f"the endpoint refuses a text as long as the window of the local model {space.name}, {space.max_tokens} "
            f"tokens: {refusal}; {remedy}"
        ) from refusal
    noise = float(np.linalg.norm(one - again))
    if float(np.linalg.norm(one - other)) <= max(_SAME, 2 * noise):
        raise EmbeddingMisconfigured(
            f"the endpoint truncates: the last word of a text of {max(tokenizer.count(samples))} tokens, which the "
            f"local model {space.name} reads, does not change its vector; {remedy}"
        )


def require_same_tokens(client: EndpointClient, space: EmbeddingSpace, tokenizers: Tokenizers) -> None:
    """Compare the tokens of a sample in both roles with those of ``/tokenize``, which text-embeddings-inference has.

    Raises:
        EmbeddingMisconfigured: The server reads something else: it serves another model, or has a prompt of its own.
    """
    sample = "Cilium > IPAM: the Default Mode"
    by_server = space.prompts_by == "server"
    for role, name in ((Role.DOCUMENT, space.document_prompt), (Role.QUERY, space.query_prompt)):
        tokenizer = tokenizers.of(role)
        read = tokenizer.read if by_server else tokenizer.prompted
        asked: dict[str, object] = {"inputs": read([sample])[0]}
        if by_server and name:
            asked["prompt_name"] = name
        answer = client.ask("tokenize", asked)
        rows = answer if isinstance(answer, list) and len(answer) == 1 else [None]
        if not isinstance(rows[0], list) or not all(isinstance(token, dict) and "id" in token for token in rows[0]):
            return
        found, expected = [token["id"] for token in rows[0]], tokenizer.encode([sample])[0]
        if found != expected:
            raise EmbeddingMisconfigured(
                f"the endpoint reads a {role.value} as {len(found)} tokens that are not the {len(expected)} of the "
                f"local model {space.name}: it serves another model, or adds a prompt of its own (default prompt); "
                "DOC_ASSETS_EMBEDDING_PROMPTS says who adds prompts"
            )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _filled(tokenizer: WindowTokenizer) -> str:
    """Return words, with a blank at the end, that leave the window space for one more word alone."""
    low, high = 0, tokenizer.max_tokens
    while low < high:
        middle = (low + high + 1) // 2
        counts = tokenizer.count([f"{_FILLER} " * middle + last for last in (_LAST, _OTHER)])
        low, high = (middle, high) if max(counts) <= tokenizer.max_tokens else (low, middle - 1)
    return f"{_FILLER} " * low
