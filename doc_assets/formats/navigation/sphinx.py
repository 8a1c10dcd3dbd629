"""Sphinx' toctrees, in reStructuredText and in MyST: the pages that list a page, up to the root of the documentation.

A page is sought in the index of its folder, in the page named after the folder, and so on upwards; then in the pages
that those list, within a limit. Captions of toctrees and titles of the pages above are its place.
"""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doc_assets.formats.navigation.page import Folder, Page
from doc_assets.formats.navigation.page_titles import title_in
from doc_assets.formats.navigation.place import Place, joined, title_of

_CONF = "conf.py"
_INDEXES = ("index.rst", "index.md", "index.txt")
FILES = (_CONF, "index.rst")
_LONGEST = 200_000  # bytes of a page with a toctree
_MOST_LEVELS = 12
_MOST_PAGES = 40  # read for one page besides the indexes above it
_ROOT = re.compile(r"^(?:master_doc|root_doc)\s*=\s*[\"']([\w./-]{1,100})[\"']", re.MULTILINE)
_DIRECTIVE = re.compile(r"([ \t]*)\.\.[ \t]+toctree::[ \t]*$")
_FENCE = re.compile(r"[ \t]*(`{3,}|:{3,}|~{3,})[ \t]*\{toctree\}[ \t]*$")
_OPTION = re.compile(r":([\w-]+):[ \t]*(.*)$")
_TITLED = re.compile(r"(.+?)\s*<([^<>]+)>$")
_SUFFIX = re.compile(r"\.(?:rst|md|ipynb|txt|myst)$")
_NO_PAGES = frozenset(("self", "genindex", "modindex", "search", "py-modindex"))


@dataclass(frozen=True, slots=True)
class _Listed:
    """A page in a toctree: its title there, the toctree's caption, its position in the page's toctrees from 1."""

    title: str
    caption: str
    order: int


@dataclass(frozen=True, slots=True)
class _Contents:
    """Title of a page and what its toctrees list, by path as written without suffix, and by glob."""

    title: str
    listed: Mapping[str, _Listed]
    globs: tuple[tuple[str, _Listed], ...]


def place(page: Page) -> Place | None:
    """Return the page's place below the pages that list it."""
    root = next((folder.path for folder in page.folders if _CONF in folder.names), None)
    target = page.bare
    seen = {target}
    parents: list[str] = []
    first: _Listed | None = None
    for _ in range(_MOST_LEVELS):
        above = _listing(page, target, root)
        if above is None or above[0] in seen:
            break
        target, contents, listed = above
        seen.add(target)
        if first is None:
            first = listed
        elif listed.title:
            parents[0] = listed.title
        parents[:0] = [contents.title, listed.caption]
        if root is not None and target == posixpath.join(root, "index"):
            break
    return None if first is None else Place(parents=joined(parents), title=first.title, order=first.order)


def _listing(page: Page, target: str, root: str | None) -> tuple[str, _Contents, _Listed] | None:
    """Return the page that lists the target: its path without suffix, its contents, the target in it."""
    indexes: list[tuple[str, _Contents]] = []
    for document, data, name in _candidates(page, target, root):
        contents = _contents(data, posixpath.splitext(name)[1])
        if (found := _listed_in(contents, document, target, root)) is not None:
            return document, contents, found
        indexes.append((document, contents))
    return _listing_below(page, indexes, target, root)


def _listing_below(
    page: Page, indexes: list[tuple[str, _Contents]], target: str, root: str | None
) -> tuple[str, _Contents, _Listed] | None:
    """Return the page that lists the target among those that the indexes list, level by level, within a limit."""
    known = {target, *(document for document, _ in indexes)}
    left = _MOST_PAGES
    for document, contents in indexes:  # grows while it is read
        folder = posixpath.dirname(document)
        for name in contents.listed:
            start = (root or "") if name.startswith("/") else folder
            below = posixpath.normpath(posixpath.join(start, name.lstrip("/")))
            if below in known or below.startswith(".."):
                continue
            known.add(below)
            for suffix in (".rst", ".md"):
                if left <= 0:
                    return None
                if (data := page.neighbours.read(below + suffix)) is None:
                    continue
                left -= 1
                inner = _contents(data, suffix)
                if (found := _listed_in(inner, below, target, root)) is not None:
                    return below, inner, found
                if inner.listed:
                    indexes.append((below, inner))
                break
    return None


