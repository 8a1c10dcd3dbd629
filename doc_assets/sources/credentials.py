"""The credentials that a catalogue names and never holds: files of a folder, in a cluster those of a mounted Secret.

A credential is read at each use, so that a renewed Secret takes effect with the next fetch. Neither a value's ``repr``
nor a message shows one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import httpx

from doc_assets.errors import SourceError

# The keys of Kubernetes' Secrets for basic-auth and ssh-auth, and two more; in the order of Credential's fields.
KEYS = ("username", "password", "token", "ssh-privatekey", "known_hosts")
_MASK = "***"
# Servers echo what they refuse; a shorter value would mask words of the message.
_SHORTEST_MASKED = 4
_SECRET_PARAMETER = re.compile(r"([?&][^=&\s]*(?:token|key|secret|sig|password|auth|credential)[^=&\s]*=)[^&\s]+", re.I)


@dataclass(frozen=True)
class Credential:
    """The values that authenticate at one server; at least one is given.

    Attributes:
        name: As in the catalogue; empty for one that is part of an address.
        username: For Basic authentication.
        password: For Basic authentication.
        token: Sent as Bearer token, or to git in place of a password.
        private_key: For ssh, as OpenSSH writes it, without a passphrase.
        known_hosts: Lines of OpenSSH's known_hosts: the only host keys that are accepted.
    """

    name: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    known_hosts: str | None = field(default=None, repr=False)

    @property
    def http(self) -> httpx.Auth | None:
        """The Authorization for HTTP: the token, else name and password. Not sent on to another host."""
        if self.token:
            return _Header(f"Bearer {self.token}")
        if self.password is None:
            return None
        pair = f"{self.username or ''}:{self.password}".encode()
        return _Header(f"Basic {base64.b64encode(pair).decode()}")

    @property
    def login(self) -> tuple[str, str] | None:
        """Name and password for git over HTTP, which supports nothing else."""
        secret = self.token or self.password
        # GitHub, GitLab and Gitea take any name with a token; GitLab requires this one for some of its tokens.
        return None if secret is None else (self.username or "oauth2", secret)

    def masked(self, text: str) -> str:
        """Return the text without the credential's values, both plain and URL-quoted."""
        for value in (self.password or self.username, self.token):
            if value and len(value) >= _SHORTEST_MASKED:
                text = text.replace(value, _MASK).replace(quote(value, safe=""), _MASK)
        return text


class _Header(httpx.Auth):
    """An Authorization header. httpx drops it from a redirect to another host, port or scheme."""

    def __init__(self, value: str) -> None:
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._value
        yield request


def read_credential(folder: Path | None, name: str, source: str) -> Credential:
    """Read the credential of that name for ``source`` from ``folder`` (``Settings.credentials``).

    Its values are the files ``<name>/<key>``, as a Secret of its own is mounted, or ``<name>.<key>``, as the keys of
    one Secret for all are. A line end at the end of a value is dropped.

    Raises:
        SourceError: There is no such credential, or it cannot be read.
    """
    where = f"source {source}: credential {name!r}"
    if folder is None or not folder.is_dir():
        raise SourceError(
            f"{where} is needed, and the folder {folder or ''} of DOC_ASSETS_CREDENTIALS is not there: mount the Secret"
        )
    values: dict[str, str] = {}
    for key in KEYS:
        for file in (folder / name / key, folder / f"{name}.{key}"):
            try:
                values[key] = file.read_text().strip("\r\n")
                break
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no text"
                raise SourceError(f"{where}: {file} cannot be read: {reason}") from None
    if not any(values.get(key) for key in KEYS[1:4]):
        raise SourceError(
            f"{where} has no password, token or ssh-privatekey: a file {folder / name}.token, or the like, is needed"
        )
    return Credential(name, *(values.get(key) for key in KEYS))


def split_address(address: str) -> tuple[str, Credential | None]:
    """Return an address without the ``user:password@`` in it, and the credential of that part.

    Any process listing shows an address given as an argument, and git writes it into files.
    """
    if not re.match(r"https?://", address, re.I):
        return address, None
    parts = urlsplit(address)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, None
    # Some hosts accept a token as the name, without a password.
    username, _, password = userinfo.partition(":")
    return parts._replace(netloc=host).geturl(), Credential("", unquote(username), unquote(password))


def without_credentials(text: str) -> str:
    """Return the text with ``***`` for ``user:password`` in addresses and for secret parameters."""
    return _SECRET_PARAMETER.sub(rf"\1{_MASK}", re.sub(r"(?<=://)[^/@\s]+@", f"{_MASK}@", text))
