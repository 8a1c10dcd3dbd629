"""One upstream repository in the cache: fetching a commit from whatever server there is, and writing its files.

As little as the server allows is fetched, in one of three ways. What a server refuses is asked for in the next way, in
a new repository, and the way is remembered with it.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from doc_assets.sources.git_process import GitCommands, GitFailed

# One commit, and of its files those that are checked out; one commit; everything that leads to it.
PARTIAL, SHALLOW, WHOLE = WAYS = ("partial", "shallow", "whole")
# What servers and git say to a shallow fetch that is not possible: those of static files ("dumb" HTTP), old ones, and
# those that hand out the ends of branches only.
_NOT_SHALLOW: Final = re.compile(
    r"dumb http transport does not support|[Ss]erver does not support (?:shallow|--depth)|"
    r"unadvertised object|want [0-9a-f]{40,64} not valid"
)
_NO_FILTER: Final = re.compile(r"filter\b.* not supported")
# The files that are checked out cannot be had afterwards.
_NOT_PARTIAL: Final = re.compile(rf"{_NO_FILTER.pattern}|unadvertised object|not valid|not our ref|promisor")
_MISMATCH: Final = re.compile(r"mismatched algorithms: client \w+; server (\w+)")
COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# Names that a message lists.
_NAMED = 6
# Comparing a name with more takes seconds.
_COMPARED = 5_000


def next_way(way: str, error: GitFailed, *, fetched: bool) -> str | None:
    """Return the next way of fetching from a server that refused this one; None if that is not what failed.

    ``fetched``: the commit is there, its files could not be had.
    """
    if way == WHOLE:
        return None
    if not fetched and _NOT_SHALLOW.search(str(error)):
        return WHOLE
    refused = _NOT_PARTIAL if fetched else _NO_FILTER
    return SHALLOW if way == PARTIAL and refused.search(str(error)) else None


class GitRepository:
    """The repository's copy in the cache. Use under the cache's lock on it."""

    def __init__(self, git: GitCommands) -> None:
        """Take the commands on it."""
        self._git = git
        self._folder = git.repository

    @property
    def way(self) -> str:
        """The way in which it is fetched; of an absent one, the first."""
        try:
            way = (self._folder / "way").read_text()
        except OSError:
            return PARTIAL
        return way if way in WAYS else PARTIAL

    def begin_again(self, way: str) -> None:
        """Remove what was fetched, and fetch in this way from now on."""
        self.forget()
        self._folder.mkdir(parents=True)
        (self._folder / "way").write_text(way)

    def forget(self) -> None:
        """Remove the repository, which holds parts that did not fit; the next fetch begins anew."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def fetch(self, ref: str) -> str:
        """Fetch one commit, and of its files what the way gives; return its id.

        Raises:
            GitFailed: The server has no such ref or refuses; ``next_way`` tells whether another way is worth a try.
        """
        try:
            return self._fetch(ref)
        except GitFailed as error:
            # The repository was made for the usual hash function, or upstream was made anew with another.
            if (server := _MISMATCH.search(str(error))) is None:
                raise
            self.begin_again(self.way)
            self._make(server.group(1))
            return self._fetch(ref)

    def _fetch(self, ref: str) -> str:
        way = self.way
        if not (self._folder / "HEAD").is_file():
            self._make("sha1" if way == PARTIAL else self._hash_of_upstream())
        # Lock files of a killed git would stop every later one, and its partial packs are useless; the cache's own
        # lock is held here.
        for left in (*self._folder.rglob("*.lock"), *self._folder.glob("objects/pack/tmp_*")):
            left.unlink(missing_ok=True)
        remote = self._git.remote
        config = {"url": remote.address, "uploadpack": remote.upload_pack}
        if way == PARTIAL:
            config |= {"promisor": "true", "partialclonefilter": "blob:none"}
        for name, value in config.items():
            self._git.run("config", f"remote.origin.{name}", value)
        options = {PARTIAL: ("--depth=1", "--filter=blob:none"), SHALLOW: ("--depth=1",), WHOLE: ()}[way]
        fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--force", *options, "origin")
        try:
            self._git.run(*fetch, f"{ref}:refs/fetched", network=True)
        except GitFailed as error:
            if not (way == WHOLE and COMMIT.fullmatch(ref) and _NOT_SHALLOW.search(str(error))):
                raise
            # The server hands out branches and tags only: the commit has to be in one of them.
            self._git.run(
                *fetch, "--prune", "refs/heads/*:refs/all/heads/*", "refs/tags/*:refs/all/tags/*", network=True
            )
            self._git.run("update-ref", "refs/fetched", f"{ref}^{{commit}}")
        return self._git.run("rev-parse", "--verify", "refs/fetched^{commit}").strip()

    def _make(self, object_format: str) -> None:
        way = self.way
        self.begin_again(way)
        options = ("--bare", "--template=", "--initial-branch=main", f"--object-format={object_format}")
        self._git.run("init", "--quiet", *options, ".")

    def _hash_of_upstream(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        return "sha256" if any(len(commit) == 64 for commit, _ in self._listed()) else "sha1"

    def check_out(self, commit: str, paths: Sequence[str], target: Path) -> None:
        """Write the commit's files, or those of ``paths`` and below them, into an empty folder."""
        patterns = [f"/{_escaped(path)}\n" for path in paths] or ["/*\n"]
        sparse = self._folder / "info" / "sparse-checkout"
        sparse.parent.mkdir(exist_ok=True)
        sparse.write_text("".join(patterns))
        # read-tree asks for all absent blobs at once; `git checkout -- <paths>` would ask for each by itself.
        index = target.with_name(target.name + ".index")
        index.unlink(missing_ok=True)
        try:
            self._git.run(
                *("--work-tree", str(target), "-c", "core.bare=false", "-c", "core.sparseCheckout=true"),
                *("-c", "core.sparseCheckoutCone=false", "read-tree", "-u", "--reset", commit),
                network=True,
                written=target,
            )
        finally:
            index.unlink(missing_ok=True)

    def submodules(self, commit: str, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Return the path and the commit of each submodule below ``paths``, or of all."""
        listed = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
        entries = (entry.partition("\t") for entry in listed.split("\0"))
        return [(path, facts.split()[2]) for facts, _, path in entries if facts.startswith("160000 ")]

    def paths(self, commit: str) -> list[str]:
        """Return the paths of all files of a commit."""
        listed = self._git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
        return [path for path in listed.split("\0") if path]

    def committed(self, commit: str) -> date:
        """Return the day of a commit, in UTC."""
        seconds = self._git.run("show", "--no-patch", "--format=%ct", commit)
        return datetime.fromtimestamp(int(seconds), UTC).date()

    def beside(self, commit: str, path: str) -> list[str]:
        """Return the paths in the folder that ``path`` is in."""
        parent = path.rpartition("/")[0]
        listed = self._git.run(
            "ls-tree", "-z", "--name-only", "--full-tree", commit, *(("--", f"{parent}/") if parent else ())
        )
        return [name for name in listed.split("\0") if name]

    def lfs_address(self, commit: str) -> str | None:
        """Return where the repository's own ``.lfsconfig`` says that its Git LFS content is."""
        try:
            found = self._git.run("config", "--blob", f"{commit}:.lfsconfig", "lfs.url")
        except GitFailed:  # there is no such file, or no such line in it
            return None
        return found.strip() or None

    def why_absent(self, ref: str) -> str | None:
        """Return a sentence that says which refs there are instead of an absent one; None if they cannot be listed."""
        try:
            listed = self._listed("--symref")
        except GitFailed:
            return None
        names = [name for _, name in listed if not name.endswith("^{}")]
        default = next((target.removeprefix("ref: refs/heads/") for target, _ in listed if target[:4] == "ref:"), None)
        branches, tags = _below(names, "refs/heads/"), _below(names, "refs/tags/")
        if not names:
            return "there is no repository, or an empty one without any commit: mend 'location', or wait for a commit"
        there = "; ".join(
            f"its {what} {'is' if len(found) == 1 else 'are'} {_some(found, ref)}"
            for what, found in (("branches" if len(branches) > 1 else "branch", branches), ("tags", tags))
            if found
        )
        if ref == "HEAD":
            return f"it has no default branch (HEAD names none that exists): write one at 'ref'; {there}"
        what = "commit" if COMMIT.fullmatch(ref) else "branch or tag"
        why = "was the history rewritten?" if what == "commit" else "was it renamed or deleted?"
        if re.fullmatch(r"[0-9a-f]{7,39}", ref):
            why = "a commit is written with all 40 or 64 digits"
        known = f"; its default branch is {default}" if default else ""
        return f"it has no {what} {ref!r} ({why}): mend 'ref'{known}; {there}"

    def _listed(self, *options: str) -> list[tuple[str, str]]:
        """Return the commits and names of the server's refs; with ``--symref`` also where HEAD leads (``ref: …``)."""
        remote = self._git.remote
        program = f"--upload-pack={remote.upload_pack}"
        listed = self._git.run("ls-remote", "--quiet", *options, program, remote.address, network=True)
        lines = (line.partition("\t") for line in listed.splitlines())
        return [(commit, name) for commit, _, name in lines]


def _below(names: Sequence[str], prefix: str) -> list[str]:
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def _some(names: Sequence[str], ref: str) -> str:
    near = difflib.get_close_matches(ref, names[:_COMPARED], n=2)
    shown = list(dict.fromkeys([*near, *names]))[:_NAMED]
    return ", ".join(shown) + (f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else "")


def _escaped(path: str) -> str:
    """Return a path as a pattern that matches only it and what is below it."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the regular files below a folder, by their path from it; links are not followed."""
    for current, _, names in os.walk(folder):
        for name in names:
            path = Path(current, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path
