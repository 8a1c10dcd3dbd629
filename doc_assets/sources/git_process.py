"""Running git in a repository of the cache: bounded in time and space, stopped on request, retried where that helps."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from doc_assets.runtime import shutdown
from doc_assets.sources.cache import disk_bytes
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.git_transport import Remote

_TIMEOUT_SECONDS = 3600
_ATTEMPTS = 3
# Failures that a retry cannot repair.
_FINAL = re.compile(
    r"not found|not appear to be a git repository|couldn't find remote ref|not our ref|Authentication failed|"
    r"could not read Username|Permission denied|transport '.*' not allowed|dubious ownership|certificate|"
    r"host key|error: 40[137]|(?:HTTP code|CONNECT tunnel failed, response) 40[137]|"
    r"mismatched algorithms|dumb http|[Ss]erver does not|not supported|not valid|"
    # git-lfs
    r"does not exist on the server|missing object|expected OID|Authorization error|is not a git command|"
    r"http: 4(?!08|2[59])\d\d",
    re.IGNORECASE,
)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
# Interval of measuring what git has written: the kubelet measures a volume every 10 s or more.
_MEASURE_SECONDS = 0.5


class GitFailed(Exception):
    """git ended with an error; the message is its output, without credentials."""

    @property
    def is_final(self) -> bool:
        """Whether trying again cannot help."""
        return _FINAL.search(str(self)) is not None


class GitCommands:
    """git on one repository in the cache. Use under the cache's lock on it."""

    def __init__(self, repository: Path, remote: Remote, quota: CacheQuota) -> None:
        """Take the repository, which may be absent yet, and the quota that counts what is written."""
        self.repository = repository
        self.remote = remote
        self.quota = quota

    def run(
        self,
        *arguments: str,
        network: bool = False,
        written: Path | None = None,
        at: Path | None = None,
        check: Callable[[], None] | None = None,
        given: bytes | None = None,
    ) -> str:
        """Run git; retry commands that talk to the remote where that can help.

        Args:
            arguments: The command.
            network: It talks to the remote.
            written: Folder that it checks out to, if any; git's index of it is beside it.
            at: Another repository than that of the cache.
            check: Called while it runs; an exception ends it.
            given: Its standard input.

        Raises:
            GitFailed: It ended with an error.
            CacheQuotaExceeded: It wrote more than fits.
        """
        attempts = Retrying(
            retry=retry_if_exception(lambda e: network and isinstance(e, GitFailed) and not e.is_final),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.5, max=10) + wait_random(0, 0.5),
            reraise=True,
        )
        return attempts(self._run_once, arguments, written, at, check, given)

    def _run_once(
        self,
        arguments: Sequence[str],
        written: Path | None,
        at: Path | None,
        check: Callable[[], None] | None,
        given: bytes | None,
    ) -> str:
        # Found by git-lfs as the one it is in; as --git-dir it would also count for a repository that it copies from.
        chosen = () if at else ("--git-dir", str(self.repository))
        index = {"GIT_INDEX_FILE": f"{written}.index"} if written else {}
        with subprocess.Popen(  # noqa: S603 - a list of arguments, none of which git can take for an option
            [*self.remote.command, *chosen, *arguments],
            cwd=at or self.repository,
            env={**self.remote.environment, **index},
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: children of git do the transfer and the writing.
            start_new_session=True,
        ) as process:
            try:
                out, errors = self._watch(process, written, check, given)
            except subprocess.TimeoutExpired:
                raise GitFailed(f"git {arguments[0]} took longer than {_TIMEOUT_SECONDS} seconds") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            text = errors.decode(errors="replace")
            if _DISK_FULL.search(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.repository))
            raise GitFailed(text.strip() or f"git ended with status {process.returncode}")
        return os.fsdecode(out)

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        written: Path | None,
        check: Callable[[], None] | None,
        given: bytes | None,
    ) -> tuple[bytes, bytes]:
        """Wait for git; meanwhile measure what it has written, and stop it on a request to shut down."""
        deadline, pause = time.monotonic() + _TIMEOUT_SECONDS, _MEASURE_SECONDS
        while True:
            try:
                result = process.communicate(given, timeout=pause)
            except subprocess.TimeoutExpired:
                given = None  # it is taken by the first call
                if time.monotonic() > deadline:
                    raise
                shutdown.raise_if_requested()
                # Counting a tree of 100,000 files takes a second: at most a tenth of the time is spent on it.
                started = time.monotonic()
                self._count(written)
                if check is not None:
                    check()
                pause = max(_MEASURE_SECONDS, 9 * (time.monotonic() - started))
                continue
            self._count(written)
            return result

    def _count(self, written: Path | None) -> None:
        if self.quota.cache.limit is not None:
            self.quota.grow_to(disk_bytes(self.repository) + (disk_bytes(written) if written else 0))
