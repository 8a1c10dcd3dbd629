"""What an endpoint's answer says: vectors in the order of the texts, or an error and whose turn it is after it.

Two dialects: text-embeddings-inference (``[[…], …]``, ``{"error", "error_type"}``), and OpenAI's (``{"data": […]}``,
``{"error": {"message", "type", "code"}}``), as servers and gateways answer it. Sending is in ``endpoint_client``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from doc_assets.embedding.endpoint import Dialect

# The names of errors that say something else than, or more than, the status beside them; compared without signs and
# case. Statuses as in HTTP. Gateways answer errors with status 200, and OpenAI answers an exhausted quota with 429.
_PERMANENT: Mapping[str, int] = {
    **dict.fromkeys(("insufficientquota", "billinghardlimitreached", "billingnotactive", "quotaexceeded"), 402),
    **dict.fromkeys(("invalidapikey", "authenticationerror", "unauthorized", "accountdeactivated"), 401),
    **dict.fromkeys(("permissionerror", "permissiondenied", "forbidden"), 403),
    **dict.fromkeys(("modelnotfound", "invalidmodel", "notfounderror", "notfound"), 404),
}
_NAMED: Mapping[str, int] = {
    **dict.fromkeys(("overloaded", "overloadederror", "engineoverloaded", "ratelimit", "ratelimitexceeded"), 429),
    **dict.fromkeys(("ratelimiterror", "toomanyrequests", "resourceexhausted", "throttled"), 429),
    **dict.fromkeys(("unhealthy", "serviceunavailable", "serviceunavailableerror", "unavailable"), 503),
    **dict.fromkeys(("timeout", "timeouterror", "requesttimeout", "deadlineexceeded"), 504),
    **dict.fromkeys(("servererror", "internalservererror", "internalerror", "apierror"), 500),
    "backend": 424,
    **dict.fromkeys(("validation", "tokenizer", "empty", "badrequest", "badrequesterror", "invalidrequesterror"), 400),
    **dict.fromkeys(("invalidargument", "contextlengthexceeded", "requesttoolarge"), 400),
}
# An error of no known name or number: no repetition is known to mend it.
_UNKNOWN = 0


class NotVectorsError(Exception):
    """An answer that holds something else than one vector for each text."""


def error_in(payload: object) -> str | None:
    """Return the message of an error object, None if the answer is none."""
    if not isinstance(payload, dict):
        return None
    error = payload.get("error") or (payload.get("object") == "error" and payload.get("message"))
    if not error and "data" not in payload:
        error = payload.get("detail") or payload.get("message")
    if not error:
        return None
    if isinstance(error, dict):
        return str(error.get("message") or error)
    return str(error)


def status_of(status: int, payload: object) -> int:
    """Return the status that an error stands for: that of HTTP, unless that is 200 or the error's name knows better.

    An error of unknown meaning with status 200 stands for 0.
    """
    names = _names(payload)
    for name in names:
        if name in _PERMANENT:
            return _PERMANENT[name]
    if status != 200:
        return status
    for name in names:
        if name.isdigit() and 400 <= int(name) <= 599:
            return int(name)
        if name in _NAMED:
            return _NAMED[name]
    return _UNKNOWN


def _names(payload: object) -> list[str]:
    """Return code and type of an error, the more special one first, in small letters and digits."""
    if not isinstance(payload, dict):
        return []
    inner = payload.get("error")
    places: list[dict[str, Any]] = [inner, payload] if isinstance(inner, dict) else [payload]
    values = [place.get(key) for place in places for key in ("code", "status", "type", "error_type")]
    return [re.sub(r"[^a-z0-9]", "", str(value).lower()) for value in values if isinstance(value, str | int)]


def vectors_in(payload: object, dialect: Dialect, texts: int) -> np.ndarray:
    """Return the vectors as ``(texts, dims) float32``, in the order of the request whatever that of the answer.

    Raises:
        NotVectorsError: The answer has another form, or other vectors than one for each text.
    """
    try:
        rows = _in_order(payload["data"]) if dialect == "openai" else payload  # pyrefly: ignore[bad-index]
        if not isinstance(rows, list):
            raise TypeError(f"{type(rows).__name__} where a list is expected")
        if len(rows) != texts:
            raise NotVectorsError(f"{len(rows)} vectors for {texts} texts")
        vectors = np.asarray([_vector(row) for row in rows], dtype=np.float32)
    except (TypeError, ValueError, KeyError) as error:
        raise NotVectorsError(f"something that is not a list of vectors: {error!r}") from error
    if vectors.ndim != 2:
        raise NotVectorsError(f"something that is not a list of vectors: an array of shape {vectors.shape}")
    return vectors


def _in_order(data: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the embeddings by their index; by their order where no item has one."""
    if not any("index" in item for item in data):
        return [item["embedding"] for item in data]
    by_index = {item["index"]: item["embedding"] for item in data}
    if by_index.keys() != set(range(len(data))):
        raise NotVectorsError(f"vectors with the indexes {sorted(item['index'] for item in data)}")
    return [by_index[i] for i in range(len(data))]


def _vector(row: Any) -> np.ndarray:  # noqa: ANN401 - parsed JSON
    """Return a vector of numbers, or of base64: little-endian float32, which some servers answer unasked."""
    if not isinstance(row, str):
        return np.asarray(row, dtype=np.float32)
    try:
        return np.frombuffer(binascii.a2b_base64(row, strict_mode=True), "<f4")
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"neither numbers nor base64 of float32: {error}") from error
