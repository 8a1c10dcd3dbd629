"""The address of an embedding endpoint, and which protocol it implies."""

from __future__ import annotations

from typing import Literal

import httpx

from doc_assets.errors import EmbeddingMisconfigured

Dialect = Literal["tei", "openai"]


def endpoint(url: str) -> tuple[str, Dialect]:
    """Return the full address and its protocol.

    Raises:
        EmbeddingMisconfigured: Not an http(s) address, or a path of neither protocol.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise EmbeddingMisconfigured(f"DOC_ASSETS_EMBEDDING_URL={url!r} is not an address: {error}") from error
    path = parsed.path.rstrip("/")
    if parsed.scheme in ("http", "https") and parsed.host:
        if path == "" or path.endswith("/embed"):
            return str(parsed.copy_with(path=path or "/embed")), "tei"
        if path.endswith("/v1"):
            return str(parsed.copy_with(path=path + "/embeddings")), "openai"
        if path.endswith("/embeddings"):
            return str(parsed.copy_with(path=path)), "openai"
    raise EmbeddingMisconfigured(
        f"DOC_ASSETS_EMBEDDING_URL={url!r}: http(s)://host/embed (text-embeddings-inference) or "
        "http(s)://host/v1/embeddings (OpenAI-compatible) is needed"
    )
