"""The one masking of all that leaves the process: known secrets in any form, and what looks like one in an address.

``mask`` is for sentences: errors, log lines, the history, annotations. ``mask_data`` is for data, such as documents on
stdout and Dagster's records, which have to stay as they are: it masks only values that no document holds by chance.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

from doc_assets.secrets.forms import Forms, forms_of

MASK: Final = "***"
# Shorter values would mask words of every message; only their places (addresses, headers) are masked.
SHORTEST: Final = 4
# A process that runs for months reads renewed tokens; the last ones are kept.
_MOST_KNOWN = 500
# Variables whose whole value is secret. Values that are addresses are learned part by part.
SECRET_VARIABLES: Final = (
    "DOC_ASSETS_EMBEDDING_API_KEY",
    "DOC_ASSETS_SERVE_TOKEN",
    "DOC_ASSETS_WEBHOOK_SECRET",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "PGPASSWORD",
    "PGSSLPASSWORD",
    "DOC_ASSETS_NOTIFY_URL",
)
PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
ADDRESS_VARIABLES: Final = ("DOC_ASSETS_DATABASE_URL", "DOC_ASSETS_EMBEDDING_URL", *PROXY_VARIABLES)
# All patterns are bounded or possessive: what a server answers is as long and as odd as it likes.
_SECRET_NAME = r"[^=&\s?'\"]{0,64}(?:token|key|secret|sig|passw|pwd|auth|credential)[^=&\s'\"]{0,64}"  # noqa: S105 - a pattern
# The user's part of an address; a password that is not encoded may hold / and @. "user:password" is our own example.
_LOGIN = re.compile(
    r"(?<=://)(?!user:password@)(?:(?:[^\s/?#'\"<>@]*+@)++|[^\s/@:'\"<>]{0,256}:(?!\d+[/?#])[^\s'\"<>@]{0,256}@)"
)
_PARAMETER = re.compile(rf"([?&]{_SECRET_NAME}=)[^&\s'\"<>#]+", re.I)
_PAIR = re.compile(r"\b(\w*password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s'\",;)]+)", re.I)
# Words may follow as well, as in "Basic authentication".
_SCHEME = re.compile(r"\b((?:Bearer|Basic) )(?=\S*[\d=+/_])[A-Za-z0-9._~+/=-]{8,}")
_ILLEGAL_HEADER = re.compile(r"((?:Illegal|Invalid) header value )b?(['\"]).*?\2", re.S)

# Parameters of endpoints and downloads that are no secret.
_OPEN_NAMES = frozenset(("api-version", "api_version", "version", "ref", "format", "path", "model", "dimensions"))

_known: dict[str, None] = {}
_learning = threading.Lock()


def learn(value: str | None) -> None:
    """Mask this value from now on; values of less than four characters are left out."""
    if value is None or len(value) < SHORTEST or value == MASK:
        return
    with _learning:
        _known.pop(value, None)
        _known[value] = None
        while len(_known) > _MOST_KNOWN:
            del _known[next(iter(_known))]


def learn_address(address: str) -> None:
    """Learn what is secret in an address: the password, a name without one, the values of parameters."""
    scheme, _, rest = address.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # A password with / or ? in it: the address is malformed, and yet it is not to be seen.
    login, at, _ = (rest if re.search(r":(?!\d+$)[^\]@]+$", host) else host).rpartition("@")
    web = scheme.lower() in ("http", "https")
    if at and (web or ":" in login):
        learn_login(login)
    for parameter in re.split(r"[?&]", rest.partition("#")[0])[1:]:
        name, _, value = parameter.partition("=")
        if re.fullmatch(_SECRET_NAME, name, re.I) or (web and _may_be_secret(name, unquote(value))):
            learn(value)
            learn(unquote(value))
            learn(unquote_plus(value))


def _may_be_secret(name: str, value: str) -> bool:
    return name.lower() not in _OPEN_NAMES and (len(value) >= 8 or any(c.isdigit() for c in value))


def learn_login(login: str) -> None:
    """Learn the secret of ``user:password`` as written in an address, and what Basic authentication makes of it."""
    user, colon, password = login.partition(":")
    if not colon:
        user, password = "", user  # some hosts take a token as the name
    for one in (password, unquote(password)):
        learn(one)
    if password:
        learn(base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode())
        learn(base64.b64encode(f"{unquote(password)}:".encode()).decode())


def learn_environment(environment: Mapping[str, str]) -> None:
    """Learn the secrets of the variables that this program, its libraries and git read."""
    for name in SECRET_VARIABLES:
        learn(environment.get(name, "").strip())
    for name in ADDRESS_VARIABLES:
        given = environment.get(name, "").strip()
        learn_address(given if "://" in given else f"http://{given}")


def forget_all() -> None:
    """Forget every value, for a test."""
    with _learning:
        _known.clear()


def mask(text: str) -> str:
    """Return a sentence with ``***`` for known secrets, and for logins, passwords and parameters that look secret."""
    text = _ILLEGAL_HEADER.sub(rf"\1{MASK}", text)
    text = _SCHEME.sub(rf"\1{MASK}", text)
    text = _PARAMETER.sub(rf"\1{MASK}", _LOGIN.sub(f"{MASK}@", text))
    return _masked(_PAIR.sub(rf"\1{MASK}", text), everything=True)


def mask_data(text: str) -> str:
    """Return a text with ``***`` for known secrets, unless they could be a word of a document."""
    return _masked(text, everything=False)


def _masked(text: str, *, everything: bool) -> str:
    for forms in _all_forms():
        if (everything or forms.unmistakable) and forms.may_be_in(text):
            text = _pattern(forms).sub(MASK, text)
    return text


def _all_forms() -> list[Forms]:
    with _learning:
        known = list(_known)
    # A value that holds another one goes first, or its rest would be seen.
    return [_forms(value) for value in sorted(known, key=len, reverse=True)]


_forms = lru_cache(maxsize=_MOST_KNOWN)(forms_of)


@lru_cache(maxsize=_MOST_KNOWN)
def _pattern(forms: Forms) -> re.Pattern[str]:
    # What surrounds encoded text is encoded with it: in "user:password", the user and a part of the password.
    encoded = [f"[A-Za-z0-9+/_-]*{re.escape(form)}[A-Za-z0-9+/_=-]*" for form in forms.encoded]
    return re.compile("|".join([forms.pattern, *encoded]))
