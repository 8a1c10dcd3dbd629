"""The globs of a source's ``include`` and ``exclude``, and which paths they match.

``*`` and ``?`` stay within a folder's name, ``**`` crosses folders, ``[…]`` is a set of characters. A glob without a
slash matches the name at any depth; one that ends in a slash matches everything below that folder.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """Include and exclude globs of a source. Paths are relative to its root, ``/`` between parts."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def takes(self, path: str) -> bool:
        """Return True for a file that belongs to the source."""
        return _any(self.include, path) and not _any(self.exclude, path)

    def prunes(self, folder: str) -> bool:
        """Return True if ``exclude`` matches everything below this folder: it need not be entered."""
        return any(_regex(glob).fullmatch(folder) for glob in self._excluded_folders)

    def takes_hidden(self, path: str) -> bool:
        """Return True if an include glob matches that itself has a hidden part (``.github/**``)."""
        return _any(tuple(glob for glob in self.include if "/." in f"/{glob}"), path)

    @functools.cached_property
    def _excluded_folders(self) -> list[str]:
        return [glob.removesuffix("/**") for glob in map(_full, self.exclude) if glob.endswith("/**")]


def check_glob(glob: str) -> None:
    """Raise if a glob matches nothing by construction.

    Raises:
        ValueError: Absolute, with ``..``, or with an invalid set of characters.
    """
    if not glob or glob.startswith("/") or ".." in glob.split("/"):
        raise ValueError(f"{glob!r}: a glob is relative to the source's root, without '..'")
    try:
        _regex(_full(glob))
    except re.error as error:
        raise ValueError(f"{glob!r} is not a glob: {error}") from None


def _any(globs: tuple[str, ...], path: str) -> bool:
    return any(_regex(_full(glob)).fullmatch(path) for glob in globs)


def _full(glob: str) -> str:
    """Return the glob written out: from the root, with its implied ``**``."""
    below = glob.rstrip("/") + "/**" if glob.endswith("/") else glob
    return below if "/" in glob.rstrip("/") else f"**/{below}"


@functools.lru_cache(maxsize=4096)
def _regex(glob: str) -> re.Pattern[str]:
    parts: list[str] = []
    i = 0
    while i < len(glob):
        if glob.startswith("**/", i):
            if not parts or parts[-1] != "(?:.*/)?":  # a run of **/ equals one, and would backtrack
                parts.append("(?:.*/)?")
            i += 3
        elif glob.startswith("**", i):
            parts.append(".*")
            i += 2
        elif glob[i] == "*":
            parts.append("[^/]*")
            i += 1
        elif glob[i] == "?":
            parts.append("[^/]")
            i += 1
        elif glob[i] == "[" and (end := glob.find("]", i + 2)) > 0:
            body = glob[i + 1 : end].replace("\\", r"\\").replace("[", r"\[").replace("&&", r"&\&")
            body = "^" + body[1:] if body[0] in "!^" else body
            parts.append(f"(?!/)[{body}]")
            i = end + 1
        else:
            parts.append(re.escape(glob[i]))
            i += 1
    return re.compile("".join(parts), re.DOTALL)
