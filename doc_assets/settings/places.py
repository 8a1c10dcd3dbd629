"""Where home and catalogue are when nothing names them: here, or in a folder above, as git finds a repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from doc_assets.errors import ConfigurationError

HOME: Final = ".doc-assets"
CATALOGUE: Final = "sources.yaml"


def is_there(path: Path) -> bool:
    """Return whether the path exists; False below a folder that this user may not enter, as after ``sudo -u`` in /root.

    ``Path.exists`` raises a ``PermissionError`` there.
    """
    try:
        path.stat()
    except OSError:
        return False
    return True


def find_home(folder: Path | None = None) -> Path | None:
    """Return the home that is in the folder, by default the working directory, or the nearest above; None without any.

    Raises:
        ConfigurationError: The one above belongs to another user.
    """
    start = folder or Path.cwd()
    for above in (start, *start.parents):
        home = above / HOME
        if is_there(home) and home.is_dir():
            # As git does it with repositories: whoever can write above could put documents and models there.
            if above != start and (owner := home.stat().st_uid) not in (0, os.geteuid()):
                raise ConfigurationError(
                    f"{home} belongs to another user (uid {owner}): set DOC_ASSETS_HOME to it if that store is meant, "
                    f"or to {start / HOME}"
                )
            return home
    return None


def default_home() -> Path:
    """Return the home that is found, else where a load makes one: in the working directory."""
    return find_home() or Path(HOME).absolute()


def default_catalogue() -> Path:
    """Return the catalogue of the working directory, else that beside the home that is found; it need not exist."""
    here = Path(CATALOGUE).absolute()
    if is_there(here) or (home := find_home()) is None:
        return here
    beside = home.parent / CATALOGUE
    return beside if is_there(beside) else here
