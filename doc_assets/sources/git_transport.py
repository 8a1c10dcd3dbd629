"""How git reaches a repository: its settings and environment, credentials, trusted roots, proxy.

A secret is never in an argument, which every user of the machine can list, in an environment or in the cache. It is
in a private folder while the commands run: in memory, where the system has a place for that.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from doc_assets.catalogue.model import GitSource, is_address
from doc_assets.errors import SourceError
from doc_assets.network import advice, proxy_variables, roots_for_git
from doc_assets.secrets import mask
from doc_assets.sources.credentials import Credential, read_credential, split_address, without_credentials
from doc_assets.sources.directory import located
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.git_configuration import (
    OperatorConfiguration,
    git_environment,
    isolated,
    read_operator_configuration,
)

# Above what a repository in the cache says itself; the user's configuration is left out by ``git_configuration``. No
# program is run on the files: no hooks, no monitors. Line ends stay as stored, but for what .gitattributes asks for.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.attributesFile=/dev/null",
    # A larger file is written in pieces instead of being held in memory.
    "core.bigFileThreshold=16m",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "credential.interactive=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    # A transfer below 1,000 bytes a second for a minute is dead.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "protocol.allow=never",
)
# In memory on Linux, also in a container whose root cannot be written.
_MEMORY = "/dev/shm"  # noqa: S108 - a private folder is made in it
_HOST_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known")
_REFUSED = re.compile(
    r"Authentication failed|could not read (Username|Password)|Permission denied|HTTP Basic: Access denied"
    r"|error: 40[13]|[Rr]epository .*not found"
)
_REFUSED_BY_PROXY = re.compile(r"(HTTP code|CONNECT tunnel failed, response) 40[137]")
_CERTIFICATE = re.compile(
    r"certificate verification failed|SSL certificate|certificate verify|peer's certificate|not match target host"
    r"|no alternative certificate"
)


@dataclass(frozen=True)
class Remote:
    """A repository that git commands can be run against, inside ``reach``.

    Attributes:
        address: Address of the repository, without credentials.
        command: ``git`` and its settings.
        upload_pack: The program at the other end, as ``--upload-pack`` takes it.
        environment: Environment of the commands.
        folder: Private, and no repository.
        credential: The credential for the server, if any.
        hint: What the operator's configuration would do with the address, where that is not applied.
    """

    address: str
    command: tuple[str, ...]
    upload_pack: str
    environment: Mapping[str, str]
    folder: Path
    credential: Credential | None
    hint: str = ""

    def explain(self, output: str) -> str:
        """Return git's error output without secrets, and what to do where that is known."""
        return self._explained(output) + self.hint

    def _explained(self, output: str) -> str:
        # Masked before it is cut: a half of a secret would not be known.
        output = " ".join(mask(output).split())[-500:]
        host = urlsplit(self.address).netloc or re.split(r"[@:]", self.address)[-2 if ":" in self.address else 0]
        if _CERTIFICATE.search(output):
            return f"the certificate of {host} is not trusted ({output}): {advice(output)}"
        if _HOST_KEY.search(output):
            return (
                f"the host key of {host} is not among the known_hosts that are trusted ({output}): compare what "
                "ssh-keyscan prints for it with what its operator publishes, and add it"
            )
        if _REFUSED_BY_PROXY.search(output):
            return (
                f"{output}: the proxy wants a name and password in HTTPS_PROXY or HTTP_PROXY, or does not let git out"
            )
        if _REFUSED.search(output):
            named = self.credential.name if self.credential else ""
            what = (
                f"credential {named!r} was refused, or may not read it: renew it, or let it read the repository"
                if named
                else "is a credential needed?"
            )
            return f"{output}: {what}{'' if named else ' The key credentials of the source names one'}"
        return output


@contextmanager
def reach(source: GitSource, base: Path, options: FetchOptions) -> Iterator[Remote]:
    """Prepare what git needs to talk to the source's repository; remove the secrets from the machine afterwards.

    Raises:
        SourceError: A credential is absent or incomplete; no such repository on this machine; ssh cannot be run here.
        ConfigurationError: The bundle of roots is absent or empty.
    """
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None) as made:
        folder = Path(made)
        environment = git_environment(folder)
        operators = read_operator_configuration(folder, environment, source.name)
        location, hint = _rewritten(source, operators, allowed=options.git_instead_of)
        is_local = not is_address(location)
        # A repository of this machine may belong to another user, as on a mounted volume, and git serves it only if the
        # configuration of the user says so; what it serves is the catalogue's location alone.
        operators.write(folder / ".gitconfig", {"safe.directory": "*"} if is_local else {})
        environment = isolated(environment, folder / ".gitconfig")
        if is_local:  # git-lfs takes every GIT_* variable away from the git that it runs at the other end
            environment["HOME"] = str(folder)
        address, credential = split_address(location)
        if is_local:
            address = str(located(base, location, source.name))
            if not Path(address).is_dir():
                raise SourceError(f"source {source.name}: no git repository at {address}: mend 'location'{hint}")
        elif source.credentials:
            credential = read_credential(options.credentials, source.credentials, source.name)
        settings = [*_SETTINGS, *_protocols(address, is_local)]
        if not is_local and urlsplit(address).scheme.lower() in ("http", "https"):
            environment = proxy_variables(address, environment)
            environment |= roots_for_git(folder, options.ca_bundle, environment)
            settings += _stored(credential, address, folder, source.name)
        elif not is_local:
            _check_login(source.name)
            if credential is not None:
                environment["GIT_SSH_COMMAND"] = _ssh(credential, folder, source.name)
        command = ("git", *(part for setting in settings for part in ("-c", setting)))
        yield Remote(address, command, _upload_pack(is_local), environment, folder, credential, hint)


