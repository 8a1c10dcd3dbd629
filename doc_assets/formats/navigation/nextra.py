"""Nextra's ``_meta`` files: titles of a folder's pages and folders, and separators with a title between them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import LONGEST_OF_FOLDER, Page
from doc_assets.formats.navigation.place import Place, joined, name_as_title, title_of

FILES = (
    *("_meta.json", "_meta.js", "_meta.jsx", "_meta.ts", "_meta.tsx", "_meta.mjs"),
    *("_meta.en.json", "_meta.en-US.json"),  # before version 3, one for each language
)


def place(page: Page) -> Place | None:
    """Return the page's place by the ``_meta`` files of its folder and those above."""
    outermost = next((i for i in reversed(range(len(page.folders))) if not page.folders[i].names.isdisjoint(FILES)), -1)
    metas = {folder.path: _meta(data, name) for folder, data, name in page.holding(*FILES, longest=LONGEST_OF_FOLDER)}
    if not any(metas.values()):
        return None
    folders = list(page.folders[: outermost + 1])
    child = page.stem
    if child == "page" and len(folders) > 1:  # page.mdx: the folder is the page
        child = folders.pop(0).name
    parents: list[str] = []
    page_title, order = "", 0
    for level, folder in enumerate(folders):
        title, separator, position = metas.get(folder.path, {}).get(child, ("", "", 0))
        if level == 0:
            page_title, order = title, position
        else:
            parents.insert(0, title or name_as_title(child))
        parents.insert(0, separator)
        child = folder.name
    return Place(parents=joined(parents), title=page_title, order=order)


@functools.lru_cache(maxsize=256)
def _meta(data: bytes, name: str) -> Mapping[str, tuple[str, str, int]]:
    """Return title, separator above and position of each child."""
    parsed = read_data(data, name)
    found: dict[str, tuple[str, str, int]] = {}
    separator = ""
    for key, value in parsed.items() if isinstance(parsed, Mapping) else ():
        stated = value.get("title") if isinstance(value, Mapping) else value
        if isinstance(value, Mapping) and value.get("type") == "separator":
            separator = title_of(stated)
        elif isinstance(value, (str, Mapping)) and key != "*":
            found[str(key)] = (title_of(stated), separator, len(found) + 1)
    return found
