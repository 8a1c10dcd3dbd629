"""Antora's navigation: the lists of links in the files that antora.yml names, below the title of the component."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import LONGEST_OF_FOLDER, Page
from doc_assets.formats.navigation.page_titles import OF_PAGE, plain, title_at
from doc_assets.formats.navigation.place import Place, joined, title_of
from doc_assets.formats.navigation.tables import Entry, Table

FILES = ("antora.yml",)
_MOST_FILES = 50  # navigation files of one component
_ITEM = re.compile(r"[ \t]*(\*{1,8}|\.{1,8})[ \t]+(\S.*)$")
_LIST_TITLE = re.compile(r"\.([^ \t.].*)$")
_REFERENCE = re.compile(r"xref:{1,2}([^\s\[\]]{1,300})\[([^\]]{0,300})\]|<<([^<>,]{1,300})(?:,([^<>]{0,300}))?>>")
_LINK = re.compile(r"(?:link:)?[^\s\[\]]{0,300}\[([^\]]{0,300})\]")
_ATTRIBUTE = re.compile(r"\{([\w-]{1,60})\}")
_TARGET = re.compile(r"(?:(?P<component>[\w.-]+):(?=[\w-]*:))?(?:(?P<module>[\w.-]*):)?(?:page\$)?/?(?P<path>[^$:@#]+)")


def place(page: Page) -> Place | None:
    """Return the page's place in the navigation of its component, below the component's title."""
    for folder, data, _ in page.holding(*FILES):
        below = page.below(folder)
        if not below.startswith("modules/"):
            continue
        files, title, name, attributes = _component(data)
        order = 0
        for file in files:
            path = posixpath.normpath(posixpath.join(folder.path, file))
            text = None if path.startswith("..") else page.neighbours.read(path)
            if text is None or len(text) > LONGEST_OF_FOLDER:
                continue
            match = re.match(r"modules/([^/]+)/", file)
            table = _entries(text, match[1] if match else "ROOT", name)
            entry = table.get(below)
            if entry is not None:
                titles = _shown((title, *entry.parents, OF_PAGE + below), page, folder.path, attributes)
                stated = _values(entry.title, attributes)
                return Place(parents=joined(titles[:-1]), title=stated or titles[-1], order=order + entry.order)
            order += len(table)
        return Place(parents=joined((title,)), listed=False)
    return None


def _shown(titles: tuple[str, ...], page: Page, root: str, attributes: Mapping[str, str]) -> list[str]:
    return [
        title_at(page, posixpath.normpath(posixpath.join(root, title[1:])))
        if title.startswith(OF_PAGE)
        else _values(title, attributes)
        for title in titles
    ]


def _values(title: str, attributes: Mapping[str, str]) -> str:
    return title_of(_ATTRIBUTE.sub(lambda match: attributes.get(match[1].lower(), match[0]), title))


@functools.lru_cache(maxsize=32)
def _component(data: bytes) -> tuple[tuple[str, ...], str, str, Mapping[str, str]]:
    facts = read_data(data, FILES[0])
    if not isinstance(facts, Mapping):
        return (), "", "", {}
    listed = facts.get("nav")
    files = [file for file in listed if isinstance(file, str)] if isinstance(listed, list) else []
    asciidoc = facts.get("asciidoc")
    stated = asciidoc.get("attributes") if isinstance(asciidoc, Mapping) else None
    attributes = {
        str(key).lower(): str(value).removesuffix("@")
        for key, value in (stated.items() if isinstance(stated, Mapping) else ())
        if isinstance(value, (str, int, float))
    }
    name = str(facts.get("name") or "")
    return tuple(files[:_MOST_FILES]), title_of(facts.get("title")) or title_of(name), name, attributes


@functools.lru_cache(maxsize=32)
def _entries(data: bytes, module: str, component: str) -> Mapping[str, Entry]:
    """Return the pages of a navigation file by their path below the component, each with the titles above it."""
    table = Table()
    found: dict[str, Entry] = {}
    for path, title, parents in _items(data.decode("utf-8-sig", "replace"), module, component):
        if not table.enters(parents):
            break
        if path and path not in found:
            found[path] = Entry(title, parents, len(found) + 1)
    return found


def _items(text: str, module: str, component: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield path, title and parents of each item; the path is "" for one that leads to no page of the component."""
    above = ""
    open_items: list[tuple[int, str]] = []
    for line in text.split("\n"):
        if (named := _LIST_TITLE.match(line)) is not None:
            path, title = _read(named[1].strip(), module, component)
            above, open_items = title or (OF_PAGE + path if path else ""), []
            if path:
                yield path, title, ()
        elif (item := _ITEM.match(line)) is not None:
            level = len(item[1])
            while open_items and open_items[-1][0] >= level:
                open_items.pop()
            path, title = _read(item[2], module, component)
            yield path, title, joined((above, *(title for _, title in open_items)))
            open_items.append((level, title or (OF_PAGE + path if path else "")))


def _read(text: str, module: str, component: str) -> tuple[str, str]:
    """Return the path below the component, and the title, of an item's text; "" for what it does not state."""
    match = _REFERENCE.search(text)
    if match is None:
        linked = _LINK.fullmatch(text.strip())
        return "", plain(linked[1] if linked else text)
    title = plain(match[2] or match[4] or "")
    target = _TARGET.match((match[1] or match[3]).lstrip(":"))
    if target is None or target["component"] not in (None, "", component):
        return "", title
    folder = target["module"] or ("ROOT" if target["component"] else module)
    path = posixpath.normpath(posixpath.join("modules", folder, "pages", target["path"]))
    return (path if path.startswith("modules/") else ""), title
