"""What of the operator's git configuration and environment applies here: how servers are reached, and nothing else.

A user's settings are written for work trees and people: line ends, hooks, templates, hash functions, protocols,
filters. None of them may change what a source holds. Proxies, certificates and stored credentials of the same files
are needed, so they are copied into a configuration of our own, which replaces the user's and the system's.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from doc_assets.errors import SourceError
from doc_assets.secrets import SECRET_VARIABLES, learn, learn_address, mask

# Which server, proxy, certificate and credential. Not http.*.followRedirects, which would lead beyond the protocols
# that are allowed, and not core.sshCommand, which GIT_SSH_COMMAND replaces in any case.
_KEPT = re.compile(r"(?:credential|http)\.(?!(?:.*\.)?followredirects$).*|ssh\.variant", re.IGNORECASE | re.DOTALL)
_REWRITE = re.compile(r"url\.(.+)\.insteadof", re.IGNORECASE | re.DOTALL)
# Every other GIT_* variable is dropped: GIT_DIR of a hook, GIT_DEFAULT_HASH, GIT_ALLOW_PROTOCOL, GIT_TEMPLATE_DIR,
# GIT_TRACE, GIT_CONFIG_*, which is read once, below.
_KEPT_VARIABLES = re.compile(
    r"GIT_(?:EXEC_PATH|SSH_COMMAND|SSL_.+|PROXY_SSL_.+|HTTP_PROXY_AUTHMETHOD|HTTP_USER_AGENT)", re.IGNORECASE
)
# None of git's business; every process of this user can read a child's environment.
_OWN_SECRETS = {"DOC_ASSETS_DATABASE_URL", "DOC_ASSETS_EMBEDDING_URL", *SECRET_VARIABLES}
_CONFIGURATION_VARIABLES = re.compile(r"GIT_CONFIG(?:_.+)?")


@dataclass(frozen=True)
class OperatorConfiguration:
    """The settings that reach servers, in git's order: a later one replaces or joins an earlier one.

    Attributes:
        settings: Key (``http.https://host/.proxy``) and value; None for a key without ``=``.
        rewrites: Start of an address by what replaces it: ``url.<base>.insteadOf``.
    """

    settings: tuple[tuple[str, str | None], ...] = ()
    rewrites: tuple[tuple[str, str], ...] = ()

    def rewritten(self, address: str) -> str | None:
        """Return the address as ``insteadOf`` rewrites it, by the longest start that fits; None if none does."""
        fitting = [(start, base) for start, base in self.rewrites if start and address.startswith(start)]
        if not fitting:
            return None
        start, base = max(fitting, key=lambda rewrite: len(rewrite[0]))
        return base + address[len(start) :]

    def write(self, file: Path, more: Mapping[str, str] | None = None) -> None:
        """Write the settings, and ``more``, as a configuration file that only this user may read for its secrets."""
        file.touch(mode=0o600)
        settings = (*self.settings, *(more or {}).items())
        file.write_text("".join(_lines(key, value) for key, value in settings), errors="surrogateescape")


def git_environment(folder: Path) -> dict[str, str]:
    """Return this process's environment without the variables that change git's results.

    ``folder`` is private; it is the home of a user who has none that can be read.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _OWN_SECRETS and (not name.upper().startswith("GIT_") or _KEPT_VARIABLES.fullmatch(name))
    }
    # A user without a readable home has no configuration, and git would fail on it.
    if not os.access(environment.get("HOME") or "/nowhere", os.R_OK | os.X_OK):
        environment["HOME"] = str(folder)
    if not os.access(environment.get("XDG_CONFIG_HOME") or "/", os.R_OK | os.X_OK):
        del environment["XDG_CONFIG_HOME"]
    return environment | {
        "GIT_SSH_COMMAND": environment.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "LC_ALL": "C",
        # git would look for a repository around its working directory.
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }


def read_operator_configuration(folder: Path, environment: Mapping[str, str], source: str) -> OperatorConfiguration:
    """Read the user's, the system's and the environment's git configuration; ``environment`` is ``git_environment``.

    Raises:
        SourceError: It is damaged, or cannot be read.
    """
    given = {name: value for name, value in os.environ.items() if _CONFIGURATION_VARIABLES.fullmatch(name)}
    done = subprocess.run(
        ["git", "config", "--null", "--includes", "--list"],  # noqa: S607 - as on PATH, which is the operator's
        cwd=folder,
        env={**environment, **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        problem = " ".join(mask(done.stderr.decode(errors="replace")).split())[-300:]
        raise SourceError(
            f"source {source}: the git configuration of this user cannot be read ({problem}): mend it, or name another "
            "file by GIT_CONFIG_GLOBAL"
        )
    return _of_interest(os.fsdecode(done.stdout).split("\0"))


def isolated(environment: Mapping[str, str], configuration: Path) -> dict[str, str]:
    """Return the environment in which git reads this file in place of the user's and the system's configuration."""
    return {**environment, "GIT_CONFIG_GLOBAL": str(configuration), "GIT_CONFIG_NOSYSTEM": "1"}


def _of_interest(entries: Sequence[str]) -> OperatorConfiguration:
    settings: list[tuple[str, str | None]] = []
    rewrites: list[tuple[str, str]] = []
    for entry in filter(None, entries):
        key, has_value, value = entry.partition("\n")
        if (rewrite := _REWRITE.fullmatch(key)) is not None:
            rewrites.append((value, rewrite.group(1)))
        elif _KEPT.fullmatch(key):
            _learn(key, value)
            settings.append((key, value if has_value else None))
    return OperatorConfiguration(tuple(settings), tuple(rewrites))


def _learn(key: str, value: str) -> None:
    """Mask what is secret in a setting from now on: a header's value, a proxy's password."""
    if key.lower().endswith(".extraheader"):
        content = value.partition(":")[2].strip()
        learn(content)
        learn(content.rpartition(" ")[2])
    elif "://" in value:
        learn_address(value)


def _lines(key: str, value: str | None) -> str:
    section, _, rest = key.partition(".")
    subsection, _, name = rest.rpartition(".")
    quoted = subsection.replace("\\", "\\\\").replace('"', '\\"')
    head = f'[{section} "{quoted}"]\n' if subsection else f"[{section}]\n"
    if value is None:
        return f"{head}{name}\n"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'{head}{name} = "{escaped}"\n'
