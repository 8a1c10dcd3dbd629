"""The credentials that a catalogue names and never holds: files of a folder, in a cluster those of a mounted Secret.

A credential is read at each use, so that a renewed Secret takes effect with the next fetch.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from doc_assets.errors import ConfigurationError, SourceError
from doc_assets.secrets import Secret, header_problem, learn_address, mask, text_problem

# The keys of Kubernetes' Secrets for basic-auth and ssh-auth, and two more; in the order of Credential's fields.
KEYS = ("username", "password", "token", "ssh-privatekey", "known_hosts")


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
    password: Secret | None = None
    token: Secret | None = None
    private_key: Secret | None = None
    known_hosts: str | None = field(default=None, repr=False)

    @property
    def http(self) -> httpx.Auth | None:
        """The Authorization for HTTP: the token, else name and password. Not sent on to another host."""
        if self.token:
            return _Header(Secret(f"Bearer {self.token.reveal()}"))
        if self.password is None:
            return None
        pair = f"{self.username or ''}:{self.password.reveal()}".encode()
        return _Header(Secret(f"Basic {base64.b64encode(pair).decode()}"))

    @property
    def login(self) -> tuple[str, Secret] | None:
        """Name and password for git over HTTP, which supports nothing else."""
        secret = self.token or self.password
        # GitHub, GitLab and Gitea take any name with a token; GitLab requires this one for some of its tokens.
        return None if secret is None else (self.username or "oauth2", secret)


class _Header(httpx.Auth):
    """An Authorization header. httpx drops it from a redirect to another host, port or scheme."""

    def __init__(self, value: Secret) -> None:
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._value.reveal()
        yield request


def read_credential(folder: Path | None, name: str, source: str) -> Credential:
    """Read the credential of that name for ``source`` from ``folder`` (``Settings.credentials``).

    Its values are the files ``<name>/<key>``, as a Secret of its own is mounted, or ``<name>.<key>``, as the keys of
    one Secret for all are. White space at the ends of a name or token, and line ends at the end of a password, are
    dropped.

    Raises:
        SourceError: There is no such credential, or it cannot be read.
        ConfigurationError: No request can carry its value.
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
                values[key] = _sound(key, file.read_text("utf-8-sig"), f"{where}: {file}")
                break
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no text"
                raise SourceError(f"{where}: {file} cannot be read ({reason}): mend the Secret") from None
    if not any(values.get(key) for key in KEYS[1:4]):
        raise SourceError(
            f"{where} has no password, token or ssh-privatekey: a file {folder / name}.token, or the like, is needed"
        )
    return Credential(
        name,
        values.get("username"),
        Secret.of(values.get("password")),
        Secret.of(values.get("token")),
        Secret.of(values.get("ssh-privatekey")),
        values.get("known_hosts"),
    )


def has_credential(folder: Path | None, name: str) -> bool:
    """Return whether the folder of the credentials has one of that name."""
    return folder is not None and any(
        file.is_file() for key in KEYS for file in (folder / name / key, folder / f"{name}.{key}")
    )


def _sound(key: str, value: str, where: str) -> str:
    """Return a value without what editors and Secrets add at its ends.

    Raises:
        ConfigurationError: It cannot be sent.
    """
    # A password may begin and end with blanks, though none of ours should.
    value = value.strip("\r\n") if key in ("password", "ssh-privatekey", "known_hosts") else value.strip()
    wrong = None
    if key == "token":
        wrong = header_problem(value)
    elif key in ("username", "password"):
        wrong = text_problem(value) or ("holds a colon" if key == "username" and ":" in value else None)
    elif "\0" in value:
        wrong = "holds the control character U+0000"
    if wrong:
        raise ConfigurationError(f"{where} {wrong}: no request can carry it; write the file anew")
    return value


def split_address(address: str) -> tuple[str, Credential | None]:
    """Return an address without the ``user:password@`` in it, and the credential of that part.

    Any process listing shows an address given as an argument, and git writes it into files.
    """
    if not re.match(r"https?://", address, re.I):
        return address, None
    parts = urlsplit(address)
    learn_address(address)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, None
    # Some hosts accept a token as the name, without a password.
    username, _, password = userinfo.partition(":")
    return parts._replace(netloc=host).geturl(), Credential("", unquote(username), Secret(unquote(password)))


def without_credentials(address: str) -> str:
    """Return an address for a message: with ``***`` for ``user:password`` and for secret parameters."""
    learn_address(address)
    return mask(address)
