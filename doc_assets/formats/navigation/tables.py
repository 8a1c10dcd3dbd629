"""A table of contents that one file lists: pages by their paths, each with the titles above it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from doc_assets.formats.navigation.place import Place, joined

_MOST = 20_000  # pages of one table
_DEEPEST = 20  # levels
_PAGE = re.compile(r"\.(?:md|mdx|markdown|qmd|rmd|rst|ipynb|html?|txt)$", re.IGNORECASE)
_INDEX = re.compile(r"(?:^|/)(?:index|readme)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in a table of contents: its title there ("" without one), the titles above it, its position from 1."""

    title: str
    parents: tuple[str, ...]
    order: int

    def place(self, above: Iterable[str] = ()) -> Place:
        """Return the place of the page, below further titles."""
        return Place(parents=joined((*above, *self.parents)), title=self.title, order=self.order)


@dataclass(slots=True)
class Table:
    """Collects the pages of a table of contents within the limits; the first mention of a page counts."""

    entries: dict[str, Entry] = field(default_factory=dict)
    visited: int = 0

    def enters(self, parents: tuple[str, ...]) -> bool:
        """Count a visit of a node below these titles; return whether the limits allow it."""
        self.visited += 1
        return self.visited <= 3 * _MOST and len(parents) <= _DEEPEST

    def add(self, target: object, title: str, parents: tuple[str, ...]) -> None:
        """Add a page by its path or address on the site as written."""
        if not isinstance(target, str) or "://" in target or len(self.entries) >= _MOST:
            return
        key = key_of(target)
        if key is not None and key not in self.entries:
            self.entries[key] = Entry(title, parents, len(self.entries) + 1)


def key_of(target: str) -> str | None:
    """Return a page's path relative to its root, without suffix and without the name of an index; None outside."""
    path = unquote(target.strip().partition("#")[0].partition("?")[0]).strip("/")
    path = posixpath.normpath(path) if path else ""
    if path.startswith("../") or path == ".." or "\0" in path:
        return None
    path = "" if path == "." else _PAGE.sub("", path)
    return _INDEX.sub("", path)


def find(entries: Mapping[str, Entry], path: str) -> Entry | None:
    """Return the entry of a page by its path relative to the root of the table."""
    key = key_of(path)
    return None if key is None else entries.get(key)
