"""A git repository's files at one commit, by the git command line: without hooks, prompts or submodules.

Each repository is kept in the cache (``git_repository``); each commit's files have a folder of their own, so that
fetching another commit does not disturb a load. Reaching the server is in ``git_transport``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import GitSource
from doc_assets.errors import SourceError, SourceUnavailable, nearest
from doc_assets.sources.cache import Cache, CacheLease, cache_key
from doc_assets.sources.cache_quota import CacheQuota, CacheQuotaExceeded
from doc_assets.sources.credentials import Credential, without_credentials
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile, readable_path
from doc_assets.sources.git_lfs import LfsContent
from doc_assets.sources.git_process import GitCommands, GitFailed
from doc_assets.sources.git_repository import GitRepository, next_way
from doc_assets.sources.git_transport import Remote, reach

_Result = TypeVar("_Result")

_REF_ABSENT = ("couldn't find remote ref", "not our ref", "Not a valid object name", "not a valid SHA1", "bad object")


def fetch_git(source: GitSource, base: Path, cache: Cache, options: FetchOptions) -> Fetched:
    """Fetch the present commit of ``ref``, and its files in ``subfolders`` (or all).

    Raises:
        SourceUnavailable: The repository's server did not answer.
        SourceError: git or git-lfs is absent, the repository or ref cannot be fetched, or a subfolder is not in it.
        CacheQuotaExceeded: The repository does not fit.
    """
    if shutil.which("git") is None:
        raise SourceError(f"source {source.name}: the command git is needed for sources of kind git: install it")
    LfsContent.require(source)
    with reach(source, base, options) as remote:
        fetching = _Fetching(source, remote, cache)
        with cache.locked(fetching.git.repository):
            return fetching.fetch()


class ListedCommit(NamedTuple):
    """A commit: its id, its day in UTC, the paths of its files, and where it was asked for, with what credential."""

    commit: str
    day: date
    paths: list[str]
    address: str
    credential: Credential | None


def list_git(source: GitSource, base: Path, cache: Cache, options: FetchOptions) -> ListedCommit:
    """Return the present commit of ``ref`` with the paths of all its files, of which none is fetched.

    A server that refuses that is asked for the commit whole.

    Raises:
        SourceUnavailable: The repository's server did not answer.
        SourceError: git is absent, or the repository or ref cannot be fetched.
        CacheQuotaExceeded: The repository does not fit.
    """
    if shutil.which("git") is None:
        raise SourceError(f"source {source.name}: the command git is needed for sources of kind git: install it")
    with reach(source, base, options) as remote:
        fetching = _Fetching(source, remote, cache)
        with cache.locked(fetching.git.repository):
            return fetching.listed()


class _Fetching:
    """One fetch of a source, under the lock on its repository."""

    def __init__(self, source: GitSource, remote: Remote, cache: Cache) -> None:
        self.source = source
        self.remote = remote
        self.cache = cache
        self.folder = cache.root / "git" / cache_key("git", remote.address)
        self.git = GitCommands(self.folder / "repository.git", remote, CacheQuota(cache, ()))
        self.repository = GitRepository(self.git)
        self.fetched = False
        self.where = f"source {source.name}: {without_credentials(remote.address)} at {source.ref}"

    def fetch(self) -> Fetched:
        return self._in_some_way(self._fetch_in_one_way)

    def listed(self) -> ListedCommit:
        return self._in_some_way(self._list_in_one_way)

    def _in_some_way(self, step: Callable[[], _Result]) -> _Result:
        try:
            while True:
                try:
                    return step()
                except GitFailed as error:
                    if (way := next_way(self.repository.way, error, fetched=self.fetched)) is None:
                        raise self._explained(error) from None
                    self.repository.begin_again(way)
        except (CacheQuotaExceeded, OSError):
            self.repository.forget()
            raise

    def _commit(self) -> str:
        self.git.quota.owners, self.fetched = (self.git.repository,), False
        commit = self.cache.retried_when_full(lambda: self.repository.fetch(self.source.ref))
        self.fetched = True
        return commit

    def _list_in_one_way(self) -> ListedCommit:
        commit = self._commit()
        day, paths = self.repository.committed(commit), self.repository.paths(commit)
        return ListedCommit(commit, day, paths, self.remote.address, self.remote.credential)

    def _fetch_in_one_way(self) -> Fetched:
        source, commit = self.source, self._commit()
        submodules = self.repository.submodules(commit, source.subfolders)
        target, lease = self._checked_out(commit)
        known = {path for path, _ in submodules}
        if absent := [p for p in source.subfolders if p not in known and not os.path.lexists(target / p)]:
            raise SourceError(f"{self.where} has no file or folder {self._named(commit, absent)}: mend 'subfolders'")
        return Fetched(target, commit, left_out=_left_out(source, target, submodules), lease=lease)

    def _checked_out(self, commit: str) -> tuple[Path, CacheLease]:
        source, paths = self.source, sorted(self.source.subfolders)
        lfs = LfsContent(source, self.repository, self.git, commit) if source.lfs else None
        key = cache_key(commit, *(("paths", paths) if paths else (paths,)), *(lfs.key if lfs else ()))
        target = self.folder / f"{commit[:16]}-{key[:8]}"
        self.git.quota.owners = (self.git.repository, target)

        def fill(partial: Path) -> None:
            self.repository.check_out(commit, source.subfolders, partial)
            if lfs is not None:
                lfs.fill(partial, self.where)

        return target, self.cache.make_once(target, fill)

    def _named(self, commit: str, absent: Sequence[str]) -> str:
        return ", ".join(f"{path}{nearest(path, self.repository.beside(commit, path))}" for path in absent)

    def _explained(self, error: GitFailed) -> SourceError:
        text = str(error)
        if any(words in text for words in _REF_ABSENT) and (why := self.repository.why_absent(self.source.ref)):
            return SourceError(f"{self.where}: {why}{self.git.remote.hint}")
        if "^{commit}" in text or "Needed a single revision" in text:
            return SourceError(f"{self.where}: it is no commit, nor a tag of one: mend 'ref'")
        kind = SourceError if error.is_final else SourceUnavailable
        return kind(f"{self.where}: {self.git.remote.explain(text)}")


def _left_out(source: GitSource, target: Path, submodules: Sequence[tuple[str, str]]) -> tuple[SourceFile, ...]:
    selection = Selection(source.include, source.exclude)
    reason = "submodule at commit {}: not fetched; add its repository to the catalogue as a source of its own"
    return tuple(
        SourceFile(readable_path(path), target / path, 0, "skipped", reason.format(commit[:12]))
        for path, commit in submodules
        if not any(selection.prunes(readable_path(folder)) for folder in _with_parents(path))
    )


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
