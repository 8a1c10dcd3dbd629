"""Tables of contents of Jupyter Book (_toc.yml, all its layouts) and of MyST (``project.toc`` of myst.yml)."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.page_titles import OF_PAGE, place_in
from doc_assets.formats.navigation.place import Place, title_of
from doc_assets.formats.navigation.tables import Entry, Table

FILES = ("_toc.yml", "myst.yml")
_TITLES = ("title", "caption", "part", "header")
_CHILDREN = ("parts", "subtrees", "chapters", "sections", "entries", "items", "children")


def place(page: Page) -> Place | None:
    """Return the page's place in the nearest table of contents that lists it."""
    return place_in(page, FILES, _entries)


@functools.lru_cache(maxsize=8)
def _entries(data: bytes) -> Mapping[str, Entry]:
    parsed = read_data(data, "_toc.yml")
    table = Table()
    if isinstance(parsed, Mapping):
        project = parsed.get("project")
        table.add(parsed.get("root"), "", ())
        for key in _CHILDREN:
            _add(table, parsed.get(key), ())
        _add(table, project.get("toc") if isinstance(project, Mapping) else None, ())
    else:
        _add(table, parsed, ())
    return table.entries


def _add(table: Table, items: object, parents: tuple[str, ...]) -> None:
    if not isinstance(items, list) or not table.enters(parents):
        return
    for item in items:
        if not isinstance(item, Mapping):
            continue
        title = next((title for key in _TITLES if (title := title_of(item.get(key)))), "")
        file = item.get("file")
        table.add(file, title, parents)
        own = title or (OF_PAGE + file if isinstance(file, str) else "")
        for key in _CHILDREN:
            _add(table, item.get(key), (*parents, own) if own else parents)
