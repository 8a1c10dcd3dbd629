"""Files for people, written whole or not at all, wherever the name that was given leads."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def can_be_written(path: Path) -> bool:
    """Return whether ``write_whole`` can write there, as far as can be told without writing."""
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            return False
        if _is_no_file(path):
            return os.access(path, os.W_OK)
    except OSError:  # a name that is too long
        return False
    return target.parent.is_dir() and os.access(target.parent, os.W_OK)


def write_whole(path: Path, text: str) -> None:
    """Write a file: a link stays a link, a file that is there keeps its mode.

    A pipe or a device, as in ``-o /dev/stdout``, is written to: root could put a file in its place.

    Raises:
        OSError: It cannot be written; what was there is there still.
    """
    if _is_no_file(path):
        path.write_text(text, encoding="utf-8")
        return
    target = Path(os.path.realpath(path))
    # Not a longer form of its own name, which may have the greatest length already; nor one that another can foresee.
    unfinished = target.parent / f".doc-assets.{secrets.token_hex(8)}"
    try:
        with unfinished.open("x", encoding="utf-8") as file:
            file.write(text)
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _is_no_file(path: Path) -> bool:
    return path.exists() and not path.is_file()
