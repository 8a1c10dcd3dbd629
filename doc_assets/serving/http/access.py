"""Who may send requests: the bearer token, the names that the server is reached by, and the proxies in front of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import Secret, header_problem
from doc_assets.settings import ServeSettings

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
_SHORTEST_TOKEN = 16


class BearerToken:
    """The token that requests must bear; one in a file is read again when the file changes."""

    def __init__(self, value: Secret | None, file: Path | None = None) -> None:
        """Take the token, or the file that holds it.

        Raises:
            ConfigurationError: Both are given, the file cannot be read, or the token is too short to be safe.
        """
        if value is not None and file is not None:
            raise ConfigurationError("DOC_ASSETS_SERVE_TOKEN and DOC_ASSETS_SERVE_TOKEN_FILE are both set: unset one")
        self._file = file
        self._state: tuple[int, int] | None = None
        self._digest = b""
        if value is not None:
            self._set(value.reveal(), "DOC_ASSETS_SERVE_TOKEN")
        elif file is not None:
            self._read(file)

    @property
    def is_set(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._digest)

    def admits(self, authorization: str | None) -> bool:
        """Return True if the header bears the token, or none is asked for; takes the same time for every wrong one.

        A browser asks whoever opens the search page, and sends the token as the password of any name (Basic).
        """
        if self._file is not None:
            self._read(self._file)
        if not self._digest:
            return True
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            given = _password(given.strip())
        # Equally long digests: not even the length of the token shows in the time.
        return hmac.compare_digest(_digest(given.strip()), self._digest) and scheme.lower() in ("bearer", "basic")

    def _read(self, file: Path) -> None:
        try:
            facts = file.stat()
            state = (facts.st_mtime_ns, facts.st_ino)
            if state != self._state:
                self._set(file.read_text(encoding="utf-8").strip(), str(file))
                self._state = state
        except (OSError, UnicodeDecodeError) as error:
            # While a mounted Secret is replaced; the token of before holds.
            if not self._digest:
                raise ConfigurationError(f"the token in {file} cannot be read: {error}") from error

    def _set(self, value: str, origin: str) -> None:
        if (wrong := header_problem(value)) or len(value) < _SHORTEST_TOKEN:
            wrong = wrong or f"is shorter than {_SHORTEST_TOKEN} characters"
            raise ConfigurationError(f"the token in {origin} {wrong}: make one, as with openssl rand -hex 32")
        self._digest = _digest(Secret(value).reveal())


def _password(credentials: str) -> str:
    """Return the password of Basic credentials, empty where they are none."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()


class Networks:
    """Addresses and networks, such as those of proxies."""

    def __init__(self, given: Sequence[str]) -> None:
        """Read them.

        Raises:
            ConfigurationError: One is no address and no network.
        """
        try:
            self._networks = [ipaddress.ip_network(one, strict=False) for one in given]
        except ValueError as error:
            raise ConfigurationError(
                f"DOC_ASSETS_SERVE_PROXIES: {error}: give addresses or networks, as in 10.0.0.0/8"
            ) from error
        self.given = tuple(given)

    def __contains__(self, address: str) -> bool:
        """Return True for an address in one of the networks."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def is_loopback(host: str) -> bool:
    """Return True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_safe_address(host: str, settings: ServeSettings) -> None:
    """Raise ``ConfigurationError`` unless the address may be bound with these settings."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConfigurationError("DOC_ASSETS_SERVE_TLS_CERTIFICATE and DOC_ASSETS_SERVE_TLS_KEY are needed together")
    for file in (settings.tls_certificate, settings.tls_key):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"there is no file {file}: give the PEM files of certificate and key")
    if is_loopback(host):
        return
    if settings.token is None and settings.token_file is None:
        raise ConfigurationError(
            f"{host} can be reached from other machines: set DOC_ASSETS_SERVE_TOKEN or DOC_ASSETS_SERVE_TOKEN_FILE, or "
            "serve on 127.0.0.1"
        )
    if settings.tls_certificate is None and not settings.proxies:
        raise ConfigurationError(
            f"{host} can be reached from other machines, and the token must not cross a network in the clear: set "
            "DOC_ASSETS_SERVE_TLS_CERTIFICATE and DOC_ASSETS_SERVE_TLS_KEY, or DOC_ASSETS_SERVE_PROXIES if a proxy in "
            "front ends TLS"
        )
