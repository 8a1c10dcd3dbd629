"""What the API of a forge says of a repository and git does not: whether it is archived.

GitHub answers 60 requests an hour without a token, and counts conditional ones too unless they carry one. So nothing is
asked that is known otherwise, and what could not be asked is told and is no fault.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from doc_assets.errors import DocAssetsError
from doc_assets.network import http_client
from doc_assets.network.waits import retry_after
from doc_assets.sources.credentials import Credential, has_credential, read_credential
from doc_assets.sources.fetch_options import FetchOptions

_GITHUB = "github.com"
# Nothing can be added to an archived repository; one that was archived since its last commit is asked a month later.
_ACTIVE_DAYS = 30
_TIMEOUT_SECONDS = 20.0
_LONGEST_SECONDS = 180.0
_MOST_BYTES = 1_000_000  # GitHub's answers have 6 kB
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "doc-assets"}
_NAMED = 3
_MOST_UNTOLD = 3  # repositories of a host of which nothing is told, until it is taken for none of a forge
_EPOCH = 1_000_000_000  # a limit that ends at fewer seconds ends so many from now


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository to ask for.

    Attributes:
        location: Where git fetched it from, without credentials.
        committed: Day of its last commit.
        credential: What git used for it there.
    """

    location: str
    committed: date
    credential: Credential | None = None

    @property
    def address(self) -> str:
        """Its address, by which two sources have the same."""
        return self.location.rstrip("/").removesuffix(".git")


@dataclass(frozen=True, slots=True)
class Told:
    """What the forges said.

    Attributes:
        archived: By the repositories' addresses; of those alone that were told of.
        notes: Sentences on those that were not.
    """

    archived: Mapping[str, bool]
    notes: tuple[str, ...]


def ask_forges(repositories: Iterable[Repository], options: FetchOptions) -> Told:
    """Ask the forges of repositories whether they are archived, one request for each, one after another.

    Those with a commit within a month are not asked. Those with the oldest come first, so that what a limit leaves out
    matters least. Addresses other than http and https have no forge that is known.
    """
    before = datetime.now(UTC).date() - timedelta(days=_ACTIVE_DAYS)
    asked = {
        one.address: one
        for one in sorted(repositories, key=lambda one: one.committed)
        if one.committed < before and one.address.lower().startswith(("http://", "https://"))
    }
    hosts: dict[tuple[str, str, Credential | None], _Host] = {}
    archived: dict[str, bool] = {}
    until = time.monotonic() + _LONGEST_SECONDS
    with http_client(options.ca_bundle, timeout=_TIMEOUT_SECONDS, headers=_HEADERS, redirects=3) as client:
        for address, repository in asked.items():
            parts = urlsplit(address)
            name = parts.netloc.lower()
            # What a server says of one credential says nothing of the others.
            key = name, parts.scheme, repository.credential
            host = hosts.setdefault(key, _Host(name, parts.scheme, options.credentials, repository.credential))
            if (said := host.ask(client, repository, until)) is not None:
                archived[address] = said
    return Told(archived, tuple(note for host in hosts.values() for note in host.notes()))


class _Stop(Exception):
    """No request to the host is of use for now."""