def _listed_in(contents: _Contents, document: str, target: str, root: str | None) -> _Listed | None:
    folder = posixpath.dirname(document)
    below = target[len(folder) + 1 :] if folder else target
    if folder and not target.startswith(f"{folder}/"):
        below = posixpath.relpath(target, folder)
    whole = target[len(root) + 1 :] if root else target
    found = contents.listed.get(below) or contents.listed.get(f"/{whole}")
    if found is not None:
        return found
    globs = ((whole if glob[0] == "/" else below, glob.lstrip("/"), listed) for glob, listed in contents.globs)
    return next((listed for path, glob, listed in globs if _matches(path, glob)), None)


def _matches(path: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(path, glob) and ("**" in glob or path.count("/") == glob.count("/"))


def _candidates(page: Page, target: str, root: str | None) -> Iterator[tuple[str, bytes, str]]:
    """Yield the pages that may list the target, nearest first: path without suffix, bytes, path."""
    start = posixpath.dirname(target)
    for folder in page.folders:
        if start and folder.path != start and not start.startswith(f"{folder.path}/" if folder.path else ""):
            continue
        if not start and folder.path:
            continue
        yield from _pages(page, folder, target)
        if folder.path == root:
            return
        for suffix in (".rst", ".md") if folder.path else ():
            path = folder.path + suffix
            if folder.path != target and (data := page.neighbours.read(path)) is not None:
                yield folder.path, data, path


def _pages(page: Page, folder: Folder, target: str) -> Iterator[tuple[str, bytes, str]]:
    for name in _INDEXES:
        document = folder.at("index")
        if name in folder.names and document != target and (data := page.neighbours.read(folder.at(name))) is not None:
            yield document, data, name
    if _CONF in folder.names and (data := page.neighbours.read(folder.at(_CONF))) is not None:
        document = folder.at(_root_document(data[:_LONGEST]))
        for suffix in (".rst", ".md") if document not in (folder.at("index"), target) else ():
            if (data := page.neighbours.read(document + suffix)) is not None:
                yield document, data, document + suffix


@functools.lru_cache(maxsize=32)
def _root_document(conf: bytes) -> str:
    match = _ROOT.search(conf.decode("utf-8", "replace"))
    return posixpath.normpath(match[1]) if match and ".." not in match[1] else "index"


def _contents(data: bytes, suffix: str) -> _Contents:
    return _contents_of(data[:_LONGEST], suffix)


@functools.lru_cache(maxsize=256)
def _contents_of(data: bytes, suffix: str) -> _Contents:
    title = title_in(data, ".rst" if suffix == ".txt" else suffix)
    listed: dict[str, _Listed] = {}
    globs: list[tuple[str, _Listed]] = []
    if b"toctree" in data:
        lines = data.decode("utf-8-sig", "replace").expandtabs(8).splitlines()
        for options, entries in _toctrees(lines):
            caption = title_of(options.get("caption"))
            for entry in entries:
                match = _TITLED.fullmatch(entry)
                name = _SUFFIX.sub("", (match[2] if match else entry).strip())
                if not name or name in _NO_PAGES or "://" in name:
                    continue
                found = _Listed(title_of(match[1]) if match else "", caption, len(listed) + len(globs) + 1)
                name = posixpath.normpath(name)
                if "glob" in options and any(mark in name for mark in "*?["):
                    globs.append((name, found))
                else:
                    listed.setdefault(name, found)
    return _Contents(title, listed, tuple(globs))


def _toctrees(lines: list[str]) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield options and entries of each toctree."""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if match := _DIRECTIVE.match(line):
            body: list[str] = []
            indent = len(match[1])
            while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
                body.append(lines[at].strip())
                at += 1
            yield _parted(body)
        elif match := _FENCE.match(line):
            body = []
            while at < len(lines) and not lines[at].strip().startswith(match[1]):
                body.append(lines[at].strip())
                at += 1
            at += 1
            yield _parted(body)


def _parted(body: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    if body and body[0] == "---":  # MyST's block of YAML
        end = body.index("---", 1) if "---" in body[1:] else len(body)
        for line in body[1:end]:
            key, _, value = line.partition(":")
            options[key.strip()] = value.strip().strip("\"'")
        body = body[end + 1 :]
    entries: list[str] = []
    for line in body:
        if not entries and (match := _OPTION.fullmatch(line)):
            options[match[1]] = match[2].strip()
        elif line:
            entries.append(line)
    return options, entries
