"""MkDocs: the ``nav`` of mkdocs.yml, the folders that it makes sections of without one, awesome-pages' ``.pages``.

Nothing of mkdocs.yml is executed: tags of Python are no values. literate-nav's SUMMARY.md is read by ``summary``.
"""

from __future__ import annotations

import fnmatch
import functools
import itertools
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import LONGEST_OF_FOLDER, Page
from doc_assets.formats.navigation.place import Place, joined, name_as_title, title_of
from doc_assets.formats.navigation.tables import Entry, Table, find

CONFIGURATIONS = ("mkdocs.yml", "mkdocs.yaml")
FOLDERS = (".nav.yml", ".nav.yaml", ".pages")
FILES = (*CONFIGURATIONS, *FOLDERS)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What mkdocs.yml says: pages by path below ``folder``; ``is_listed`` is False where MkDocs lists all files."""

    folder: str
    entries: Mapping[str, Entry]
    is_listed: bool
    directory_urls: bool


@dataclass(frozen=True, slots=True)
class _FolderNavigation:
    """Title of a folder; title and sections of what it lists, by path below it."""

    title: str
    items: Mapping[str, Entry]
    patterns: tuple[tuple[str, tuple[str, ...]], ...]


def place(page: Page) -> Place | None:
    """Return the page's place in ``nav``, or in the folders as ``.pages`` titles and groups them."""
    for folder, data, _ in page.holding(*CONFIGURATIONS):
        configuration = _configuration(data)
        docs = posixpath.normpath(folder.at(configuration.folder)) if configuration.folder != "." else folder.path
        below = page.path[len(docs) + 1 :] if docs else page.path
        if docs and not page.path.startswith(f"{docs}/"):
            continue
        entry = find(configuration.entries, below)
        if entry is not None:
            return entry.place()
        return None if configuration.is_listed else _by_folders(page, docs)
    outermost = next((f for f in reversed(page.folders) if not f.names.isdisjoint(FOLDERS)), None)
    return None if outermost is None else _by_folders(page, outermost.path)


def has_directory_urls(page: Page) -> bool:
    """Return whether the address of a page is a folder's, as it is unless the nearest mkdocs.yml says otherwise."""
    return all(_configuration(data).directory_urls for _, data, _ in itertools.islice(page.holding(*CONFIGURATIONS), 1))


def _by_folders(page: Page, top: str) -> Place:
    """Return the place that the folders give: each is a section, titled by its ``.pages`` or by its name."""
    files = {folder.path: _folder(data) for folder, data, _ in page.holding(*FOLDERS, longest=LONGEST_OF_FOLDER)}
    parents: list[str] = []
    child, title, order = posixpath.basename(page.path), "", 0
    for level, folder in enumerate(page.folders):
        found = files.get(folder.path) or _FolderNavigation("", {}, ())
        entry = found.items.get(child)
        sections = (
            entry.parents if entry else next((s for glob, s in found.patterns if fnmatch.fnmatch(child, glob)), ())
        )
        if level == 0 and entry is not None:
            title, order = entry.title, entry.order
        elif level and entry is not None and entry.title:
            parents[0] = entry.title
        parents[:0] = sections
        if folder.path == top:
            break
        parents.insert(0, found.title or name_as_title(folder.name))
        child = folder.name
    return Place(parents=joined(parents), title=title, order=order)


@functools.lru_cache(maxsize=8)
def _configuration(data: bytes) -> Configuration:
    parsed = read_data(data, "mkdocs.yml")
    if not isinstance(parsed, Mapping):
        return Configuration("docs", {}, True, True)
    nav = parsed.get("nav", parsed.get("pages"))
    table = Table()
    _add(table, nav, ())
    folder = parsed.get("docs_dir")
    return Configuration(
        posixpath.normpath(folder) if isinstance(folder, str) and folder else "docs",
        table.entries,
        isinstance(nav, list),
        parsed.get("use_directory_urls") is not False,
    )


def _add(table: Table, items: object, parents: tuple[str, ...]) -> None:
    if not table.enters(parents):
        return
    if isinstance(items, str):
        table.add(items, "", parents)
    elif isinstance(items, list):
        for item in items:
            _add(table, item, parents)
    elif isinstance(items, Mapping):
        for title, value in items.items():
            if isinstance(value, str):
                table.add(value, title_of(title), parents)
            else:
                _add(table, value, (*parents, title_of(title)))


@functools.lru_cache(maxsize=256)
def _folder(data: bytes) -> _FolderNavigation:
    parsed = read_data(data, ".pages")
    if not isinstance(parsed, Mapping):
        return _FolderNavigation("", {}, ())
    items: dict[str, Entry] = {}
    patterns: list[tuple[str, tuple[str, ...]]] = []

    def add(node: object, title: str, parents: tuple[str, ...], depth: int) -> None:
        if depth > 20 or len(items) + len(patterns) > 5_000:
            return
        if isinstance(node, str):
            name = node.rstrip("/").removeprefix("./")
            if "*" in name:
                patterns.append((name.replace("**", "*"), parents))
            elif name != "...":
                items.setdefault(name, Entry(title, parents, len(items) + 1))
        elif isinstance(node, list):
            for child in node:
                add(child, "", parents, depth + 1)
        elif isinstance(node, Mapping):
            for key, value in node.items():
                if isinstance(value, str):
                    add(value, title_of(key), parents, depth + 1)
                elif isinstance(value, list):
                    add(value, "", (*parents, title_of(key)), depth + 1)

    add(parsed.get("nav", parsed.get("arrange")), "", (), 0)
    return _FolderNavigation(title_of(parsed.get("title")), items, tuple(patterns))
