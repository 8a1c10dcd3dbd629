"""The address of an embedding endpoint, and which protocol it implies."""

from __future__ import annotations

import base64
from typing import Literal

import httpx

from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.network import refuse_unusable_proxy
from doc_assets.secrets import Secret, SecretAddress, address_problem, header_problem

Dialect = Literal["tei", "openai"]


def endpoint(address: SecretAddress) -> tuple[SecretAddress, Dialect]:
    """Return the full address and its protocol.

    Raises:
        EmbeddingMisconfigured: Not an http(s) address, or a path of neither protocol.
    """
    problem = address_problem(address.reveal())
    try:
        parsed = httpx.URL(address.reveal())
    except httpx.InvalidURL as error:
        problem = problem or f"is not an address: {error}"
        parsed = httpx.URL()
    if problem:
        raise EmbeddingMisconfigured(f"DOC_ASSETS_EMBEDDING_URL {problem}")
    path = parsed.path.rstrip("/")
    if parsed.scheme in ("http", "https") and parsed.host:
        if path == "" or path.endswith("/embed"):
            return _with_path(parsed, path or "/embed"), "tei"
        if path.endswith("/v1"):
            return _with_path(parsed, path + "/embeddings"), "openai"
        if path.endswith("/embeddings"):
            return _with_path(parsed, path), "openai"
    raise EmbeddingMisconfigured(
        f"DOC_ASSETS_EMBEDDING_URL={str(address)!r}: http(s)://host/embed (text-embeddings-inference) or "
        "http(s)://host/v1/embeddings (OpenAI-compatible) is needed"
    )


def authorization(address: SecretAddress, api_key: Secret | None) -> dict[str, str]:
    """Return the header with the key, or with the login of the address, if there is one.

    Raises:
        EmbeddingMisconfigured: No header can hold the key, or the address has a login, too.
    """
    url = httpx.URL(address.reveal())
    if api_key is None:
        login = f"{url.username}:{url.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(login).decode()}"} if url.userinfo else {}
    if problem := header_problem(key := api_key.reveal().strip()):
        raise EmbeddingMisconfigured(f"DOC_ASSETS_EMBEDDING_API_KEY {problem}: no request can carry it")
    if url.userinfo:
        raise EmbeddingMisconfigured(
            "DOC_ASSETS_EMBEDDING_API_KEY and the name and password in DOC_ASSETS_EMBEDDING_URL would be one header: "
            "leave out one of them"
        )
    return {"Authorization": f"Bearer {key}"}


def refuse_unusable(url: SecretAddress, api_key: Secret | None) -> None:
    """Refuse settings of which no request can be built, before a load begins.

    Raises:
        ConfigurationError: The address, the key or the proxy for it is wrong.
    """
    address, _ = endpoint(url)
    authorization(address, api_key)
    refuse_unusable_proxy(address.reveal())


def _with_path(address: httpx.URL, path: str) -> SecretAddress:
    return SecretAddress(str(address.copy_with(path=path, fragment=None)))
