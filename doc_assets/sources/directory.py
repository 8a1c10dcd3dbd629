"""Documents that already lie in a folder of this machine: nothing is copied."""

from __future__ import annotations

import os
from pathlib import Path

from doc_assets.catalogue.model import DirectorySource
from doc_assets.errors import SourceError
from doc_assets.sources.fetched import Fetched


def fetch_directory(source: DirectorySource, base: Path) -> Fetched:
    """The folder itself. It has no revision of its own: what changed shows in the files' fingerprints.

    Raises:
        SourceError: The folder is absent or may not be listed.
    """
    root = base / Path(source.location).expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise SourceError(f"source {source.name}: {root} {what}: mend 'location', which starts from {base}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise SourceError(f"source {source.name}: {root} may not be read by this user")
    return Fetched(root=root, revision="directory")
