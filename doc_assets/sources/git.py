"""A git repository's files at one commit, by the git command line: shallow, without hooks, prompts or submodules.

The history stays in a bare repository in the cache; each commit's files have a folder of their own, so that fetching
another commit does not disturb a load. Reaching the repository is in ``git_transport``.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from doc_assets.catalogue.model import GitSource
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.runtime import shutdown
from doc_assets.sources.cache import Cache, cache_key, disk_bytes
from doc_assets.sources.cache_quota import CacheQuota, CacheQuotaExceeded
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets.sources.git_transport import Remote, reach

_TIMEOUT_SECONDS = 3600
_ATTEMPTS = 3
# Failures that a retry cannot repair.
_FINAL = re.compile(
    r"not found|not appear to be a git repository|couldn't find remote ref|not our ref|Authentication failed|"
    r"could not read Username|Permission denied|transport '.*' not allowed|dubious ownership|certificate|"
    r"host key|error: 40[137]|(HTTP code|CONNECT tunnel failed, response) 40[137]",
    re.IGNORECASE,
)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
# Interval of measuring what git has written: the kubelet measures a volume every 10 s or more.
_MEASURE_SECONDS = 0.5


class _GitFailed(Exception):
    """git ended with an error; the message is its output, without credentials."""


def fetch_git(source: GitSource, base: Path, cache: Cache, options: FetchOptions) -> Fetched:
    """Fetch the present commit of ``ref``, and its files in ``subfolders`` (or all).

    Raises:
        SourceUnavailable: The repository's server did not answer.
        SourceError: git is absent, the repository or ref cannot be fetched, or a subfolder is not in it.
        CacheQuotaExceeded: The repository does not fit.
    """
    if shutil.which("git") is None:
        raise SourceError(f"source {source.name}: the command git is needed for sources of kind git: install it")
    with reach(source, base, options) as remote:
        folder = cache.root / "git" / cache_key("git", remote.address)
        where = f"source {source.name}: {without_credentials(remote.address)} at {source.ref}"
        quota = CacheQuota(cache, (folder / "repository.git",))
        git = _Git(folder / "repository.git", remote, quota)
        try:
            with cache.locked(git.repository):
                commit = cache.retried_when_full(lambda: git.fetch(source.ref))
                target = folder / f"{commit[:16]}-{cache_key(commit, sorted(source.subfolders))[:8]}"
                quota.owners = (git.repository, target)
                lease = cache.make_once(target, lambda partial: git.check_out(commit, source.subfolders, partial))
        except _GitFailed as error:
            kind = SourceError if _FINAL.search(str(error)) else SourceUnavailable
            raise kind(f"{where}: {remote.explain(str(error))}") from None
        except (CacheQuotaExceeded, OSError):
            git.forget()
            raise
    if absent := [name for name in source.subfolders if not (target / name).is_dir()]:
        raise SourceError(f"{where} has no folder {', '.join(absent)}: mend 'subfolders'")
    return Fetched(root=target, revision=commit, lease=lease)


class _Git:
    """The git commands on one bare repository in the cache. Use under its lock."""

    def __init__(self, repository: Path, remote: Remote, quota: CacheQuota) -> None:
        self.repository = repository
        self.remote = remote
        self.quota = quota

    def fetch(self, ref: str) -> str:
        """Fetch one commit without its history or its files' bytes, which ``check_out`` gets; return its id."""
        if not (self.repository / "HEAD").is_file():
            shutil.rmtree(self.repository, ignore_errors=True)
            self.repository.mkdir(parents=True)
            self.run("init", "--quiet", "--bare", ".")
        # Lock files of a killed git would stop every later one, and its partial packs are useless; the cache's own
        # lock is held here.
        for left in (*self.repository.rglob("*.lock"), *self.repository.glob("objects/pack/tmp_*")):
            left.unlink(missing_ok=True)
        config = {
            "url": self.remote.address,
            "uploadpack": self.remote.upload_pack,
            "promisor": "true",
            "partialclonefilter": "blob:none",
        }
        for name, value in config.items():
            self.run("config", f"remote.origin.{name}", value)
        self.run(
            *("fetch", "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "--no-recurse-submodules"),
            *("--force", "origin", f"{ref}:refs/fetched"),
            network=True,
        )
        return self.run("rev-parse", "--verify", "refs/fetched^{commit}").strip()

    def check_out(self, commit: str, subfolders: Sequence[str], target: Path) -> None:
        """Write the commit's files, or those below ``subfolders``, into an empty folder."""
        patterns = [f"/{_escaped(folder)}/\n" for folder in subfolders] or ["/*\n"]
        sparse = self.repository / "info" / "sparse-checkout"
        sparse.parent.mkdir(exist_ok=True)
        sparse.write_text("".join(patterns))
        # read-tree asks for all absent blobs at once; `git checkout -- <paths>` would ask for each by itself.
        index = target.with_name(target.name + ".index")
        index.unlink(missing_ok=True)
        try:
            self.run(
                *("--work-tree", str(target), "-c", "core.bare=false", "-c", "core.sparseCheckout=true"),
                *("-c", "core.sparseCheckoutCone=false", "read-tree", "-u", "--reset", commit),
                network=True,
                written=target,
            )
        finally:
            index.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove the repository, which holds parts that did not fit; the next fetch begins anew."""
        shutil.rmtree(self.repository, ignore_errors=True)

    def run(self, *arguments: str, network: bool = False, written: Path | None = None) -> str:
        """Run git in the repository; retry commands that talk to the remote where that can help.

        ``written`` is the folder that it checks out to, if any; git's index of it is beside it.
        """
        attempts = Retrying(
            retry=retry_if_exception(lambda e: network and isinstance(e, _GitFailed) and not _FINAL.search(str(e))),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.5, max=10) + wait_random(0, 0.5),
            reraise=True,
        )
        return attempts(self._run_once, arguments, written)

    def _run_once(self, arguments: Sequence[str], written: Path | None) -> str:
        index = {"GIT_INDEX_FILE": f"{written}.index"} if written else {}
        with subprocess.Popen(  # noqa: S603 - a list of arguments, none of which git can take for an option
            [*self.remote.command, "--git-dir", str(self.repository), *arguments],
            cwd=self.repository,
            env={**self.remote.environment, **index},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: children of git do the transfer and the writing.
            start_new_session=True,
        ) as process:
            try:
                out, errors = self._watch(process, written)
            except subprocess.TimeoutExpired:
                raise _GitFailed(f"git {arguments[0]} took longer than {_TIMEOUT_SECONDS} seconds") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            text = errors.decode(errors="replace")
            if _DISK_FULL.search(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.repository))
            raise _GitFailed(text.strip() or f"git ended with status {process.returncode}")
        return out.decode(errors="replace")

    def _watch(self, process: subprocess.Popen[bytes], written: Path | None) -> tuple[bytes, bytes]:
        """Wait for git; meanwhile measure what it has written, and stop it on a request to shut down."""
        deadline, pause = time.monotonic() + _TIMEOUT_SECONDS, _MEASURE_SECONDS
        while True:
            try:
                result = process.communicate(timeout=pause)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise
                shutdown.raise_if_requested()
                # Counting a tree of 100,000 files takes a second: at most a tenth of the time is spent on it.
                started = time.monotonic()
                self._count(written)
                pause = max(_MEASURE_SECONDS, 9 * (time.monotonic() - started))
                continue
            self._count(written)
            return result

    def _count(self, written: Path | None) -> None:
        if self.quota.cache.limit is not None:
            self.quota.grow_to(disk_bytes(self.repository) + (disk_bytes(written) if written else 0))


def _escaped(folder: str) -> str:
    """Return a folder's name as a pattern that matches only it."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", folder)
