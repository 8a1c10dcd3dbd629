"""The present revision of a source, asked without fetching it: for deciding whether a load is worth starting.

An answer is only good for comparing with an earlier one. Where there is none, the load finds out from ``fetch``.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from doc_assets.catalogue.model import (
    ArchiveSource,
    CrateSource,
    DirectorySource,
    GitSource,
    LlmsTxtSource,
    Source,
    is_address,
)
from doc_assets.errors import SourceError
from doc_assets.sources.directory import located
from doc_assets.sources.download import open_response
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.git_transport import reach
from doc_assets.sources.llms_txt.fetching import list_llms_txt

# A remote that has not answered by then counts as unknown; several are queried in parallel, all within the minute
# that Dagster gives a schedule.
TIMEOUT_SECONDS = 20.0
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
# In the order in which git itself reads a short name.
_REF_RULES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}")


def revision_of(source: Source, base: Path, options: FetchOptions) -> str | None:
    """Return what identifies the source's bytes now, or None where no cheap answer is available.

    Relative locations start from ``base`` (``Catalogue.directory``).

    Returns:
        The commit of a git ref; ETag, date and length of a download; sizes and times of the files of a folder. None if
        the source is out of reach, or its server sends neither ETag nor date, or only its pages know (``llms_txt``).

    Raises:
        ConfigurationError: The bundle of roots is absent or empty.
    """
    try:
        match source:
            case GitSource():
                return _commit(source, base, options)
            case ArchiveSource() if not is_address(source.location):
                return _entry("archive", located(base, source.location, source.name).stat())
            case ArchiveSource() | CrateSource():
                return _download_state(source, options)
            case DirectorySource():
                return _listing(located(base, source.location, source.name))
            case LlmsTxtSource():
                return None  # an index stays the same while its pages change, and each of them would have to be asked
    except (OSError, SourceError, subprocess.SubprocessError, httpx.HTTPError, httpx.InvalidURL):
        return None  # a load of it fails with the message


def is_reachable(source: Source, base: Path, options: FetchOptions) -> bool:
    """Return whether the source can be asked: it tells its revision, or its index can be read.

    Raises:
        ConfigurationError: The bundle of roots is absent or empty.
    """
    if not isinstance(source, LlmsTxtSource):
        return revision_of(source, base, options) is not None
    try:
        list_llms_txt(source, options)
    except (SourceError, httpx.HTTPError, httpx.InvalidURL):
        return False
    return True


def _commit(source: GitSource, base: Path, options: FetchOptions) -> str | None:
    if COMMIT.fullmatch(source.ref):
        return source.ref  # a commit is fixed
    with reach(source, base, options) as remote:
        arguments = ("ls-remote", "--quiet", f"--upload-pack={remote.upload_pack}", remote.address)
        process = subprocess.run(  # noqa: S603 - a list of arguments, none of which git can take for an option
            [*remote.command, *arguments, source.ref, f"{source.ref}^{{}}"],
            cwd=remote.folder,
            env=dict(remote.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
    lines = (line.split("\t") for line in process.stdout.decode(errors="replace").splitlines())
    found = {name: commit for commit, name in lines}
    for rule in _REF_RULES:
        name = rule.format(source.ref)
        if name in found:
            return found.get(f"{name}^{{}}", found[name])  # an annotated tag stands for the commit that it names
    return None


def _download_state(source: ArchiveSource | CrateSource, options: FetchOptions) -> str | None:
    with open_response(source, options, {}, TIMEOUT_SECONDS) as answer:
        headers = answer.headers
        if answer.status_code != 200 or not (headers.get("etag") or headers.get("last-modified")):
            return None
        # Without the query, which in a signed address changes each time; the path names the version behind 'latest'.
        address = answer.url.copy_with(query=None, username=None, password=None)
        values = (headers.get(name, "-") for name in ("etag", "last-modified", "content-length"))
        return " ".join([str(address), *values])


def _listing(root: Path) -> str | None:
    if not root.is_dir():
        return None
    digest = hashlib.sha256()
    for line in sorted(_entries(root, "")):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return f"listing:{digest.hexdigest()}"


def _entries(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                yield _entry(prefix + entry.name, entry.stat(follow_symlinks=False))


def _entry(path: str, stat: os.stat_result) -> str:
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"