def _rewritten(source: GitSource, operators: OperatorConfiguration, *, allowed: bool) -> tuple[str, str]:
    """Return the location to fetch from, and what to add to errors."""
    base = operators.rewritten(source.location)
    if base is None:
        return source.location, ""
    shown = without_credentials(base)
    if not allowed:
        return source.location, (
            f"; url.*.insteadOf of the git configuration, which makes it {shown}, is not applied: "
            "DOC_ASSETS_GIT_INSTEAD_OF=on applies it"
        )
    location = base.removeprefix("file://")
    try:
        GitSource(name=source.name, kind="git", location=location)
    except ValidationError:
        raise SourceError(
            f"source {source.name}: url.*.insteadOf of the git configuration makes "
            f"{without_credentials(source.location)} to {shown}, which is not allowed: https, http, ssh or a path is"
        ) from None
    return location, f" ({without_credentials(source.location)} as url.*.insteadOf of the git configuration makes it)"


def _protocols(address: str, is_local: bool) -> list[str]:
    # From https nothing leads to http.
    secure = address.lower().startswith("https:")
    protocols = ("file",) if is_local else ("https",) if secure else ("https", "http", "ssh")
    return [f"protocol.{protocol}.allow=always" for protocol in protocols]


def _stored(credential: Credential | None, address: str, folder: Path, source: str) -> list[str]:
    """Return the settings that give git the credential for this host alone: a redirect to another gets none."""
    if credential is None:
        return []
    if credential.login is None:
        raise SourceError(
            f"source {source}: credential {credential.name!r} has no key token and no key password,"
            f" and {address} needs one of them"
        )
    username, secret = credential.login
    parts = urlsplit(address)
    file = folder / "credentials"
    file.touch(mode=0o600)
    file.write_text(
        f"{parts.scheme.lower()}://{quote(username, safe='')}:{quote(secret.reveal(), safe='')}@{parts.netloc}\n"
    )
    # The empty value drops the helpers of the user's configuration.
    return ["credential.helper=", f"credential.helper=store --file={shlex.quote(str(file))}"]


def _ssh(credential: Credential, folder: Path, source: str) -> str:
    """Return the ssh command for git: this key, these host keys, no agent, no user's configuration, no prompt."""
    if not credential.private_key or not credential.known_hosts:
        absent = "known_hosts" if credential.private_key else "ssh-privatekey"
        raise SourceError(
            f"source {source}: credential {credential.name!r} has no {absent}, which git over ssh needs: "
            f"add the key {absent} to its Secret"
        )
    key, known_hosts = folder / "key", folder / "known_hosts"
    # ssh refuses a key that the group can read, as a Secret's files are, or one without a last line end.
    key.touch(mode=0o600)
    key.write_text(_lines(credential.private_key.reveal()))
    known_hosts.write_text(_lines(credential.known_hosts))
    options = (
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        f"UserKnownHostsFile={known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no",
        "ConnectTimeout=20",
        # A connection that is silent for a minute is dead.
        "ServerAliveInterval=20",
        "ServerAliveCountMax=3",
    )
    return shlex.join(["ssh", "-F", "/dev/null", "-i", str(key), *(part for o in options for part in ("-o", o))])


def _lines(text: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines())


def _check_login(source: str) -> None:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        raise SourceError(
            f"source {source}: ssh runs for users of /etc/passwd only, and {os.getuid()} has no entry there: "
            "run as the user of the image (10001), or fetch over https"
        ) from None


def _upload_pack(is_local: bool) -> str:
    # git does not pass our settings on to the program at the other end of a path.
    if not is_local:
        return "git-upload-pack"
    settings = (
        "core.hooksPath=/dev/null",
        "core.bigFileThreshold=16m",
        "protocol.allow=never",
        # Only the files that are checked out are copied.
        "uploadpack.allowFilter=true",
        "uploadpack.allowAnySHA1InWant=true",
    )
    return shlex.join(["git", *(part for setting in settings for part in ("-c", setting)), "upload-pack"])
