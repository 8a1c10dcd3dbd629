"""The home: its permissions and its disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from doc_assets.doctor.diagnosis import Diagnosis, fault, ok, warning
from doc_assets.doctor.examination import Surroundings, examination

# A load stops where PostgreSQL or the cache gets no space; the log of PostgreSQL alone takes up to 4 GB meanwhile.
_LEAST_BYTES, _FEW_BYTES = 500_000_000, 5_000_000_000
_FEW_FILES = 50_000


@examination("home")
def permissions(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether the home can be written to, by its user alone."""
    home = surroundings.settings.home
    if not home.exists():
        above = _existing(home)
        if os.access(above, os.W_OK | os.X_OK):
            yield ok("home", f"none yet at {home}: the first load makes it")
        else:
            remedy = f"let this user write to {above}, or set DOC_ASSETS_HOME to a folder of its own"
            yield fault("home", f"{home} cannot be made", remedy)
        return
    state = home.stat()
    if not home.is_dir():
        yield fault("home", f"{home} is not a folder", "set DOC_ASSETS_HOME to a folder")
    elif not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"chown or chmod it for uid {os.geteuid()}, or set DOC_ASSETS_HOME to a folder of its own"
        yield fault("home", f"this user may not write to {home}, which belongs to uid {state.st_uid}", remedy)
    elif state.st_mode & 0o002:
        yield warning("home", f"every user may write to {home}", f"chmod o-w {home}")
    else:
        yield ok("home", f"{home}")


@examination("disk")
def disk(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say how much the disk of the home has left, which is that of the embedded database as well."""
    settings = surroundings.settings
    here = _existing(settings.home)
    state = os.statvfs(here)
    free, files = state.f_bavail * state.f_frsize, state.f_favail
    what = "sources and models" if settings.database_url else "database, sources and models"
    sentence = f"{free / 1e9:,.1f} GB free for {what} at {here}"
    if free < _LEAST_BYTES:
        yield fault("disk", sentence, "free some, or set DOC_ASSETS_HOME to a folder on another disk")
    elif free < _FEW_BYTES:
        yield warning("disk", sentence, "free some before a large load; DOC_ASSETS_CACHE_BYTES limits the sources")
    elif settings.cache_bytes is not None and settings.cache_bytes > free:
        yield warning("disk", f"{sentence}, less than DOC_ASSETS_CACHE_BYTES", "set it below what the disk has")
    elif state.f_files and files < _FEW_FILES:
        yield warning("disk", f"{files:,} inodes free at {here}", "each file of a source takes one: free some")
    else:
        yield ok("disk", sentence)


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
