"""What is wrong with a catalogue's sources as their servers have them now: asked, without fetching their files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import httpx
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import ArchiveSource, CrateSource, GitSource, LlmsTxtSource, Source, is_address
from doc_assets.catalogue.partitions import Catalogue, Partition
from doc_assets.errors import DocAssetsError
from doc_assets.network import http_client
from doc_assets.sources.cache import Cache
from doc_assets.sources.credentials import Credential, split_address, without_credentials
from doc_assets.sources.download import open_response
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.forges import Repository, ask_forges
from doc_assets.sources.git import list_git
from doc_assets.sources.llms_txt.fetching import list_llms_txt
from doc_assets.sources.llms_txt.listing import possible_paths
from doc_assets.sources.upstream_revision import COMMIT, TIMEOUT_SECONDS, revision_of
from doc_assets.sources.walk import walk

# Hosts answer several at once; more than that is taken for an attack by some.
_THREADS = 8
_REFS = "/info/refs?service=git-upload-pack"


@dataclass(frozen=True, slots=True)
class UpstreamCheck:
    """What one source said.

    Attributes:
        source: ``TYPE/SOURCE``.
        revision: As ``revision_of`` gives it; None if it was not told.
        committed: Day of that commit, of a git repository.
        archived: Whether its forge keeps the repository as it is; None if it was not told or not asked.
        files: Files that belong to the source, where they can be listed without fetching them.
        bytes: Size of a download, where the server says it, or of the files of a folder.
        unmatched: Globs of ``include`` that match nothing.
        faults: One sentence each, with the key to mend.
    """

    source: str
    revision: str | None = None
    committed: date | None = None
    archived: bool | None = None
    files: int | None = None
    bytes: int | None = None
    unmatched: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def check_upstreams(catalogue: Catalogue, options: FetchOptions) -> tuple[list[UpstreamCheck], tuple[str, ...]]:
    """Ask every source, several at once.

    Returns:
        What each said, in the order of the catalogue; sentences on what could not be asked, which is no fault.
    """
    named = [(f"{name}/{one.name}", one) for name, of in catalogue.types.items() for one in of.sources]
    # A cache of its own: what is fetched for a listing is no part of a load.
    with (
        tempfile.TemporaryDirectory(prefix="doc-assets-check-") as folder,
        ThreadPoolExecutor(_THREADS, thread_name_prefix="check") as pool,
    ):
        cache = Cache(Path(folder), None)
        found = list(pool.map(lambda one: _checked(one[0], one[1], catalogue.directory, cache, options), named))
    told = ask_forges((one for _, one in found if one is not None), options)
    checks = [
        check
        if one is None or (archived := told.archived.get(one.address)) is None
        else _with_archived(check, archived)
        for check, one in found
    ]
    return checks, told.notes


def _with_archived(found: UpstreamCheck, archived: bool) -> UpstreamCheck:
    if not archived:
        return replace(found, archived=False)
    fault = (
        f"location: it is archived, with the last commit of {found.committed}: look where it goes on, or keep it as it "
        f"is with ref: {found.revision}"
    )
    return replace(found, archived=True, faults=(*found.faults, fault))


def _checked(
    name: str, source: Source, base: Path, cache: Cache, options: FetchOptions
) -> tuple[UpstreamCheck, Repository | None]:
    """Return what a source said, and the repository whose forge may say more."""
    licence = tuple(_licence_faults(source))
    repository = None
    try:
        if isinstance(source, GitSource):
            found, repository = _git(name, source, base, cache, options)
        elif isinstance(source, LlmsTxtSource):
            found = _pages(name, source, options)
        elif isinstance(source, (ArchiveSource, CrateSource)) and is_address(source.location):
            found = _download(name, source, base, options)
        else:
            found = _local(name, source, base, cache)
    except (DocAssetsError, httpx.HTTPError, httpx.InvalidURL) as error:
        return UpstreamCheck(name, faults=(*licence, str(error))), None
    return replace(found, faults=(*licence, *found.faults)), repository


def _licence_faults(source: Source) -> Iterator[str]:
    if source.licence is None:
        return
    try:
        canonicalize_license_expression(source.licence)
    except InvalidLicenseExpression:
        yield (
            f"licence: {source.licence!r} is no SPDX expression: write one, as 'MIT OR Apache-2.0', or "
            "'LicenseRef-NAME' for a licence of its own"
        )


def _git(
    name: str, source: GitSource, base: Path, cache: Cache, options: FetchOptions
) -> tuple[UpstreamCheck, Repository | None]:
    commit, day, paths, address, credential = list_git(source, base, cache, options)
    faults = [*_moved(address, credential, options)]
    for folder in source.subfolders:
        if not any(path == folder or path.startswith(f"{folder}/") for path in paths):
            faults.append(f"subfolders: {folder!r} is not in {commit[:12]}")
    starts = tuple(f"{folder}/" for folder in source.subfolders)
    fetched = [path for path in paths if not starts or path.startswith(starts) or path in source.subfolders]
    files, unmatched = _taken(source, fetched, faults)
    check = UpstreamCheck(name, commit, day, files=files, unmatched=unmatched, faults=tuple(faults))
    # Of one that is pinned to a commit nothing new is expected.
    return check, None if COMMIT.fullmatch(source.ref) else Repository(address, day, credential)


def _pages(name: str, source: LlmsTxtSource, options: FetchOptions) -> UpstreamCheck:
    """Read the index alone; whether its pages are there, and as what they are sent, is known after a load."""
    index = list_llms_txt(source, options)
    asked = split_address(source.location)[0]
    faults = [] if index.address == asked else [f"location: it has moved to {index.address}: write that"]
    paths = [possible_paths(page.path) for page in index.listing.wanted]
    _, unmatched = _taken(source, [path for possible in paths for path in possible], faults)
    return UpstreamCheck(name, files=len(paths), unmatched=unmatched, faults=tuple(faults))


def _taken(source: Source, paths: Sequence[str], faults: list[str]) -> tuple[int, tuple[str, ...]]:
    """Return how many paths the source takes, and the globs of ``include`` that match none; add faults."""
    unmatched = tuple(glob for glob in source.include if not any(map(Selection((glob,), ()).takes, paths)))
    files = sum(map(Selection(source.include, source.exclude).takes, paths))
    # '*.rst' beside '*.md' is a habit; a glob that names a folder or a file means one that is there.
    faults += [
        f"include: {glob!r} matches nothing" for glob in unmatched if "/" in glob.removeprefix("**/") or "*" not in glob
    ]
    if not files:
        faults.append(f"no file is taken by include {list(source.include)} and exclude {list(source.exclude)}")
    return files, unmatched


def _moved(url: str, credential: Credential | None, options: FetchOptions) -> Iterator[str]:
    """Tell a redirect: git follows it in silence, until somebody takes the old name.

    Args:
        url: Where git asked, which the operator's git configuration may have made of the location.
        credential: What git used there: another host is not to see it.
        options: Roots to trust.
    """
    if not url.lower().startswith(("http://", "https://")):
        return
    asked = f"{url.rstrip('/')}{_REFS}"
    with (
        http_client(options.ca_bundle, timeout=TIMEOUT_SECONDS, redirects=5) as client,
        client.stream("GET", asked, auth=credential.http if credential else None) as answer,
    ):
        now = without_credentials(str(answer.url)).partition("/info/refs")[0]
    if answer.status_code == 200 and now.removesuffix(".git") != url.rstrip("/").removesuffix(".git"):
        yield f"location: it has moved to {now}: write that"


def _download(name: str, source: ArchiveSource | CrateSource, base: Path, options: FetchOptions) -> UpstreamCheck:
    with open_response(source, options, {}, TIMEOUT_SECONDS) as answer:
        length = answer.headers.get("content-length", "")
        status = answer.status_code
    size = int(length) if length.isdigit() else None
    if status != 200:
        where = without_credentials(source.location)
        return UpstreamCheck(
            name, faults=(f"{where} answered {status}: mend location, or the crate's name or version",)
        )
    faults = ()
    if size is not None and size > source.max_download_bytes:
        faults = (f"max_download_bytes: {size:,} bytes are more than {source.max_download_bytes:,}",)
    return UpstreamCheck(name, revision_of(source, base, options), bytes=size, faults=faults)


def _local(name: str, source: Source, base: Path, cache: Cache) -> UpstreamCheck:
    fetched = fetch(source, base=base, cache=cache.root)
    files = [file for file in walk(fetched.root, Partition("", source.name, source)) if file.outcome is None]
    faults = () if files else (f"no file is taken by include {list(source.include)}",)
    size = sum(file.size for file in files)
    return UpstreamCheck(name, fetched.revision, files=len(files), bytes=size, faults=faults)
