"""Fetching: makes a source's files present on this machine, whatever its kind."""

from __future__ import annotations

from pathlib import Path

from doc_assets.catalogue.model import ArchiveSource, CrateSource, DirectorySource, GitSource, LlmsTxtSource, Source
from doc_assets.errors import SourceError
from doc_assets.sources.archive import fetch_archive
from doc_assets.sources.cache import Cache, is_full
from doc_assets.sources.cache_quota import CacheQuotaExceeded
from doc_assets.sources.crate import fetch_crate
from doc_assets.sources.directory import fetch_directory
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets.sources.git import fetch_git
from doc_assets.sources.llms_txt.fetching import fetch_llms_txt


def fetch(source: Source, *, base: Path, cache: Path, options: FetchOptions | None = None) -> Fetched:
    """Make the files of a source present, and return them with their revision.

    Fetched files are stored under ``cache`` by content and never changed afterwards: a load of an older revision is not
    disturbed. Several processes may fetch the same source at once. A cache with a budget drops the longest unused
    entries first, and none while its ``Fetched`` is referred to.

    Args:
        source: As the catalogue describes it.
        base: Folder that relative locations start from (``Catalogue.directory``).
        cache: Folder for unpacked and downloaded files.
        options: Credentials, trusted roots and the cache's budget; by default none, the system's, and no budget.

    Raises:
        SourceError: It cannot be reached, is corrupt, or exceeds a limit; the message says which and what to do.
        ConfigurationError: The bundle of trusted roots is absent or empty.
    """
    options = options or FetchOptions()
    place = Cache(cache, options.cache_bytes)
    try:
        match source:
            case DirectorySource():
                return fetch_directory(source, base)
            case ArchiveSource():
                return fetch_archive(source, base, place, options)
            case GitSource():
                return fetch_git(source, base, place, options)
            case CrateSource():
                return fetch_crate(source, place, options)
            case LlmsTxtSource():
                return fetch_llms_txt(source, place, options)
    except CacheQuotaExceeded as error:
        raise SourceError(f"source {source.name} {error}{_LESS.get(source.kind, '')}") from None
    except OSError as error:
        if is_full(error):
            what = f"the volume of {cache} is full ({error.strerror}): raise its size (sizeLimit of an emptyDir)"
            raise SourceError(f"source {source.name}: {what}{_LESS.get(source.kind, '')}") from None
        raise SourceError(
            f"source {source.name}: the cache {cache} cannot be used ({error}): let this user write there, or"
            " set DOC_ASSETS_HOME"
        ) from None


# How a source can be made smaller.
_LESS = {
    "git": ", or name fewer 'subfolders'",
    "archive": ", or let 'include' name fewer files",
    "llms_txt": ", or let 'include' name fewer pages",
}
