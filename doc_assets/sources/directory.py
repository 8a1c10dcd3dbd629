"""Folders of this machine as sources: nothing is copied."""

from __future__ import annotations

import os
from pathlib import Path

from doc_assets.catalogue.model import DirectorySource
from doc_assets.errors import SourceError
from doc_assets.sources.files import Fetched


def fetch_directory(source: DirectorySource, base: Path) -> Fetched:
    """Return the folder itself. It has no revision: changes show in the files' fingerprints.

    Raises:
        SourceError: The folder is absent or may not be listed.
    """
    root = located(base, source.location, source.name)
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise SourceError(f"source {source.name}: {root} {what}: mend 'location', which starts from {base}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise SourceError(
            f"source {source.name}: {root} may not be read by this user: let it, or run as a user who may"
        )
    return Fetched(root=root, revision="directory")


def located(base: Path, location: str, name: str) -> Path:
    """Return the path of a location on this machine, from ``base`` on; ``name`` is the source's, for the message.

    Raises:
        SourceError: It starts with ``~``, and this user has no home.
    """
    try:
        return base / Path(location).expanduser()
    except RuntimeError:
        raise SourceError(
            f"source {name}: {location} starts with ~, and HOME is not set for this user: write the whole path"
        ) from None
