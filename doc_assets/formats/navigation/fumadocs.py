"""Fumadocs' meta.json: a folder's title, the order of what it holds, and separators between them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import LONGEST_OF_FOLDER, Page
from doc_assets.formats.navigation.place import Place, joined, name_as_title, title_of

FILES = ("meta.json", "meta.yaml", "meta.yml")
_CONTENT = frozenset(("content", "docs"))  # names of a folder with all pages, whose title is shown above none
_SEPARATOR = re.compile(r"---(?:\[[^\]]{0,100}\])?(.*?)---", re.DOTALL)
_REST = re.compile(r"(?:z\.\.\.a|\.\.\.)")


@dataclass(frozen=True, slots=True)
class _Meta:
    """A folder's title; separator and position of each child and of the rest ("..."); folders shown untitled."""

    title: str
    children: Mapping[str, tuple[str, int]]
    extracted: frozenset[str]


def place(page: Page) -> Place | None:
    """Return the page's place by the meta.json of its folder and those above."""
    metas = {
        folder.path: meta
        for folder, data, name in page.holding(*FILES, longest=LONGEST_OF_FOLDER)
        if (meta := _meta(data, name)) is not None
    }
    if not metas:
        return None
    outermost = max(i for i, folder in enumerate(page.folders) if folder.path in metas)
    parents: list[str] = []
    child, order, title = page.stem, 0, ""
    for level, folder in enumerate(page.folders[: outermost + 1]):
        meta = metas.get(folder.path) or _Meta("", {}, frozenset())
        separator, position = meta.children.get(child) or meta.children.get("...") or ("", 0)
        if child in meta.extracted and parents:
            parents.pop(0)  # the folder's own title
        parents.insert(0, separator)
        own = (
            ""
            if level == outermost and folder.name in _CONTENT
            else meta.title or (name_as_title(folder.name) if level < outermost else "")
        )
        if level == 0:
            order = position
        if level == 0 and page.is_index and child not in meta.children:
            title = own  # the folder opens it
        else:
            parents.insert(0, own)
        child = folder.name
    return Place(parents=joined(parents), title=title, order=order)


@functools.lru_cache(maxsize=256)
def _meta(data: bytes, name: str) -> _Meta | None:
    parsed = read_data(data, name)
    if not isinstance(parsed, Mapping):
        return None
    pages = parsed.get("pages")
    title = title_of(parsed.get("title"))
    if not title and not isinstance(pages, list):
        return None
    children: dict[str, tuple[str, int]] = {}
    extracted: set[str] = set()
    separator = ""
    for item in pages if isinstance(pages, list) else ():
        if not isinstance(item, str) or item.startswith(("!", "[", "external:")):
            continue
        if mark := _SEPARATOR.fullmatch(item):
            separator = title_of(mark[1])
            continue
        name = "..." if _REST.fullmatch(item) else item.removeprefix("...").removeprefix("./").rstrip("/")
        if item.startswith("...") and name != "...":
            extracted.add(name)
        children.setdefault(name, (separator, len(children) + 1))
    return _Meta(title, children, frozenset(extracted))