@dataclass
class _Host:
    """A host of repositories: GitHub, or one whose API is found out with the first of them that it tells of."""

    name: str
    scheme: str
    folder: Path | None
    credential: Credential | None
    stop: str = ""
    kind: str | None = None
    unknown: list[str] = field(default_factory=list)

    def ask(self, client: httpx.Client, repository: Repository, until: float) -> bool | None:
        """Return whether a repository is archived; None if that is not told."""
        said = None
        if not self.stop:
            try:
                said = self._first_answer(client, repository, until)
            except (_Stop, DocAssetsError) as error:
                self.stop = str(error)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                self.stop = f"cannot be reached ({type(error).__name__}: {error})"
        if said is None:
            self.unknown.append(repository.address)
        return said

    def notes(self) -> list[str]:
        """Return a sentence on the repositories of which nothing was told, if there are any."""
        if not self.unknown:
            return []
        many = len(self.unknown)
        names = ", ".join(self.unknown[:_NAMED]) + (f" and {many - _NAMED} more" if many > _NAMED else "")
        why = self.stop or (
            "does not tell it, of a private repository to those with a token only"
            if self.kind
            else "has no API that tells it, or tells it to those with a token only"
        )
        may_help = self.credential is None and self.scheme == "https" and not self._has_token
        token = f": a file {self._name_of_token}.token in the folder DOC_ASSETS_CREDENTIALS holds one for it"
        return [f"not known whether archived: {names}: {self.name} {why}{token if may_help else ''}"]

    @property
    def _name_of_token(self) -> str:
        return self.name.replace(":", "-")  # a key of a Secret has no colon

    @property
    def _has_token(self) -> bool:
        return has_credential(self.folder, self._name_of_token)

    def _first_answer(self, client: httpx.Client, repository: Repository, until: float) -> bool | None:
        credential = self._credential(repository)
        for kind, url in _apis(repository.address).items():
            if self.kind in (None, kind) and (said := _asked(client, url, credential, until)) is not None:
                self.kind = kind
                return said
        if self.name == _GITHUB:
            self.kind = "github"
        if self.kind is None and len(self.unknown) + 1 >= _MOST_UNTOLD:
            self.stop = "has no API that tells it, or tells it to those with a token only"
        return None

    def _credential(self, repository: Repository) -> Credential | None:
        # One that is kept for the host is sent only where nobody can read it on the way.
        if self.credential is not None or self.scheme != "https" or not self._has_token:
            return self.credential
        return read_credential(self.folder, self._name_of_token, repository.address)


def _apis(address: str) -> dict[str, str]:
    """Return where a repository's description may be, by the kind of forge."""
    parts = urlsplit(address)
    path = parts.path.strip("/")
    host = parts.netloc.lower()
    if host == _GITHUB:
        return {"github": f"https://api.github.com/repos/{path}"}
    base = f"{parts.scheme}://{parts.netloc}/api"
    gitlab = {"gitlab": f"{base}/v4/projects/{quote(path, safe='')}"}
    others = {"gitea": f"{base}/v1/repos/{path}", "github": f"{base}/v3/repos/{path}"}
    return gitlab | others if host.startswith("gitlab.") else others | gitlab


def _asked(client: httpx.Client, url: str, credential: Credential | None, until: float) -> bool | None:
    """Return what a forge tells of one repository; None if it tells nothing.

    Raises:
        _Stop: It takes no further requests, or the time is over.
    """
    _require_time(until)
    with client.stream("GET", url, auth=credential.http if credential else None) as answer:
        status, headers = answer.status_code, answer.headers
        if status == 429 or (status == 403 and (headers.get("x-ratelimit-remaining") == "0" or retry_after(headers))):
            raise _Stop(f"takes no more requests{_until(headers)}")
        if status == 401:
            raise _Stop(_refused(credential))
        if status >= 500:
            raise _Stop(f"answered {status}")
        body = b""
        for part in answer.iter_raw() if status == 200 else ():
            body += part
            if len(body) > _MOST_BYTES:
                return None
            _require_time(until)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested too deep
        return None
    found = said.get("archived") if isinstance(said, dict) else None
    return found if isinstance(found, bool) else None


def _require_time(until: float) -> None:
    if time.monotonic() > until:
        raise _Stop(f"took longer than {_LONGEST_SECONDS:.0f} s with the others")


def _refused(credential: Credential | None) -> str:
    if credential is None:
        return "tells it to those with a token only"
    named = f"the credential {credential.name!r}" if credential.name else "the password in the location"
    return f"does not take {named}: renew it, or let it read the API"


def _until(headers: httpx.Headers) -> str:
    reset = next((headers[name] for name in ("x-ratelimit-reset", "ratelimit-reset") if name in headers), "")
    stated = int(reset) if re.fullmatch("[0-9]{1,11}", reset) else min(int(retry_after(headers)), _EPOCH - 1)
    at = stated if stated >= _EPOCH else time.time() + stated
    return f" until {datetime.fromtimestamp(at, UTC):%H:%M} UTC" if stated else ""
