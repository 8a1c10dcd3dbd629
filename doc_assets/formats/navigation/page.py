"""A page as the readers of navigation see it: its path, its facts, and the navigation files in the folders above it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doc_assets.document import JsonValue
from doc_assets.formats.base import NAVIGATION_FILES, Neighbours, RawFile

LONGEST = 1_500_000  # bytes of a file that lists a site; one of 2,500 pages has 300,000
LONGEST_OF_FOLDER = 100_000  # bytes of one that only lists a folder, many of which are kept in memory
_INDEXES = frozenset(("index", "_index", "readme"))


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder above a page; ``names`` are the navigation files that it holds."""

    path: str
    names: frozenset[str]

    @property
    def name(self) -> str:
        """The folder's own name; "" for the source's root."""
        return posixpath.basename(self.path)

    def at(self, name: str) -> str:
        """Return the path of a file in it."""
        return posixpath.join(self.path, name)


@dataclass(frozen=True, slots=True)
class Page:
    """A page to find in the navigation.

    Attributes:
        path: Relative to the source's root.
        neighbours: The other files of the source.
        facts: The page's front matter.
        folders: The folders above it, its own first, the source's root last.
    """

    path: str
    neighbours: Neighbours
    facts: Mapping[str, JsonValue]
    folders: tuple[Folder, ...]

    @property
    def bare(self) -> str:
        """The path without its suffix."""
        return posixpath.splitext(self.path)[0]

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return posixpath.basename(self.bare)

    @property
    def is_index(self) -> bool:
        """Whether the page stands for its folder."""
        return self.stem.lower() in _INDEXES

    def holding(self, *names: str, longest: int = LONGEST) -> Iterator[tuple[Folder, bytes, str]]:
        """Yield each folder that holds one of the files, nearest first, with the first such file's bytes and name.

        Files above ``longest`` bytes are passed over.
        """
        for folder in self.folders:
            for name in names:
                if name not in folder.names or (data := self.neighbours.read(folder.at(name))) is None:
                    continue
                if len(data) <= longest:
                    yield folder, data, name
                    break

    def below(self, folder: Folder) -> str:
        """Return the path relative to a folder above it."""
        return self.path[len(folder.path) + 1 :] if folder.path else self.path


def page_of(file: RawFile, facts: Mapping[str, JsonValue]) -> Page:
    """Return the file as a page, with the folders above it and what they hold."""
    folders: list[Folder] = []
    path = file.path
    while path and (above := posixpath.dirname(path)) != path:  # the root of an absolute path is its own folder
        path = above
        folders.append(Folder(path, _present(file.neighbours, path)))
    return Page(file.path, file.neighbours, facts, tuple(folders))


def _present(neighbours: Neighbours, folder: str) -> frozenset[str]:
    """Return the navigation files in a folder; neighbours that list none are asked for each."""
    listing = getattr(neighbours, "navigation", None)
    if listing is not None:
        return listing(folder)
    names = NAVIGATION_FILES
    return frozenset(name for name in names if neighbours.read(posixpath.join(folder, name)) is not None)
