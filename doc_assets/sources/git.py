"""A git repository's files at one commit, by the git command line: shallow, without hooks, prompts or submodules.

The history stays in a bare repository in the cache; each commit's files stand in a folder of their own, so that a load
that reads one commit is not disturbed when another is fetched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from doc_assets.catalogue.model import GitSource, is_address
from doc_assets.errors import SourceError
from doc_assets.sources.cache import cache_key, locked, make_once
from doc_assets.sources.download import without_credentials
from doc_assets.sources.fetched import Fetched

_TIMEOUT_SECONDS = 3600
_ATTEMPTS = 3
# What asking again cannot mend.
_FINAL = re.compile(
    r"not found|not appear to be a git repository|couldn't find remote ref|not our ref|Authentication failed|"
    r"could not read Username|Permission denied|transport '.*' not allowed|dubious ownership",
    re.IGNORECASE,
)
# Nothing that a repository or a user's configuration brings is run on its files: no hooks, no monitors, no filters of
# Git LFS (its pointers are reported as what they are). Line ends stay as they are stored.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
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
_REPOSITORY_VARIABLES = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
}


class _GitFailed(Exception):
    """git ended with an error; the message is what it said, without credentials."""


def fetch_git(source: GitSource, base: Path, cache: Path) -> Fetched:
    """Fetches the commit that ``ref`` is now, and the files of ``subfolders`` (or all) at it.

    Raises:
        SourceError: git is absent, the repository or ref cannot be fetched, or a subfolder is not in it.
    """
    if shutil.which("git") is None:
        raise SourceError(f"source {source.name}: the command git is needed for sources of kind git: install it")
    remote = source.location
    if not is_address(remote):
        remote = str(base / Path(remote).expanduser())
        if not Path(remote).is_dir():
            raise SourceError(f"source {source.name}: no git repository at {remote}: mend 'location'")
    where = f"source {source.name}: {without_credentials(remote)}"
    key = cache_key("git", remote)
    repository = cache / "git" / key / "repository.git"
    try:
        with locked(cache, key):
            git = _Git(repository, local=not is_address(source.location))
            commit = git.fetch(remote, source.ref)
            target = cache / "git" / key / f"{commit[:16]}-{cache_key(commit, sorted(source.subfolders))[:8]}"
            make_once(target, lambda partial: git.check_out(commit, source.subfolders, partial))
    except _GitFailed as error:
        raise SourceError(f"{where} at {source.ref}: {error}") from None
    except OSError as error:
        raise SourceError(f"{where}: the cache {repository.parent} cannot be written: {error}") from None
    if absent := [folder for folder in source.subfolders if not (target / folder).is_dir()]:
        raise SourceError(f"{where} at {source.ref} has no folder {', '.join(absent)}: mend 'subfolders'")
    return Fetched(root=target, revision=commit)


class _Git:
    """The git commands on one bare repository in the cache. Use under its lock."""

    def __init__(self, repository: Path, *, local: bool) -> None:
        self.repository = repository
        protocols = ("file",) if local else ("https", "http", "ssh")
        self.settings = [*_SETTINGS, *(f"protocol.{protocol}.allow=always" for protocol in protocols)]

    def fetch(self, remote: str, ref: str) -> str:
        """Fetches one commit without its history, and its files' bytes only when they are checked out.

        Returns:
            The commit's id.
        """
        if not (self.repository / "HEAD").is_file():
            shutil.rmtree(self.repository, ignore_errors=True)
            self.repository.mkdir(parents=True)
            self.run("init", "--quiet", "--bare", ".")
        # Lock files of a killed git would stop every later one; the cache's own lock is held here.
        for lock in self.repository.rglob("*.lock"):
            lock.unlink(missing_ok=True)
        for name, value in (("url", remote), ("promisor", "true"), ("partialclonefilter", "blob:none")):
            self.run("config", f"remote.origin.{name}", value)
        self.run(
            *("fetch", "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "--no-recurse-submodules"),
            *("--force", "origin", f"{ref}:refs/fetched"),
            network=True,
        )
        return self.run("rev-parse", "--verify", "refs/fetched^{commit}").strip()

    def check_out(self, commit: str, subfolders: Sequence[str], target: Path) -> None:
        """Writes the commit's files, or those below ``subfolders``, into an empty folder."""
        patterns = [f"/{_escaped(folder)}/\n" for folder in subfolders] or ["/*\n"]
        sparse = self.repository / "info" / "sparse-checkout"
        sparse.parent.mkdir(exist_ok=True)
        sparse.write_text("".join(patterns))
        # read-tree asks for all absent blobs at once; `git checkout -- <paths>` would ask for them one by one.
        index = target.with_name(target.name + ".index")
        index.unlink(missing_ok=True)
        try:
            self.run(
                *("--work-tree", str(target), "-c", "core.bare=false", "-c", "core.sparseCheckout=true"),
                *("-c", "core.sparseCheckoutCone=false", "read-tree", "-u", "--reset", commit),
                network=True,
                index=index,
            )
        finally:
            index.unlink(missing_ok=True)

    def run(self, *arguments: str, network: bool = False, index: Path | None = None) -> str:
        """Runs git in the repository; what talks to the remote is tried again where that can help."""
        attempts = Retrying(
            retry=retry_if_exception(lambda e: network and isinstance(e, _GitFailed) and not _FINAL.search(str(e))),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.5, max=10) + wait_random(0, 0.5),
            reraise=True,
        )
        return attempts(self._run_once, arguments, index)

    def _run_once(self, arguments: Sequence[str], index: Path | None) -> str:
        settings = [part for setting in self.settings for part in ("-c", setting)]
        command = ["git", *settings, "--git-dir", str(self.repository), *arguments]
        # The user's configuration stays in force, for proxies, certificates and stored credentials; variables that
        # point git at another repository (set inside hooks) do not.
        environment = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **os.environ}
        environment = {name: value for name, value in environment.items() if name not in _REPOSITORY_VARIABLES}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "LC_ALL": "C"}
        environment |= {"GIT_INDEX_FILE": str(index)} if index else {}
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments, none of which git can take for an option
                command,
                cwd=self.repository,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _GitFailed(f"git {arguments[0]} took longer than {_TIMEOUT_SECONDS} seconds") from None
        if done.returncode:
            said = without_credentials(done.stderr.decode(errors="replace")).strip()
            raise _GitFailed(said[-500:] or f"git ended with status {done.returncode}")
        return done.stdout.decode(errors="replace")


def _escaped(folder: str) -> str:
    """A folder's name as a pattern that means only it."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", folder)
