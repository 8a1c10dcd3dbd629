"""Who sent a request: proven by a signature over its body, or by the token that GitLab sends.

Three forms: GitHub's ``X-Hub-Signature-256`` (Gitea's and Forgejo's too), Standard Webhooks (``webhook-signature``, by
https://www.standardwebhooks.com; GitLab's signing tokens use it), and GitLab's older ``X-Gitlab-Token``. A header that
is there and wrong is not made good by another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import Secret
from doc_assets.settings.webhook import WebhookSettings

# Of Standard Webhooks: older or younger requests may be replayed ones.
WINDOW_SECONDS = 300
SHORTEST_SECRET = 16
_ENCODED = "whsec_"
_STANDARD = "webhook-signature"


class NotProven(Exception):
    """Nothing proves who sent the request."""


def secrets_of(settings: WebhookSettings) -> list[Secret]:
    """Return the secrets that senders may use; a file is read anew.

    Raises:
        ConfigurationError: There is none, or one is too short to be safe, or the file cannot be read.
    """
    if settings.secret and settings.secret_file:
        raise ConfigurationError("DOC_ASSETS_WEBHOOK_SECRET and DOC_ASSETS_WEBHOOK_SECRET_FILE are both set: unset one")
    found = [settings.secret] if settings.secret else list(_lines(settings.secret_file))
    if not found:
        raise ConfigurationError(
            "senders of pushes need a secret: set DOC_ASSETS_WEBHOOK_SECRET or DOC_ASSETS_WEBHOOK_SECRET_FILE, and the "
            "same at the git server"
        )
    if any(len(secret.reveal()) < SHORTEST_SECRET for secret in found):
        raise ConfigurationError(f"a secret of pushes is too short to be safe: give it {SHORTEST_SECRET} characters")
    return found


def _lines(file: Path | None) -> Iterator[Secret]:
    if file is None:
        return
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"DOC_ASSETS_WEBHOOK_SECRET_FILE={str(file)!r} cannot be read: {reason}") from None
    yield from (Secret(line.strip()) for line in lines if line.strip())


def proven_id(headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now: float) -> str:
    """Return what identifies the delivery, made of what is proven: the same when it is sent again.

    GitHub signs its body alone, so the body's hash it is, not a header that anybody could change. GitLab's token proves
    headers as well as the body, which has no time: a branch that is forced to and fro has the same one again.

    Args:
        headers: By lower-case name.
        body: As it came.
        secrets: Any of them will do.
        now: Seconds since 1970.

    Raises:
        NotProven: The signature or token is absent, wrong, or too old.
    """
    name = ""
    if has_id(headers):
        return _standard(headers, body, secrets, now)
    if given := headers.get("x-hub-signature-256"):
        expected = [f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}" for key in map(_plain, secrets)]
    elif given := headers.get("x-gitlab-token"):
        expected, name = [secret.reveal() for secret in secrets], headers.get("idempotency-key", "")
    else:
        raise NotProven
    if not _is_among(given, expected):
        raise NotProven
    return hashlib.sha256(body + name.encode("latin-1")).hexdigest()


def has_id(headers: Mapping[str, str]) -> bool:
    """Return whether the delivery is known by an id that the sender chose, else it is by its body."""
    return _STANDARD in headers


def _standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now: float) -> str:
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not stamp.isdecimal() or len(stamp) > 12 or abs(now - int(stamp)) > WINDOW_SECONDS:
        raise NotProven
    signed = f"{name}.{stamp}.".encode("latin-1") + body
    expected = [base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest()).decode() for one in secrets]
    given = [part.removeprefix("v1,") for part in headers[_STANDARD].split() if part.startswith("v1,")]
    if not any(_is_among(one, expected) for one in given):
        raise NotProven
    return hashlib.sha256(name.encode("latin-1")).hexdigest()


def _is_among(given: str, expected: Sequence[str]) -> bool:
    """Compare with each in constant time; digests, so that not even a length shows."""
    own = hashlib.sha256(given.encode("utf-8", "replace")).digest()
    return any([hmac.compare_digest(own, hashlib.sha256(one.encode()).digest()) for one in expected])


def _plain(secret: Secret) -> bytes:
    return secret.reveal().encode()


def _key(secret: Secret) -> bytes:
    """Return the key of Standard Webhooks: base64 behind ``whsec_``, else the secret as it is."""
    encoded = secret.reveal().removeprefix(_ENCODED)
    if encoded == secret.reveal():
        return _plain(secret)
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return _plain(secret)
